"""Twilio's Message resource: what a create request must contain, and its representations."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import format_datetime
from urllib.parse import urlencode

from .record import Sms
from .twilio_errors import TwilioError

API_VERSION = "2010-04-01"
_E164 = re.compile(r"\+[1-9]\d{6,14}")
# A number, a short code, or up to 11 letters and digits with at least one letter.
_SENDER = re.compile(r"\+[1-9]\d{6,14}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")
_BODY_LIMIT = 1600
_FILTERS = ("To", "From", "DateSent", "DateSent<", "DateSent>")


def read_message(form: Mapping[str, str]) -> Sms:
    """Read the text of a create request. Raises TwilioError as Twilio would refuse it."""
    to, body = form.get("To", ""), form.get("Body", "")
    sender, service = form.get("From"), form.get("MessagingServiceSid")
    if not to:
        raise TwilioError(21604)
    if not _E164.fullmatch(to):
        raise TwilioError(21211, to)
    if not sender and not service:
        raise TwilioError(21603)
    if sender and not _SENDER.fullmatch(sender):
        raise TwilioError(21212, sender)
    if not body:
        raise TwilioError(21602)
    if len(body) > _BODY_LIMIT:
        raise TwilioError(21617)
    return Sms(
        to=to,
        body=body,
        sender=sender,
        messaging_service_sid=service,
        status_callback=form.get("StatusCallback"),
        status="queued" if sender else "accepted",
    )


def show(sms: Sms, account_sid: str) -> dict[str, object]:
    """Return the Message resource of a text, field by field as Twilio does."""
    uri = f"/{API_VERSION}/Accounts/{account_sid}/Messages/{sms.sid}"
    return {
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "body": sms.body,
        "date_created": _rfc2822(sms.created),
        "date_sent": sms.sent and _rfc2822(sms.sent),
        "date_updated": _rfc2822(sms.updated or sms.created),
        "direction": "outbound-api",
        "error_code": sms.error_code,
        "error_message": None,
        "from": sms.sender,
        "messaging_service_sid": sms.messaging_service_sid,
        "num_media": "0",
        # Twilio cannot count before a sender of the messaging service is chosen.
        "num_segments": str(sms.segments) if sms.sender else "0",
        "price": None,
        "price_unit": "USD",
        "sid": sms.sid,
        "status": sms.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": sms.to,
        "uri": f"{uri}.json",
    }


@dataclass(frozen=True, slots=True)
class Query:
    """One page of a list request: its filters as given, the page and its size."""

    given: dict[str, str]
    page: int
    page_size: int
    after_sid: str

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Query:
        """Read a list request. Raises TwilioError 20001 for an invalid page size or date."""
        given = {name: query[name] for name in _FILTERS if query.get(name)}
        try:
            for name in given.keys() - {"To", "From"}:
                _instant(given[name])
            return cls(
                given=given,
                page=int(query.get("Page", "0")),
                page_size=min(max(int(query.get("PageSize", "50")), 1), 1000),
                after_sid=query.get("PageToken", "").removeprefix("PA"),
            )
        except ValueError as error:
            raise TwilioError(20001) from error

    def select(self, texts: Sequence[Sms]) -> tuple[list[Sms], bool]:
        """Return the texts of this page, newest first, and whether older ones follow."""
        tests = [_TESTS[name](value) for name, value in self.given.items()]
        found = [sms for sms in reversed(texts) if all(test(sms) for test in tests)]
        if self.after_sid:
            sids = [sms.sid for sms in found]
            found = found[sids.index(self.after_sid) + 1 :] if self.after_sid in sids else []
        return found[: self.page_size], len(found) > self.page_size

    def address(self, base: str, page: int, after: Sms | None = None) -> str:
        """Return the relative address of another page of the same list."""
        query = self.given | {"PageSize": str(self.page_size), "Page": str(page)}
        if after is not None:
            query["PageToken"] = "PA" + after.sid
        return f"{base}?{urlencode(query)}"


def show_page(
    query: Query,
    texts: Sequence[Sms],
    account_sid: str,
    shown: Callable[[Sms], dict[str, object]],
) -> dict[str, object]:
    """Return one page of a list, as Twilio does, each text as `shown` shows it."""
    base = f"/{API_VERSION}/Accounts/{account_sid}/Messages.json"
    found, more = query.select(texts)
    start = query.page * query.page_size
    return {
        "messages": [shown(sms) for sms in found],
        "page": query.page,
        "page_size": query.page_size,
        "start": start,
        "end": start + max(len(found) - 1, 0),
        "uri": query.address(base, query.page),
        "first_page_uri": query.address(base, 0),
        "previous_page_uri": None,
        "next_page_uri": query.address(base, query.page + 1, found[-1]) if more else None,
    }


def _rfc2822(moment: datetime) -> str:
    return format_datetime(moment)


def _instant(text: str) -> datetime | date:
    """Parse YYYY-MM-DD as a day (GMT), and anything longer as an instant."""
    if len(text) == len("YYYY-MM-DD"):
        return date.fromisoformat(text)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _on_day(text: str) -> Callable[[Sms], bool]:
    day = date.fromisoformat(text[: len("YYYY-MM-DD")])
    return lambda sms: sms.sent is not None and sms.sent.date() == day


def _not_after(text: str) -> Callable[[Sms], bool]:
    limit = _instant(text)
    return lambda sms: sms.sent is not None and _like(sms.sent, limit) <= limit


def _not_before(text: str) -> Callable[[Sms], bool]:
    limit = _instant(text)
    return lambda sms: sms.sent is not None and _like(sms.sent, limit) >= limit


def _like(moment: datetime, limit: datetime | date) -> datetime | date:
    # date_sent is known to the second only, in what Twilio shows as in what it compares.
    return moment.replace(microsecond=0) if isinstance(limit, datetime) else moment.date()


# A text that is not sent yet has no date_sent, so no DateSent filter finds it.
_TESTS: dict[str, Callable[[str], Callable[[Sms], bool]]] = {
    "To": lambda text: lambda sms: sms.to == text,
    "From": lambda text: lambda sms: sms.sender == text,
    "DateSent": _on_day,
    "DateSent<": _not_after,
    "DateSent>": _not_before,
}
