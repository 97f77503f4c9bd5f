"""Release what was deferred: one text to each address, about what its alerts have come to.

Each address is released in a transaction of its own, which ends the deferred notifications, queues
the message and writes the journal: two workers, or a crash in between, send it once.
"""

from __future__ import annotations

from typing import NamedTuple

import structlog
from django.db import OperationalError, transaction
from django.db.models import Q
from django.utils import timezone

from notifier.alerting.escalation.failover import escalate
from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert, DeferralReason, Notification, NotificationState
from notifier.alerting.notification.agreement import is_still_agreed
from notifier.alerting.notification.duty_officer import not_reached_mail
from notifier.alerting.notification.former_recipients import active_address_keys
from notifier.alerting.notification.history import alert_of, end_deferred
from notifier.alerting.notification.journal import notification_entries
from notifier.alerting.notification.planned import address_key
from notifier.alerting.notification.recipients import on_time
from notifier.alerting.notification.store import queue_duty_mails
from notifier.alerting.policy.narrowings import category_of
from notifier.alerting.policy.text_kind import withheld
from notifier.alerting.release.quiet import keep_quiet
from notifier.alerting.release.send import expires_at, send
from notifier.alerting.throttling import quota
from notifier.alerting.throttling.limits import UsageChangedError, today
from notifier.alerting.throttling.pause import not_paused
from notifier.delivery.sending.former_recipients import FORMER_RECIPIENT
from notifier.journal.models import Step
from notifier.journal.write import write_entries

log = structlog.get_logger(__name__)

BATCH_SIZE = 500


class _Address(NamedTuple):
    """The deferred notifications that are released together."""

    channel: str
    address: str
    source: int
    flapping: int | None
    """The alert that is sent by itself, as it flapped."""
    by_hand: bool
    """Whether a person released them, whatever they cost."""
    not_relayed: bool
    """Whether they wait for a person, and expired meanwhile."""


def release_due() -> None:
    """Release what is due, and what has room in its quota again; expire what is too late.

    What a pause holds as well waits for its end: each address then gets one digest, not one for
    each quarter of an hour. One statement while nothing is deferred.
    """
    if not Notification.objects.filter(state=NotificationState.DEFERRED).exists():
        return
    deferred = Notification.objects.filter(not_paused(), state=NotificationState.DEFERRED)
    due = deferred.filter(deferred_until__lte=timezone.now())
    with_room = deferred.filter(quota.with_room())
    by_person = (*quota.QUOTAS, DeferralReason.RELAY)
    expired = deferred.filter(reason__in=by_person, expires_at__lte=timezone.now())
    rows = [*due[:BATCH_SIZE], *with_room[:BATCH_SIZE], *expired[:BATCH_SIZE]]
    for address in dict.fromkeys(_address_of(row) for row in rows):
        try:
            with transaction.atomic():
                _release(address)
        # A decision about one of its alerts is being written, or the day's first text counted.
        except (OperationalError, UsageChangedError) as error:
            log.info("deferred texts are in another's hands, next round", error=str(error))
        except Exception:  # one that cannot be released must not hold up those behind it
            log.exception("deferred texts cannot be released", source=address.source)


def _address_of(row: Notification) -> _Address:
    flapping = row.alert_id if row.reason == DeferralReason.FLAPPING else None
    by_hand = bool(row.released_by)
    not_relayed = row.reason == DeferralReason.RELAY and not by_hand
    return _Address(row.channel, row.address, row.source_id, flapping, by_hand, not_relayed)


def _release(address: _Address) -> None:
    """Release all that is deferred for one address, in the caller's transaction.

    Raises OperationalError at once where one of the rows is locked.
    """
    rows = _locked_rows(address)
    now = timezone.now()
    if address.not_relayed:
        end_deferred(rows, NotificationState.EXPIRED)
        why = "périmé sans que personne ne l’ait relayé"
        write_entries(notification_entries(rows, Step.EXPIRED, why))
        return
    useful = [row for row in rows if _is_useful(row)]
    _cancel_useless([row for row in rows if row not in useful])
    keys = active_address_keys({row.ref for row in useful})
    to_former = [
        row for row in useful if address_key(row.channel, row.address) not in keys[row.ref]
    ]
    if to_former:
        _escalate_former_recipients(to_former)
    remaining = [row for row in useful if row not in to_former]
    for exercise in (False, True):
        alike = [row for row in remaining if alert_of(row).facts["exercise"] is exercise]
        if not alike:
            continue
        if keep_quiet(alike, now):
            continue
        if max(expires_at(row) for row in alike) <= now:
            _expire(alike)
        else:
            send(alike, now)


