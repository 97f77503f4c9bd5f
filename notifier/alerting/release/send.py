"""Queue what is released for one address: one alert's own text, or a digest of several."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from notifier.alerting.content.composer import Texts
from notifier.alerting.content.digest import Digest
from notifier.alerting.content.gsm import sms_size
from notifier.alerting.kinds import Kind
from notifier.alerting.models import (
    Alert,
    DeferralReason,
    Notification,
    NotificationKind,
    NotificationState,
)
from notifier.alerting.notification.history import alert_of
from notifier.alerting.notification.journal import notification_entries
from notifier.alerting.notification.planned import Wording, wording
from notifier.alerting.notification.text_facts import compose, parse_facts
from notifier.alerting.policy.current import composer
from notifier.alerting.policy.narrowings import category_of
from notifier.alerting.policy.terms import addressing, parse_terms
from notifier.alerting.throttling.limits import next_day, read_limits, store_usage
from notifier.alerting.throttling.quota import QUOTAS
from notifier.delivery.models import OPEN, Channel, Lane
from notifier.delivery.outbox import OutgoingMessage, cancel_superseded, enqueue_messages
from notifier.intake.models import Source
from notifier.journal.models import Step
from notifier.journal.write import write_entries


def send(rows: Sequence[Notification], now: datetime) -> None:
    """Queue one message for all of the rows, or defer them further where a quota is reached.

    They are of one address, deferred, and locked by the caller.
    """
    source = alert_of(rows[0]).incident.source
    said = _wording(rows)
    message = _compose_message(rows, said)
    if reason := _reached_quota(source, message, rows):
        _defer_until_tomorrow(rows, reason, now)
        return
    if len(rows) == 1:
        cancel_superseded(_older_messages(rows[0]))
    (queued,) = enqueue_messages([message])
    kind = NotificationKind.ALERT if len(rows) == 1 else NotificationKind.DIGEST
    for row in rows:
        alert = alert_of(row)
        Notification.objects.filter(pk=row.pk, state=NotificationState.DEFERRED).update(
            state=NotificationState.QUEUED,
            kind=kind,
            revision=alert.revision,
            opened_revision=alert.opened_revision,
            message=queued,
            answer_hash=said["answer_hash"],
            ended_at=now,
        )
        if row.reason == DeferralReason.FLAPPING:
            Alert.objects.filter(pk=alert.pk).update(reopening_notified_at=now)
    whom = f"{message.title} ({Channel(message.channel).label} {message.masked})"
    what = f"ce qui était retenu est dit à {whom}"
    if len(rows) > 1:
        what = f"dit dans un récapitulatif de {len(rows)} interventions à {whom}"
    write_entries(notification_entries(rows, Step.COMPOSED, what))


def expires_at(row: Notification) -> datetime:
    """Return when the deferred notification expires (aware)."""
    return row.expires_at or row.created_at


def _older_messages(row: Notification) -> list[int]:
    """Return the messages of older revisions that the row's address has not got yet."""
    older = Notification.objects.filter(
        alert=row.alert_id,
        kind=NotificationKind.ALERT,
        channel=row.channel,
        address__iexact=row.address,
        revision__lt=alert_of(row).revision,
        message__state__in=OPEN,
    )
    return list(older.values_list("message_id", flat=True))


def _compose_message(rows: Sequence[Notification], said: Wording) -> OutgoingMessage:
    """Address what is said, which expires with the last of its alerts."""
    first = rows[0]
    is_digest = len(rows) > 1
    return OutgoingMessage(
        channel=Channel(first.channel),
        address=first.address,
        recipient=first.recipient,
        title=first.title,
        subject=said["subject"],
        body=said["body"],
        html=said["html"],
        lane=lane_of(rows),
        expires_at=max(expires_at(row) for row in rows),
        incident_id=None if is_digest else first.incident_id,
        pause_key=str(first.source_id),
        sms_providers=tuple(alert_of(first).incident.source.sms_providers),
    )


def _wording(rows: Sequence[Notification]) -> Wording:
    """Compose one alert's own text, or a digest, which asks for no answer."""
    first = rows[0]
    alert = alert_of(first)
    texts = _digest(rows) if len(rows) > 1 else compose(Kind(alert.kind), alert.facts)
    return wording(texts, Channel(first.channel), alert, first.recipient)


def _digest(rows: Sequence[Notification]) -> Texts:
    facts = [parse_facts(alert_of(row).facts) for row in rows]
    return composer().digest(Digest(facts[0].service, facts[0].exercise, facts))


def lane_of(rows: Sequence[Notification]) -> Lane:
    """Return urgent only for what was urgent and deferred: neither in a storm nor by a quota."""
    was_urgent = rows[0].reason == DeferralReason.FLAPPING or any(
        _lane_of(alert_of(row)) is Lane.URGENT
        for row in rows
        if row.reason in (DeferralReason.HARD_QUOTA, DeferralReason.RELAY)
    )
    return Lane.URGENT if was_urgent else Lane.ROUTINE


def _lane_of(alert: Alert) -> Lane:
    category = category_of(alert)
    return addressing(category, parse_terms(alert.terms)).lane if category else Lane.URGENT


def _reached_quota(
    source: Source, message: OutgoingMessage, rows: Sequence[Notification]
) -> DeferralReason | None:
    """Count the message; or return which quota has no room for it.

    What a person released leaves whatever the quotas say.
    """
    limits = read_limits((), [source], lock=True)
    segments = sms_size(message.body).segments if message.channel is Channel.SMS else 0
    reason: DeferralReason | None = None
    if not any(row.released_by for row in rows):
        is_routine_sms = message.lane is Lane.ROUTINE and message.channel is Channel.SMS
        if not limits.has_room(source, max(segments, 1), hard=True):
            reason = DeferralReason.HARD_QUOTA
        elif is_routine_sms and not limits.has_room(source, segments):
            reason = DeferralReason.QUOTA
    if reason:
        limits.mark_reached(source)
    else:
        limits.add(source, segments)
    store_usage(limits)
    return reason


def _defer_until_tomorrow(
    rows: Sequence[Notification], reason: DeferralReason, now: datetime
) -> None:
    """Defer the rows until the quota has room; the journal says so once."""
    newly = [row for row in rows if row.reason not in QUOTAS]
    Notification.objects.filter(
        pk__in=[row.pk for row in rows], state=NotificationState.DEFERRED
    ).update(reason=reason, deferred_until=next_day(now))
    what = "retenu encore, le plafond de SMS du jour est atteint"
    write_entries(notification_entries(newly, Step.HELD, what))
