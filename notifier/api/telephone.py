"""Take what people answer on their telephones: a key that is pressed in a call, a text.

Twilio posts both, and does what the answer says in its markup. Each is signed by our account for
its very address.
"""

from __future__ import annotations

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from notifier.alerting.answers import by_telephone
from notifier.api.authentication import MAX_BODY_BYTES, announced_bytes
from notifier.api.callbacks import MAX_ID, CallbackAnswer, answer_result, to_response
from notifier.delivery.models import Message
from notifier.delivery.providers.twilio import twiml
from notifier.delivery.providers.twilio.webhook import is_signed, parse_inbound, parse_key
from notifier.delivery.receipts.apply import ReceiptResult, apply_receipt

log = structlog.get_logger(__name__)

# What the key says that was pressed (`templates/alerts/voice.j2` offers them).
KEYS = {"1": by_telephone.NOTED, "2": by_telephone.TAKEN}
NOT_STORED = "Votre réponse n’a pas pu être enregistrée. Appuyez de nouveau sur la touche."


@require_POST
def call_key(request: HttpRequest, message_id: int) -> HttpResponse:
    """Take the key that was pressed in a call, and answer what is said then.

    Key 1 or 2 says that the text was heard, and answers its alert; any other has it said again.
    """
    if refusal := _refusal(request, twiml.key_url(message_id)):
        return refusal
    try:
        return _take_key(request, message_id)
    except (OperationalError, InterfaceError) as error:
        log.warning("key not stored: database unreachable", message=message_id, error=repr(error))
        return _xml(twiml.call_twiml(message_id, NOT_STORED))


def _take_key(request: HttpRequest, message_id: int) -> HttpResponse:
    key, receipt = parse_key(request.POST)
    message = Message.objects.filter(pk=message_id).first() if message_id <= MAX_ID else None
    if message is None:
        return to_response(answer_result(message_id, receipt, ReceiptResult.UNKNOWN_MESSAGE))
    if key not in KEYS:
        return _xml(twiml.call_twiml(message_id, message.body))
    result = apply_receipt(message_id, receipt)
    if result is ReceiptResult.MISMATCH:
        return to_response(answer_result(message_id, receipt, result))
    return _xml(twiml.last_words(by_telephone.answer_call(message, KEYS[key])))


@require_POST
def inbound_text(request: HttpRequest) -> HttpResponse:
    """Take a text that somebody wrote to our number, and answer it; 204 where there is nothing to.

    Repeated posts of one text change nothing, and get the same answer.
    """
    if refusal := _refusal(request, twiml.inbound_url()):
        return refusal
    text = parse_inbound(request.POST)
    if text is None:
        return HttpResponse(status=204)
    try:
        reply = by_telephone.answer_text(text)
    except (OperationalError, InterfaceError) as error:
        log.warning("text not taken: database unreachable", error=repr(error))
        return to_response(CallbackAnswer(503, "database unreachable, post it again"))
    return _xml(twiml.sms_reply(reply)) if reply else HttpResponse(status=204)


def _refusal(request: HttpRequest, url: str) -> HttpResponse | None:
    announced = announced_bytes(request.headers)
    # Of a stranger's files, Django would write any length to the disk.
    if announced is None or announced > MAX_BODY_BYTES:
        log.warning("answer refused: too large to be one", path=request.path)
        return to_response(CallbackAnswer(413, "too large"))
    if not is_signed(request.POST, request.headers.get("X-Twilio-Signature", ""), url):
        log.warning("answer refused: not signed by our account", path=request.path)
        return to_response(CallbackAnswer(403, "signature refused"))
    return None


def _xml(content: str) -> HttpResponse:
    return HttpResponse(content, content_type="text/xml; charset=utf-8")