def _locked_rows(address: _Address) -> list[Notification]:
    """Lock the rows of the address and read them with their alerts.

    The rows are locked before the alerts are read: a decision is either in what is sent, or finds
    the rows released.
    """
    waiting = Notification.objects.filter(
        state=NotificationState.DEFERRED,
        channel=address.channel,
        address=address.address,
        source=address.source,
    )
    if address.flapping:
        waiting = waiting.filter(alert=address.flapping)
    else:
        waiting = waiting.exclude(reason=DeferralReason.FLAPPING)
    if address.by_hand:
        waiting = waiting.exclude(released_by="")
    not_relayed = Q(reason=DeferralReason.RELAY, released_by="")
    if address.not_relayed:
        waiting = waiting.filter(not_relayed, expires_at__lte=timezone.now())
    else:
        waiting = waiting.exclude(not_relayed)
    rows = list(waiting.order_by("id").select_for_update(nowait=True))
    alerts = Alert.objects.filter(pk__in=[row.alert_id for row in rows])
    alerts = alerts.select_related("incident__source", "report")
    if address.flapping:
        alerts = alerts.select_for_update(of=("self",), nowait=True)  # it is written to by `send`
    by_id = {alert.pk: alert for alert in alerts}
    for row in rows:
        row.alert = by_id[row.alert_id or 0]
    return rows


def _is_useful(row: Notification) -> bool:
    """Whether its category is still disclosed, and its recipient does not know it yet."""
    alert = alert_of(row)
    category = category_of(alert)
    if category is None or withheld(alert.severity, category):
        return False
    if not is_still_agreed(alert, timezone.now()):
        return False
    if row.reason == DeferralReason.FLAPPING:
        return alert.is_open
    if row.reason == DeferralReason.RELAY:
        is_news = row.was_notified or not Kind(alert.kind).closes
        return is_news and not _is_known_otherwise(row)
    return row.was_notified or Kind(alert.kind) is not Kind.CANCELLATION


def _is_known_otherwise(row: Notification) -> bool:
    """Whether its reader got as much since by another open alert of the incident."""
    others = Notification.objects.filter(
        incident=row.incident_id,
        channel=row.channel,
        address__iexact=row.address,
        alert__is_open=True,
        created_at__gte=row.created_at,
    )
    others = others.exclude(alert=row.alert_id).exclude(message=None).select_related("message")
    return bool(on_time(others))


def _cancel_useless(rows: list[Notification]) -> None:
    end_deferred(rows, NotificationState.CANCELLED)
    why = "plus rien à dire, retiré de ce qui était retenu"
    write_entries(notification_entries(rows, Step.CANCELLED, why))


def _escalate_former_recipients(rows: list[Notification]) -> None:
    """Notify whoever is next, where the address is no active contact's.

    Raises OperationalError at once where a decision about one of the alerts is being written.
    """
    list(Alert.objects.filter(pk__in=[row.alert_id for row in rows]).select_for_update(nowait=True))
    end_deferred(rows, NotificationState.CANCELLED)
    write_entries(notification_entries(rows, Step.CANCELLED, FORMER_RECIPIENT))
    for row in rows:
        alert = alert_of(row)
        if row.reason == DeferralReason.RELAY:
            continue  # each resident consented for himself
        if row.was_notified or not Kind(alert.kind).closes:
            row.state, row.revision = NotificationState.CANCELLED, alert.revision
            escalate([row])


def _expire(rows: list[Notification]) -> None:
    """Expire what is too late to be of use; the duty officer is told once a day."""
    end_deferred(rows, NotificationState.EXPIRED)
    why = "retenu, et périmé sans avoir pu partir"
    write_entries(notification_entries(rows, Step.EXPIRED, why))
    log.error("deferred texts expired unsent", source=rows[0].source_id, texts=len(rows))
    key = f"deferred-{rows[0].source_id}-{today()}"
    why = "un SMS courant, retenu, a péri avant de pouvoir partir, et d’autres peut-être ce jour"
    queue_duty_mails([not_reached_mail([alert_of(rows[-1])], why, key)])
