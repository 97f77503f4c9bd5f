"""What Twilio posts to us: whether it is genuine, and what a receipt of a text or a call says."""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from twilio.request_validator import RequestValidator

from notifier.delivery.models import MessageState
from notifier.delivery.providers.base import Receipt
from notifier.delivery.providers.twilio import call_outcomes
from notifier.delivery.providers.twilio.errors import explain
from notifier.delivery.providers.twilio.provider import MESSAGE_SID, TwilioProvider, callback_url
from notifier.delivery.providers.twilio.statuses import state_of

ERROR_CODE = re.compile(r"[0-9]{1,10}")
ADDRESS = re.compile(r"\+[0-9]{6,15}")


def is_genuine(form: Mapping[str, str], signature: str, message_id: int) -> bool:
    """Check that our own account signed this form as a receipt of this message."""
    return is_signed(form, signature, callback_url(message_id))


def is_signed(form: Mapping[str, str], signature: str, url: str) -> bool:
    """Check that our own account signed this form for this address of ours.

    `signature` is the header X-Twilio-Signature; it covers the public address of the callback and
    every field of the form.
    """
    env = settings.ENVIRONMENT
    if form.get("AccountSid") != env.TWILIO_ACCOUNT_SID:
        return False
    validator = RequestValidator(env.TWILIO_AUTH_TOKEN.get_secret_value())
    expected = validator.compute_signature(url, form)
    if hmac.compare_digest(expected.encode(), signature.encode(errors="replace")):
        return True
    # Twilio may sign the address with a port that it has not, or without the one that it has; both
    # are tried, which takes three times as long.
    return bool(validator.validate(url, form, signature))


def parse_receipt(form: Mapping[str, str]) -> Receipt | None:
    """Read the receipt in a form; None if its status is none of a sent message or of a call.

    A field that has not the form that Twilio documents counts as empty: the receipt still stands.
    """
    if "CallStatus" in form:
        return _parse_call_receipt(form)
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


def parse_key(form: Mapping[str, str]) -> tuple[str, Receipt]:
    """Read which key was pressed in a call, and the receipt that this is."""
    call = _if_matching(MESSAGE_SID, form.get("CallSid", ""))
    to = _if_matching(ADDRESS, form.get("To", ""))
    return form.get("Digits", ""), Receipt(call, MessageState.DELIVERED, address=to)


@dataclass(frozen=True)
class InboundSms:
    """A text that somebody wrote to our number `to`; `opt_out`: what Twilio itself made of it.

    "STOP" and "START" where it keeps a list of refusals and has answered already.
    """

    provider_id: str
    sender: str
    to: str
    words: str
    opt_out: str = ""


def parse_inbound(form: Mapping[str, str]) -> InboundSms | None:
    """Read a text that came in; None where no number can be answered, or it has none of its own."""
    provider_id = _if_matching(MESSAGE_SID, form.get("MessageSid", ""))
    sender = _if_matching(ADDRESS, form.get("From", ""))
    if not provider_id or not sender:
        return None
    words, opt_out = form.get("Body", ""), form.get("OptOutType", "")
    return InboundSms(provider_id, sender, form.get("To", ""), words, opt_out)


def _parse_call_receipt(form: Mapping[str, str]) -> Receipt | None:
    status = form["CallStatus"]
    state = call_outcomes.state_of(status)
    if state is None:
        return None
    code = call_outcomes.code_of(
        status, form.get("AnsweredBy", ""), form.get("SipResponseCode", "")
    )
    return Receipt(
        _if_matching(MESSAGE_SID, form.get("CallSid", "")),
        state,
        code,
        address=_if_matching(ADDRESS, form.get("To", "")),
        explanation=call_outcomes.explain(code) if code else "",
    )


def _if_matching(pattern: re.Pattern[str], value: str) -> str:
    return value if pattern.fullmatch(value) else ""
