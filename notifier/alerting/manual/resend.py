"""Send one person the same text again, where it is known not to have arrived, or is not known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.utils import timezone

from notifier.alerting.escalation.failover import compose_text, disclosable_category
from notifier.alerting.manual.action import (
    Actor,
    ManualActionError,
    act,
    locked_alert,
    record,
    send_now,
)
from notifier.alerting.models import (
    KNOWN,
    OF_ALERT,
    ActionKind,
    Alert,
    Notification,
    NotificationKind,
    NotificationState,
)
from notifier.alerting.notification.history import address_keys, notifications_of
from notifier.alerting.notification.journal import alert_entry, recipients_in_words
from notifier.alerting.notification.planned import PlannedNotification
from notifier.alerting.notification.recipients import recipient_key
from notifier.delivery.intervals import RECEIPT_OVERDUE
from notifier.delivery.models import FAILED_STATES, OPEN, Channel, Message, MessageState
from notifier.delivery.outbox import cancel_superseded
from notifier.directory.recipients import active_people
from notifier.intake.models import Report
from notifier.journal.models import Step
from notifier.journal.write import write_entries


@dataclass(frozen=True)
class Resent:
    """To whom it goes again, without a name, why it waits if it does; whether it may come twice."""

    whom: str
    may_arrive_twice: bool


def resend(notification: Notification, actor: Actor) -> Resent:
    """Send the text of the notification again, at its recipient's present address, once.

    The same words. Where nobody can say whether it arrived, the first one is not tried any more.
    Raises ManualActionError where it may not be sent, and where somebody else just did.
    """
    if notification.incident_id is None or notification.kind not in OF_ALERT:
        raise ManualActionError("un courriel à la permanence ne se renvoie pas d’ici")
    pk = notification.pk
    return act(notification.incident_id, actor, lambda reports: _resend(pk, reports, actor))


def why_not_resent(notification: Notification, alert: Alert, now: datetime) -> str | None:
    """Say in French why it cannot be sent again; None where it can, as far as rows tell.

    With its message.
    """
    message = notification.message
    is_alert = notification.kind in OF_ALERT
    if not is_alert or notification.state != NotificationState.QUEUED or message is None:
        return "ce texte n’est pas à renvoyer"
    if notification.revision != alert.revision:
        return "un texte plus récent est parti depuis"
    if alert.expires_at <= now:
        return "l’alerte est périmée, un texte de plus ne servirait à personne"
    if notification.kind == NotificationKind.DIGEST and message.state in OPEN:
        return "il fait partie d’un récapitulatif dont le sort n’est pas encore connu"
    if message.state in (*FAILED_STATES, MessageState.UNKNOWN):
        return None
    if message.state == MessageState.ACCEPTED and message.channel == Channel.SMS:
        accepted_at = message.accepted_at or now
        if now - accepted_at >= RECEIPT_OVERDUE[0]:
            return None
        return "remis à l’opérateur il y a moins de deux minutes, l’accusé peut encore arriver"
    if message.state in (MessageState.PENDING, MessageState.SENDING):
        return "il part encore : les essais continuent"
    return "il est déjà parti"


def may_arrive_twice(message: Message) -> bool:
    """Return whether the first one may have arrived, or may still."""
    return message.state in (MessageState.UNKNOWN, MessageState.ACCEPTED)


def _resend(pk: int, reports: list[Report], actor: Actor) -> Resent:
    row = Notification.objects.get(pk=pk)
    if row.alert_id is None:
        raise ManualActionError("ce texte n’est pas à renvoyer")
    alert = locked_alert(row.alert_id, reports)
    row = Notification.objects.select_related("message").get(pk=pk)
    if row.state == NotificationState.RESENT:
        raise ManualActionError("quelqu’un d’autre vient de le renvoyer")
    if why := why_not_resent(row, alert, timezone.now()):
        raise ManualActionError(why)
    if row.message is None:
        raise ManualActionError("ce texte n’est pas à renvoyer")
    planned = _plan(row, row.message, alert)
    earlier = notifications_of(alert.pk)
    taken = Notification.objects.filter(pk=pk, state=NotificationState.QUEUED)
    if not taken.update(state=NotificationState.RESENT):
        raise ManualActionError("quelqu’un d’autre vient de le renvoyer")
    is_in_doubt = may_arrive_twice(row.message)
    cancel_superseded([row.message.pk])
    whom = recipients_in_words(planned)
    what = f"renvoyé par {actor.who} à {whom} ; le premier : {row.message.get_state_display()}"
    what += ", il peut arriver deux fois" if is_in_doubt else ""
    write_entries([
        alert_entry(alert, Step.DECIDED, what, message_id=row.message.pk, alert=alert.pk,
                    rule="resend", who=actor.who)
    ])  # fmt: skip
    said = send_now(alert, planned, earlier)
    _tell_others_by(planned, row.message, alert)
    record(alert.incident_id, ActionKind.RESEND, actor, row.title)
    return Resent(said, is_in_doubt)


def _plan(row: Notification, message: Message, alert: Alert) -> list[PlannedNotification]:
    category = disclosable_category(alert)
    if category is None:
        raise ManualActionError("il ne peut plus être communiqué : la règle a changé depuis")
    people = active_people([alert.ref], timezone.now())[alert.ref]
    earlier = notifications_of(alert.pk).get(alert.pk, [])
    told = address_keys(n for n in earlier if n.pk != row.pk and n.revision == alert.revision)
    text = compose_text(alert, category)
    meant = text.for_recipients_of([row], people)
    if row.channel == Channel.VOICE:
        meant = text.calls_to(one for one in people if recipient_key(one) == row.recipient)
    planned = [n for n in meant if n.recipient == row.recipient and n.key not in told]
    if not planned:
        raise ManualActionError(
            "cette personne n’a plus d’adresse où le renvoyer : voyez sa fiche, ou prévenez-en "
            "une autre"
        )
    if row.kind == NotificationKind.DIGEST:
        return planned
    # What one message says on one channel, a mail says otherwise.
    return [
        replace(
            n,
            subject=message.subject,
            body=message.body,
            html=message.html,
            answer_hash=row.answer_hash,
        )
        if n.channel == message.channel
        else n
        for n in planned
    ]


def _tell_others_by(planned: list[PlannedNotification], old: Message, alert: Alert) -> None:
    """Let the new message tell those organisations whose reader knows by the old one."""
    new = Notification.objects.filter(
        alert=alert.pk,
        revision=alert.revision,
        state=NotificationState.QUEUED,
        channel=old.channel,
        address__in=[n.address for n in planned],
    ).first()
    if new is not None:
        known = Notification.objects.filter(message=old.pk, reason=KNOWN)
        known.filter(state=NotificationState.SUPPRESSED).update(message=new.message_id)
