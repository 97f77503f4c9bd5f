"""Twilio's Call resource: what a create request must contain, and its representations."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from email.utils import format_datetime

from .record import Call
from .twilio_errors import TwilioError
from .twilio_messages import API_VERSION

_E164 = re.compile(r"\+[1-9]\d{6,14}")
# Twilio's limit for TwiML given with the request.
_TWIML_LIMIT = 4000


def read_call(form: Mapping[str, str], events: Sequence[str]) -> Call:
    """Read the call of a create request. Raises TwilioError as Twilio would refuse it."""
    to, sender, twiml = form.get("To", ""), form.get("From", ""), form.get("Twiml", "")
    if not to:
        raise TwilioError(21201)
    if not _E164.fullmatch(to):
        raise TwilioError(21211, to)
    if not sender:
        raise TwilioError(21213)
    if not _E164.fullmatch(sender):
        raise TwilioError(21212, sender)
    if not 0 < len(twiml) <= _TWIML_LIMIT:
        raise TwilioError(21205)
    wanted = frozenset(events or ("completed",))
    return Call(to, sender, twiml, form.get("StatusCallback"), wanted)


def show_call(call: Call, account_sid: str) -> dict[str, object]:
    """Return the Call resource, field by field as Twilio does; it holds no TwiML."""
    return {
        "account_sid": account_sid,
        "answered_by": call.answered_by,
        "api_version": API_VERSION,
        "caller_name": None,
        "date_created": format_datetime(call.created),
        "date_updated": format_datetime(call.updated or call.created),
        "direction": "outbound-api",
        "duration": "0" if call.is_over else None,
        "end_time": format_datetime(call.updated) if call.is_over and call.updated else None,
        "forwarded_from": None,
        "from": call.sender,
        "from_formatted": call.sender,
        "group_sid": None,
        "parent_call_sid": None,
        "phone_number_sid": None,
        "price": None,
        "price_unit": "USD",
        "queue_time": "0",
        "sid": call.sid,
        "start_time": None,
        "status": call.status,
        "subresource_uris": {},
        "to": call.to,
        "to_formatted": call.to,
        "trunk_sid": None,
        "uri": f"/{API_VERSION}/Accounts/{account_sid}/Calls/{call.sid}.json",
    }


def show_calls(
    calls: Sequence[Call], query: Mapping[str, str], shown: Callable[[Call], dict[str, object]]
) -> dict[str, object]:
    """Return the first page of a list, newest first, filtered by To and From."""
    size = min(max(int(query.get("PageSize", "50")), 1), 1000)
    to, sender = query.get("To"), query.get("From")
    found = [
        call for call in reversed(calls) if to in (None, call.to) and sender in (None, call.sender)
    ]
    return {
        "calls": [shown(call) for call in found[:size]],
        "page": 0,
        "page_size": size,
        "start": 0,
        "end": max(min(len(found), size) - 1, 0),
        "first_page_uri": None,
        "previous_page_uri": None,
        "next_page_uri": None,
        "uri": None,
    }
