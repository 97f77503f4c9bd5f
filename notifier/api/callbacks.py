"""The provider's receipts: their signature is checked against the public address, then applied."""

from collections.abc import Mapping

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from notifier.delivery.providers.base import Receipt
from notifier.delivery.providers.twilio.errors import is_ours
from notifier.delivery.providers.twilio.webhook import is_genuine, parse_receipt
from notifier.delivery.receipts.apply import ReceiptResult, apply_receipt

log = structlog.get_logger(__name__)

# Twilio's receipts take well under one kibibyte.
MAX_BODY_BYTES = 64 * 1024
MAX_ID = 2**63 - 1


@csrf_exempt  # Twilio has no cookie of ours; its signature is the proof
@require_POST
def twilio_receipt(request: HttpRequest, message_id: int) -> HttpResponse:
    """204 for a receipt that was read, 403 for a forged one, 404 for an unknown message, 409 for
    one that is of another text than the message's own, 503 while the database cannot be reached."""
    if _is_large(request):
        log.warning("receipt refused: too large to be one", message=message_id)
        return _refusal(413, "too large")
    signature = request.headers.get("X-Twilio-Signature", "")
    if not is_genuine(request.POST, signature, message_id):
        log.warning("receipt refused: not signed by our account", message=message_id)
        return _refusal(403, "signature refused")
    receipt = parse_receipt(request.POST)
    if receipt is None:
        log.warning("receipt ignored: unknown status", message=message_id)
        return _refusal(400, "unknown MessageStatus")
    try:
        result = _apply(message_id, receipt)
    except (OperationalError, InterfaceError) as error:
        log.warning(
            "receipt not applied: database unreachable", message=message_id, error=repr(error)
        )
        return _refusal(503, "database unreachable, post it again", {"Retry-After": "5"})
    if result is ReceiptResult.APPLIED and is_ours(receipt.code):
        log.error("our account or sender is refused, an operator must mend it", code=receipt.code)
    if result is ReceiptResult.UNKNOWN_MESSAGE:
        log.error(
            "receipt for an unknown message", message=message_id, provider_id=receipt.provider_id
        )
        return _refusal(404, "unknown message")
    if result is ReceiptResult.MISMATCH:
        log.error("receipt of another text", message=message_id, provider_id=receipt.provider_id)
        return _refusal(409, "another text")
    return HttpResponse(status=204)


def _apply(message_id: int, receipt: Receipt) -> ReceiptResult:
    if message_id > MAX_ID:
        return ReceiptResult.UNKNOWN_MESSAGE
    return apply_receipt(message_id, receipt)


def _is_large(request: HttpRequest) -> bool:
    """By the length announced: of a stranger's files, Django would write any length to the disk."""
    announced = request.headers.get("Content-Length") or "0"
    return not announced.isdecimal() or int(announced) > MAX_BODY_BYTES


def _refusal(status: int, reason: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
    return HttpResponse(reason, status=status, content_type="text/plain", headers=headers)
