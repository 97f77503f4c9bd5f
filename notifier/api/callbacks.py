"""Check the provider's callbacks and answer them; each brings the receipt of a message.

`receipts.py` answers what the provider sends, before Django. The view here has every other request
for the same URL, most of which it refuses. Both call the same functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_POST

from notifier.api.authentication import MAX_BODY_BYTES, announced_bytes
from notifier.delivery.providers.base import Receipt
from notifier.delivery.providers.ovh import webhook as ovh
from notifier.delivery.providers.registry import is_ours
from notifier.delivery.providers.twilio.webhook import is_genuine, parse_receipt
from notifier.delivery.receipts.apply import ReceiptResult, apply_receipt
from notifier.delivery.receipts.by_number import may_come_yet, message_with

log = structlog.get_logger(__name__)

MAX_ID = 2**63 - 1


@dataclass(frozen=True)
class CallbackAnswer:
    """The answer to a callback: an HTTP status, and in plain text why a receipt is not taken."""

    status: int
    reason: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """The headers of this answer alone."""
        headers = {"Content-Type": "text/plain"} if self.reason else {}
        return headers | ({"Retry-After": "5"} if self.status == 503 else {})


@require_POST
def twilio_receipt(request: HttpRequest, message_id: int) -> HttpResponse:
    """Answer a callback that Django handles."""
    announced = announced_bytes(request.headers)
    # Of a stranger's files, Django would write any length to the disk.
    if announced is None or announced > MAX_BODY_BYTES:
        log.warning("receipt refused: too large to be one", message=message_id)
        return to_response(CallbackAnswer(413, "too large"))
    signature = request.headers.get("X-Twilio-Signature", "")
    checked = check_callback(message_id, request.POST, signature)
    if isinstance(checked, CallbackAnswer):
        return to_response(checked)
    try:
        result = apply_receipt(message_id, checked)
    except (OperationalError, InterfaceError) as error:
        return to_response(answer_unreachable(message_id, error))
    return to_response(answer_result(message_id, checked, result))


@require_GET
def ovh_receipt(request: HttpRequest, secret: str) -> HttpResponse:
    """Answer a receipt of OVHcloud's, which names a text by its number there alone.

    404 without our secret; 400 for what says nothing of a text; 503 while the answer that brings
    the number may still be on its way.
    """
    if not ovh.is_genuine(secret):
        log.warning("receipt refused: not at our account's address")
        return to_response(CallbackAnswer(404, "unknown address"))
    receipt = ovh.parse_receipt(request.GET)
    if receipt is None:
        log.warning("receipt ignored: of no text, or of an unknown state")
        return to_response(CallbackAnswer(400, "unknown receipt"))
    try:
        message_id = message_with(ovh.NAME, receipt.provider_id)
        if message_id is None and may_come_yet(ovh.NAME):
            return to_response(CallbackAnswer(503, "not known yet, bring it again"))
        result = (
            ReceiptResult.UNKNOWN_MESSAGE
            if message_id is None
            else apply_receipt(message_id, receipt)
        )
    except (OperationalError, InterfaceError) as error:
        return to_response(answer_unreachable(0, error))
    return to_response(answer_result(message_id or 0, receipt, result))


def check_callback(
    message_id: int, form: Mapping[str, str], signature: str
) -> Receipt | CallbackAnswer:
    """Return the receipt in a callback's form, or the answer that refuses it.

    403 when our account did not sign it, 400 for an unknown status, 404 for an id that no database
    holds.
    """
    if not is_genuine(form, signature, message_id):
        log.warning("receipt refused: not signed by our account", message=message_id)
        return CallbackAnswer(403, "signature refused")
    receipt = parse_receipt(form)
    if receipt is None:
        log.warning("receipt ignored: unknown status", message=message_id)
        return CallbackAnswer(400, "unknown MessageStatus")
    if message_id > MAX_ID:
        return answer_result(message_id, receipt, ReceiptResult.UNKNOWN_MESSAGE)
    return receipt


def answer_result(message_id: int, receipt: Receipt, result: ReceiptResult) -> CallbackAnswer:
    """Answer what came of a receipt.

    204 when it was read, 404 for an unknown message, 409 when it is of another text than the
    message's own.
    """
    if result is ReceiptResult.APPLIED and is_ours(receipt):
        log.error("our account or sender is refused, an operator must mend it", code=receipt.code)
    if result is ReceiptResult.UNKNOWN_MESSAGE:
        log.error(
            "receipt for an unknown message", message=message_id, provider_id=receipt.provider_id
        )
        return CallbackAnswer(404, "unknown message")
    if result is ReceiptResult.MISMATCH:
        log.error("receipt of another text", message=message_id, provider_id=receipt.provider_id)
        return CallbackAnswer(409, "another text")
    return CallbackAnswer(204)


def answer_unreachable(message_id: int, error: Exception) -> CallbackAnswer:
    """Answer 503 while the database cannot be reached."""
    log.warning("receipt not applied: database unreachable", message=message_id, error=repr(error))
    return CallbackAnswer(503, "database unreachable, post it again")


def to_response(answer: CallbackAnswer) -> HttpResponse:
    """Return it as a response of Django's."""
    return HttpResponse(answer.reason, status=answer.status, headers=answer.headers)
