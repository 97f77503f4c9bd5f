"""What people answer on a telephone: a key in a call, or a text to our number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from notifier.alerting.answers.alive import takes_answers
from notifier.alerting.answers.answer import AnswerRefusedError, AnswerResult, answer
from notifier.alerting.content.gsm import to_gsm
from notifier.alerting.models import (
    OF_ALERT,
    Alert,
    AnswerKind,
    AnswerMeans,
    Notification,
    NotificationState,
)
from notifier.delivery.address import mask
from notifier.delivery.models import Channel, InboundText, Message
from notifier.delivery.providers.twilio.webhook import InboundSms
from notifier.directory import addresses
from notifier.directory.models import AddressKind
from notifier.directory.names import fold
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

log = structlog.get_logger(__name__)

NOTED, TAKEN = AnswerKind.NOTED, AnswerKind.TAKEN
# The whole text, without case, accents and punctuation.
WORDS: dict[str, AnswerKind] = {
    **dict.fromkeys(
        ("1", "ok", "oui", "ok merci", "oui merci", "bien note", "bien recu", "recu", "note"), NOTED
    ),
    **dict.fromkeys(("2", "je m en occupe", "je m occupe", "pris en charge"), TAKEN),
}
_STOP = ("stop", "arret", "arreter", "stop sms")
_START = ("start", "reprise", "reprendre", "unstop")
# What was told before is nobody's to answer any more.
_TOLD_WITHIN = timedelta(days=2)
_MAX_TOLD = 50
# So long whoever writes what nobody reads is told so once.
_TOLD_SO_WITHIN = timedelta(hours=12)
# So many texts go back to one number within so long: one that answers by itself may say « OK ».
MAX_REPLIES = 6
_REPLIES_WITHIN = timedelta(hours=1)


def answer_call(message: Message, kind: AnswerKind) -> str:
    """Take the key that whoever was called pressed; return what is said to them, in French.

    A call that tells of no alert, as one to the duty, is only confirmed by it.
    """
    said = "C’est noté. Merci. Au revoir."
    rows = Notification.objects.filter(
        message=message.pk, kind__in=OF_ALERT, state__in=_SENT, alert__isnull=False
    )
    for row in rows.order_by("pk"):
        try:
            result = answer(row.alert_id or 0, row.recipient, kind, AnswerMeans.VOICE)
        except AnswerRefusedError as error:
            said = f"Merci. {str(error)[:1].upper()}{str(error)[1:]}. Au revoir."
        else:
            said = f"{_noted(kind, result)} Merci. Au revoir."
    return said


def answer_text(text: InboundSms) -> str:
    """Take what somebody wrote to us, once; return the text to be sent back, "" for none.

    The number of whoever wrote is the proof: it is the provider's word, and the alert's text went
    there. A number that we know nothing of gets no answer.
    """
    with transaction.atomic():
        row, is_new = InboundText.objects.get_or_create(
            provider_id=text.provider_id,
            defaults={"at": timezone.now(), "sender_hash": _sender_hash(text.sender)},
        )
        if is_new:
            reply = to_gsm(_take(text, row))
            row.reply = "" if _was_answered_enough(row) else reply
            row.save(update_fields=["reply", "is_understood"])
        return str(row.reply)


def _sender_hash(number: str) -> str:
    return salted_hmac("notifier.alerting.answers.by_telephone", number).hexdigest()[:32]


_SENT = (NotificationState.QUEUED, NotificationState.RESENT)


@dataclass(frozen=True)
class _Told:
    """An alert that a number was told of, to whom."""

    alert: Alert
    recipient: str


def _take(text: InboundSms, row: InboundText) -> str:
    words = fold(text.words)
    told = _told(text.sender)
    if not told and not addresses.is_known(text.sender):
        log.info("text from a number that nobody has")
        return ""
    if text.opt_out == "STOP" or words in _STOP:
        return _stop(text)
    if text.opt_out == "START" or words in _START:
        return _start(text)
    kind = WORDS.get(words)
    waiting = next((each for each in told if _wants_answer(each.alert)), None)
    if kind and waiting:
        return _answer(waiting, kind)
    if kind and told:
        return f"Plus aucune alerte n'attend de réponse de ce numéro. {_whom_to_call(told)}"
    row.is_understood = False
    if _was_told_so(row):
        return ""
    hint = " Répondez OK si c'est noté, 2 si vous vous en occupez." if waiting else ""
    return f"Nous ne lisons pas les SMS de ce numéro. {_whom_to_call(told)}{hint}"


def _was_told_so(row: InboundText) -> bool:
    """Return whether its sender heard a moment ago that nobody reads their texts.

    A telephone that answers by itself would be answered, and answer, for ever.
    """
    others = InboundText.objects.filter(
        sender_hash=row.sender_hash, is_understood=False, at__gt=row.at - _TOLD_SO_WITHIN
    )
    return others.exclude(pk=row.pk).exists()


def _was_answered_enough(row: InboundText) -> bool:
    """Return whether its sender got so many texts back lately that no person wants another."""
    others = InboundText.objects.filter(
        sender_hash=row.sender_hash, at__gt=row.at - _REPLIES_WITHIN
    ).exclude(reply="")
    return others.count() >= MAX_REPLIES


def _told(number: str) -> list[_Told]:
    """Return of what the number was told lately, by SMS or a call, the latest first.

    One statement.
    """
    rows = Notification.objects.filter(
        message__address=number,
        message__channel__in=(Channel.SMS, Channel.VOICE),
        message__created_at__gte=timezone.now() - _TOLD_WITHIN,
        kind__in=OF_ALERT,
        state__in=_SENT,
    )
    rows = rows.select_related("alert__incident__source").order_by("-message_id", "-pk")
    return [_Told(row.alert, row.recipient) for row in rows[:_MAX_TOLD] if row.alert]


def _wants_answer(alert: Alert) -> bool:
    return bool(alert.answers_wanted) and takes_answers(alert, timezone.now())


def _answer(told: _Told, kind: AnswerKind) -> str:
    alert = told.alert
    of_what = f"{alert.facts.get('commune', '')}, réf. {alert.incident.reference}"
    try:
        result = answer(alert.pk, told.recipient, kind, AnswerMeans.SMS)
    except AnswerRefusedError as error:
        return f"{of_what} : {error}. {_whom_to_call([told])}"
    return f"{of_what} : {_noted(kind, result)} {_whom_to_call([told])}"


def _noted(kind: AnswerKind, result: AnswerResult) -> str:
    """Say what came of an answer."""
    if kind is not TAKEN:
        return "C'est noté."
    if result.taken_by and not result.is_taken_by_reader:
        return f"C'est noté ; déjà pris en charge : {result.taken_by}."
    return "C'est noté, vous vous en occupez."


def _whom_to_call(told: Sequence[_Told]) -> str:
    """Say which number reaches the service that told, where it has one."""
    facts = told[0].alert.facts if told else {}
    if phone := facts.get("duty_phone"):
        return f"{facts.get('service', '')} : {phone}."
    return "En cas d'urgence, appelez le 17 ou le 112."


def _stop(text: InboundSms) -> str:
    if addresses.note_opt_out(AddressKind.MOBILE, text.sender, timezone.now()):
        _write_entry(text, "refuse les SMS, plus rien n’y est envoyé")
    # Twilio has answered already, and sends nothing more there.
    if text.opt_out:
        return ""
    return "Plus aucun SMS ne sera envoyé à ce numéro. Pour en recevoir de nouveau : REPRISE."


def _start(text: InboundSms) -> str:
    if addresses.note_opt_in(AddressKind.MOBILE, text.sender):
        _write_entry(text, "accepte de nouveau les SMS")
    return "" if text.opt_out else "Ce numéro recevra de nouveau les SMS d'alerte."


def _write_entry(text: InboundSms, what: str) -> None:
    entry = new_entry(None, Step.DIRECTORY, f"SMS reçu de {mask(text.sender)} : {what}.")
    write_entries([entry])
