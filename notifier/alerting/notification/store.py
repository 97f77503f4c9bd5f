"""Store planned notifications, and hand those that leave now to delivery."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from notifier.alerting.content.moments import written_hour
from notifier.alerting.models import (
    Alert,
    DeferralReason,
    Notification,
    NotificationKind,
    NotificationState,
)
from notifier.alerting.notification.history import supersede_deferred
from notifier.alerting.notification.planned import (
    PlannedNotification,
    Throttled,
    address_key,
    recipients_in_words,
)
from notifier.delivery.models import EXEMPT, OPEN, Message
from notifier.delivery.outbox import OutgoingMessage, cancel_superseded, enqueue_messages
from notifier.journal.models import Entry, Step
from notifier.journal.write import new_entry

log = structlog.get_logger(__name__)

# What is deferred is released this long before it would expire, however long its pause still has.
BEFORE_EXPIRY = timedelta(minutes=1)


def store(
    throttled: Throttled,
    earlier: Mapping[int, Sequence[Notification]],
    *,
    may_be_cancelled: bool = False,
) -> list[Entry]:
    """Store what throttling has sorted; the journal entries to write.

    Two statements for any number that leave now. `earlier` holds the notifications of each alert so
    far: what of them an address was still to get gives way, for nobody reads the end before the
    alert. `may_be_cancelled`: the same transaction may still decide what takes them back.
    """
    cancel_superseded(_older_messages(throttled.queued, earlier))
    messages = enqueue_messages(
        [_outgoing(each) for each in throttled.queued], may_be_cancelled=may_be_cancelled
    )
    rows = [
        _row(each, NotificationState.QUEUED, message)
        for each, message in zip(throttled.queued, messages, strict=True)
    ]
    rows += [
        _row(each, NotificationState.DEFERRED, None, was_told=_was_told(each, earlier))
        for each in throttled.deferred
    ]
    Notification.objects.bulk_create(rows)
    for planned, row in throttled.joined:
        _join(planned, row)
    if throttled.superseded:
        supersede_deferred(throttled.superseded)
    return _lines(throttled)


def queue_duty_mails(mails: Iterable[PlannedNotification]) -> None:
    """Store and queue mails to the duty officer, each dedup key once, ever.

    One to a source that has no such address is an error, and queued nowhere.
    """
    mails = [mail for mail in mails if _has_address(mail)]
    if not mails:
        return
    keys = [mail.dedup_key for mail in mails]
    known = set(Notification.objects.filter(dedup_key__in=keys).values_list("dedup_key", flat=True))
    for mail in mails:
        # Another worker may have said it since.
        with suppress(IntegrityError), transaction.atomic():
            if mail.dedup_key not in known:
                (message,) = enqueue_messages([_outgoing(mail)])
                _row(mail, NotificationState.QUEUED, message).save(force_insert=True)
                known.add(mail.dedup_key)


def _has_address(mail: PlannedNotification) -> bool:
    if not mail.address:
        log.error(
            "no duty address",
            source=mail.source.name,
            incident=mail.incident_id,
            about=mail.dedup_key,
        )
    return bool(mail.address)


def _outgoing(planned: PlannedNotification) -> OutgoingMessage:
    is_of_alert = planned.kind == NotificationKind.ALERT
    return OutgoingMessage(
        channel=planned.channel,
        address=planned.address,
        recipient=planned.recipient,
        title=planned.title,
        subject=planned.subject,
        body=planned.body,
        html=planned.html,
        lane=planned.lane,
        expires_at=planned.expires_at,
        reported_at=planned.reported_at,
        incident_id=planned.incident_id,
        # What goes to the duty officer leaves past every pause.
        source=str(planned.source.pk) if is_of_alert else EXEMPT,
    )


def _row(
    planned: PlannedNotification,
    state: NotificationState,
    message: Message | None,
    *,
    was_told: bool = False,
) -> Notification:
    alert, deferral, now = planned.alert, planned.deferral, timezone.now()
    return Notification(
        kind=planned.kind,
        state=state,
        source=planned.source,
        incident_id=planned.incident_id,
        alert=alert,
        revision=planned.revision,
        organisation=alert.organisation if alert else "",
        channel=planned.channel,
        address=planned.address,
        recipient=planned.recipient,
        title=planned.title,
        reason=deferral.reason if deferral else "",
        created_at=now,
        deferred_until=min(deferral.until, max(now, planned.expires_at - BEFORE_EXPIRY))
        if deferral
        else None,
        expires_at=planned.expires_at,
        was_told=was_told,
        dedup_key=planned.dedup_key,
        message=message,
    )


def _older_messages(
    queued: Iterable[PlannedNotification], earlier: Mapping[int, Sequence[Notification]]
) -> list[int]:
    """The messages of older revisions that their addresses have not got yet."""
    return [
        row.message_id
        for each in queued
        if each.alert is not None and each.alert.revision > 1
        for row in earlier.get(each.alert.pk, ())
        if row.message_id is not None
        and row.kind == NotificationKind.ALERT
        and row.revision < each.alert.revision
        and row.message_state in OPEN
        and address_key(row.channel, row.address) == each.key
    ]


def _was_told(planned: PlannedNotification, earlier: Mapping[int, Sequence[Notification]]) -> bool:
    """Whether its reader has read of this alert since it was opened."""
    alert = planned.alert
    return alert is not None and any(
        row.message_id is not None
        and row.revision >= alert.opened_revision
        and address_key(row.channel, row.address) == planned.key
        for row in earlier.get(alert.pk, ())
    )


def _join(planned: PlannedNotification, row: Notification) -> None:
    """Let the deferred row stand for the news as well."""
    alert = planned.alert
    Notification.objects.filter(pk=row.pk, state=NotificationState.DEFERRED).update(
        revision=alert.revision if alert else row.revision,
        expires_at=max(row.expires_at or planned.expires_at, planned.expires_at),
    )


def _lines(throttled: Throttled) -> list[Entry]:
    """A line for each alert, reason and hour."""
    joined = _by_alert([planned for planned, _ in throttled.joined])
    lines = [_held(alert, those, "s’ajoute à ce qui est déjà retenu") for alert, those in joined]
    deferrals = dict.fromkeys(each.deferral for each in throttled.deferred if each.deferral)
    for deferral in deferrals:
        alike = [each for each in throttled.deferred if each.deferral == deferral]
        for alert, those in _by_alert(alike):
            why = _why(deferral.reason, deferral.until, alert)
            lines.append(_held(alert, those, why))
    return lines


def _by_alert(
    planned: Iterable[PlannedNotification],
) -> list[tuple[Alert, list[PlannedNotification]]]:
    found: dict[int, tuple[Alert, list[PlannedNotification]]] = {}
    for each in planned:
        if each.alert is not None:
            found.setdefault(id(each.alert), (each.alert, []))[1].append(each)
    return list(found.values())


def _why(reason: DeferralReason, until: datetime, alert: Alert) -> str:
    hour = written_hour(until.astimezone(ZoneInfo(alert.facts["time_zone"])))
    return {
        DeferralReason.STORM: f"retenu pour un récapitulatif à {hour}",
        DeferralReason.FLAPPING: f"reprise annoncée il y a peu, retenu jusqu’à {hour}",
        DeferralReason.QUOTA: "retenu, le plafond de SMS du jour est atteint",
        DeferralReason.HARD_QUOTA: "retenu, le plafond absolu de la source est atteint, "
        "une personne peut le libérer",
    }[reason]


def _held(alert: Alert, planned: Iterable[PlannedNotification], what: str) -> Entry:
    whom = recipients_in_words(planned)
    return new_entry(alert.incident_id, Step.HELD, f"{whom} : {what}.", alert=alert.pk)
