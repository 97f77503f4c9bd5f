"""Store planned notifications, and hand those that leave now to delivery."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from notifier.alerting.models import (
    KNOWN,
    Notification,
    NotificationKind,
    NotificationState,
)
from notifier.alerting.notification.history import end_deferred
from notifier.alerting.notification.planned import (
    KnownNotification,
    NotificationPlan,
    PlannedNotification,
    address_key,
)
from notifier.delivery.models import EXEMPT, OPEN, Message
from notifier.delivery.outbox import OutgoingMessage, cancel_superseded, enqueue_messages

log = structlog.get_logger(__name__)

# What is deferred is released this long before it would expire, however long it is still deferred.
BEFORE_EXPIRY = timedelta(minutes=1)


def store(
    plan: NotificationPlan,
    earlier: Mapping[int, Sequence[Notification]],
    *,
    known: Iterable[KnownNotification] = (),
    may_be_cancelled: bool = False,
) -> None:
    """Store the planned notifications and queue those that leave.

    Two statements for any number that leave now. `earlier` are the notifications of each alert so
    far, by its id: what an address has not got of them is superseded, as nobody may read the end
    before the alert. `known` are stored beside them, with the messages that tell their readers.
    `may_be_cancelled`: the same transaction may still cancel what leaves.
    """
    # First what gives way: a notification may be deferred in the place of one that was.
    end_deferred(plan.superseded, NotificationState.CANCELLED)
    cancel_superseded(_older_messages(plan.queued, earlier))
    queued = _queue(plan.queued, may_be_cancelled=may_be_cancelled)
    deferred = [
        _new_row(
            notification,
            NotificationState.DEFERRED,
            was_notified=_got_a_text(notification, earlier),
        )
        for notification in plan.deferred
    ]
    message_of = {
        id(n): row.message for n, row in zip(plan.queued, queued, strict=True) if row.message
    }
    suppressed = [_known_row(each, message_of) for each in known]
    Notification.objects.bulk_create([*queued, *deferred, *suppressed])
    for notification, row in plan.joined:
        _join(notification, row)


def _known_row(known: KnownNotification, message_of: Mapping[int, Message]) -> Notification:
    """Return the row of a text that is not sent; without a message while that is deferred."""
    message = known.message or message_of.get(id(known.telling))
    row = _new_row(known.planned, NotificationState.SUPPRESSED, message)
    # Its reader answers by the link of the text that tells it.
    row.answer_hash = known.answer_hash
    row.reason, row.explanation = KNOWN, f"le sait déjà par {known.name}"
    return row


def _queue(queued: Sequence[PlannedNotification], *, may_be_cancelled: bool) -> list[Notification]:
    """Hand the notifications to delivery; return their rows, which the caller stores."""
    messages = enqueue_messages(
        [_outgoing(notification) for notification in queued], may_be_cancelled=may_be_cancelled
    )
    return [
        _new_row(notification, NotificationState.QUEUED, message)
        for notification, message in zip(queued, messages, strict=True)
    ]


def queue_duty_mails(mails: Iterable[PlannedNotification]) -> None:
    """Store and queue mails and calls to the duty officer, each dedup key once, ever.

    One to a source that has no such address is an error, and queued nowhere.
    """
    queue_once([mail for mail in mails if _has_address(mail)])


def queue_once(planned: Sequence[PlannedNotification]) -> None:
    """Store and queue what has a dedup key: each once, ever, whoever else does so at once."""
    if not planned:
        return
    keys = [each.dedup_key for each in planned]
    known = set(Notification.objects.filter(dedup_key__in=keys).values_list("dedup_key", flat=True))
    for each in planned:
        # Another worker may have queued it since.
        with suppress(IntegrityError), transaction.atomic():
            if each.dedup_key not in known:
                _supersede_mails(each.supersedes)
                (message,) = enqueue_messages([_outgoing(each)])
                _new_row(each, NotificationState.QUEUED, message).save(force_insert=True)
                known.add(each.dedup_key)


def _supersede_mails(dedup_keys: Sequence[str]) -> None:
    if dedup_keys:
        older = Notification.objects.filter(dedup_key__in=dedup_keys, message__isnull=False)
        cancel_superseded(older.values_list("message_id", flat=True))


def _has_address(mail: PlannedNotification) -> bool:
    if not mail.address:
        log.error(
            "no duty address",
            source=mail.source.name,
            incident=mail.incident_id,
            about=mail.dedup_key,
        )
    return bool(mail.address)


def _outgoing(notification: PlannedNotification) -> OutgoingMessage:
    goes_to_people = notification.kind in (NotificationKind.ALERT, NotificationKind.TAKEN)
    return OutgoingMessage(
        channel=notification.channel,
        address=notification.address,
        recipient=notification.recipient,
        title=notification.title,
        subject=notification.subject,
        body=notification.body,
        html=notification.html,
        lane=notification.lane,
        expires_at=notification.expires_at,
        reported_at=notification.reported_at,
        incident_id=notification.incident_id,
        # What goes to the duty officer leaves past every pause.
        pause_key=str(notification.source.pk) if goes_to_people else EXEMPT,
        sms_providers=tuple(notification.source.sms_providers),
    )


def _new_row(
    notification: PlannedNotification,
    state: NotificationState,
    message: Message | None = None,
    *,
    was_notified: bool = False,
) -> Notification:
    alert, deferral, now = notification.alert, notification.deferral, timezone.now()
    return Notification(
        kind=notification.kind,
        state=state,
        source=notification.source,
        incident_id=notification.incident_id,
        alert=alert,
        revision=notification.revision,
        opened_revision=alert.opened_revision if alert else 1,
        organisation_kind=alert.organisation_kind if alert else "",
        organisation=alert.organisation if alert else "",
        departement=alert.departement if alert else "",
        channel=notification.channel,
        address=notification.address,
        recipient=notification.recipient,
        title=notification.title,
        reason=deferral.reason if deferral else "",
        created_at=now,
        deferred_until=min(deferral.until, max(now, notification.expires_at - BEFORE_EXPIRY))
        if deferral and deferral.until
        else None,
        expires_at=notification.expires_at,
        was_notified=was_notified,
        answer_hash=notification.answer_hash,
        dedup_key=notification.dedup_key,
        message=message,
    )


def _older_messages(
    queued: Iterable[PlannedNotification], earlier: Mapping[int, Sequence[Notification]]
) -> list[int]:
    """Return the messages of older revisions that these addresses have not got yet."""
    return [
        row.message_id
        for notification in queued
        if notification.alert is not None and notification.alert.revision > 1
        for row in earlier.get(notification.alert.pk, ())
        if row.message_id is not None
        and row.kind == NotificationKind.ALERT
        and row.state == NotificationState.QUEUED
        and row.revision < notification.alert.revision
        and row.message_state in OPEN
        and address_key(row.channel, row.address) == notification.key
    ]


def _got_a_text(
    notification: PlannedNotification, earlier: Mapping[int, Sequence[Notification]]
) -> bool:
    """Whether its address got a text of this alert since it was opened."""
    alert = notification.alert
    return alert is not None and any(
        row.message_id is not None
        and row.revision >= alert.opened_revision
        and address_key(row.channel, row.address) == notification.key
        for row in earlier.get(alert.pk, ())
    )


def _join(notification: PlannedNotification, row: Notification) -> None:
    """Let the deferred row stand for the planned text as well."""
    alert = notification.alert
    Notification.objects.filter(pk=row.pk, state=NotificationState.DEFERRED).update(
        revision=alert.revision if alert else row.revision,
        opened_revision=alert.opened_revision if alert else row.opened_revision,
        expires_at=max(row.expires_at or notification.expires_at, notification.expires_at),
    )
