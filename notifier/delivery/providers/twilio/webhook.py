"""The receipts that Twilio posts to us: whether one is genuine, and what it says."""

import re
from collections.abc import Mapping

from django.conf import settings
from twilio.request_validator import RequestValidator

from notifier.delivery.models import MessageState
from notifier.delivery.providers.base import Receipt
from notifier.delivery.providers.twilio.errors import explain
from notifier.delivery.providers.twilio.provider import MESSAGE_SID, TwilioProvider, callback_url
from notifier.delivery.providers.twilio.statuses import state_of

ERROR_CODE = re.compile(r"[0-9]{1,10}")
ADDRESS = re.compile(r"\+[0-9]{6,15}")


def is_genuine(form: Mapping[str, str], signature: str, message_id: int) -> bool:
    """Check that our own account signed this form for this message.

    `signature` is the header X-Twilio-Signature; it covers the public address of the callback and
    every field of the form.
    """
    env = settings.ENVIRONMENT
    is_signed = RequestValidator(env.TWILIO_AUTH_TOKEN.get_secret_value()).validate(
        callback_url(message_id), form, signature
    )
    return bool(is_signed) and form.get("AccountSid") == env.TWILIO_ACCOUNT_SID


def parse_receipt(form: Mapping[str, str]) -> Receipt | None:
    """Read the receipt in a form; None if its MessageStatus is none of a sent message.

    A field that has not the form that Twilio documents counts as empty: the receipt still stands.
    """
    state = state_of(form.get("MessageStatus", ""))
    if state is None:
        return None
    code = _if_matching(ERROR_CODE, form.get("ErrorCode", ""))
    return Receipt(
        _if_matching(MESSAGE_SID, form.get("MessageSid", "")),
        state,
        code,
        address=_if_matching(ADDRESS, form.get("To", "")),
        explanation=explain(code) if state is MessageState.UNDELIVERED else "",
        provider=TwilioProvider.name,
    )


def _if_matching(pattern: re.Pattern[str], value: str) -> str:
    return value if pattern.fullmatch(value) else ""
