"""The provider's receipts: their signature is checked against the public address, then applied."""

import re
from collections.abc import Mapping

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from twilio.request_validator import RequestValidator

from notifier.delivery.models import MessageState
from notifier.delivery.providers.base import Fate
from notifier.delivery.providers.twilio.errors import explain, is_ours
from notifier.delivery.providers.twilio.statuses import state_of
from notifier.delivery.providers.twilio.transport import callback_url
from notifier.delivery.receipts.apply import Reading, apply_receipt

log = structlog.get_logger(__name__)

# Twilio's receipts take well under one kibibyte.
MAX_BODY_BYTES = 64 * 1024
MAX_ID = 2**63 - 1
ERROR_CODE = re.compile(r"[0-9]{1,10}")
ADDRESS = re.compile(r"\+[0-9]{6,15}")
MESSAGE_SID = re.compile(r"[A-Z]{2}[0-9a-f]{32}")


@csrf_exempt  # Twilio has no cookie of ours; its signature is the proof
@require_POST
def twilio_receipt(request: HttpRequest, message_id: int) -> HttpResponse:
    """204 for a receipt that was read, 403 for a forged one, 404 for an unknown message, 409 for
    one that is of another text than the message's own, 503 while the database cannot be reached."""
    if _is_large(request):
        log.warning("receipt refused: too large to be one", message=message_id)
        return _refusal(413, "too large")
    if not _is_genuine(request, message_id):
        log.warning("receipt refused: not signed by our account", message=message_id)
        return _refusal(403, "signature refused")
    state = state_of(request.POST.get("MessageStatus", ""))
    if state is None:
        log.warning("receipt ignored: unknown status", message=message_id)
        return _refusal(400, "unknown MessageStatus")
    code = _plain(request.POST.get("ErrorCode", ""), ERROR_CODE)
    explanation = explain(code) if state is MessageState.UNDELIVERED else ""
    provider_id = _plain(request.POST.get("MessageSid", ""), MESSAGE_SID)
    fate = Fate(provider_id, state, code, _plain(request.POST.get("To", ""), ADDRESS))
    try:
        reading = _apply(message_id, fate, explanation)
    except (OperationalError, InterfaceError) as error:
        log.warning(
            "receipt not applied: database unreachable", message=message_id, error=repr(error)
        )
        return _refusal(503, "database unreachable, post it again", {"Retry-After": "5"})
    if reading is Reading.APPLIED and is_ours(code):
        log.error("our account or sender is refused, an operator must mend it", code=code)
    if reading is Reading.NO_SUCH_MESSAGE:
        log.error(
            "receipt for an unknown message", message=message_id, provider_id=fate.provider_id
        )
        return _refusal(404, "unknown message")
    if reading is Reading.OF_ANOTHER_TEXT:
        log.error("receipt of another text", message=message_id, provider_id=fate.provider_id)
        return _refusal(409, "another text")
    return HttpResponse(status=204)


def _apply(message_id: int, fate: Fate, explanation: str) -> Reading:
    if message_id > MAX_ID:
        return Reading.NO_SUCH_MESSAGE
    return apply_receipt(message_id, fate, explanation)


def _is_large(request: HttpRequest) -> bool:
    """By the length announced: of a stranger's files, Django would write any length to the disk."""
    announced = request.headers.get("Content-Length") or "0"
    return not announced.isdecimal() or int(announced) > MAX_BODY_BYTES


def _is_genuine(request: HttpRequest, message_id: int) -> bool:
    env = settings.ENVIRONMENT
    signature = request.headers.get("X-Twilio-Signature", "")
    is_signed = RequestValidator(env.TWILIO_AUTH_TOKEN).validate(
        callback_url(message_id), request.POST, signature
    )
    return bool(is_signed) and request.POST.get("AccountSid") == env.TWILIO_ACCOUNT_SID


def _plain(value: str, form: re.Pattern[str]) -> str:
    """The value, or nothing if it is not what Twilio documents: the receipt itself still counts."""
    return value if form.fullmatch(value) else ""


def _refusal(status: int, reason: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
    return HttpResponse(reason, status=status, content_type="text/plain", headers=headers)
