"""Release what was deferred: to each address one digest of what its alerts have come to.

Each address is released in a transaction of its own, which takes the notifications, queues the
message and writes the journal: two workers and a kill in between tell it once. One alert alone is
told in its own words.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import structlog
from django.db import OperationalError, transaction
from django.utils import timezone

from notifier.alerting.content.composer import Texts
from notifier.alerting.content.digest import Digest
from notifier.alerting.content.gsm import sms_size
from notifier.alerting.escalation.failover import pass_on
from notifier.alerting.kinds import Kind
from notifier.alerting.models import (
    Alert,
    DeferralReason,
    Notification,
    NotificationKind,
    NotificationState,
)
from notifier.alerting.notification.duty_officer import unreached_mail
from notifier.alerting.notification.facts import compose, facts_told_now
from notifier.alerting.notification.planned import address_key
from notifier.alerting.notification.present_recipients import present_keys
from notifier.alerting.notification.store import queue_duty_mails
from notifier.alerting.policy.current import categories, composer
from notifier.alerting.policy.rules import withheld
from notifier.alerting.scheduling import lane_of
from notifier.alerting.throttling import quota
from notifier.alerting.throttling.limits import count_used, next_day, read_limits, today
from notifier.alerting.throttling.pause import not_paused
from notifier.delivery.address import mask
from notifier.delivery.models import Channel, Lane
from notifier.delivery.outbox import OutgoingMessage, enqueue_messages
from notifier.delivery.sending.recipients import RECIPIENT_GONE
from notifier.intake.models import Source
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

log = structlog.get_logger(__name__)

BATCH_SIZE = 500


class _Address(NamedTuple):
    """Whose deferred notifications are released together.

    `flapping`: the one alert that is told by itself; `by_hand`: whatever they cost.
    """

    channel: str
    address: str
    source: int
    flapping: int | None
    by_hand: bool


def release_due() -> None:
    """Tell what is due, and what a quota held that has room again; end what is out of time.

    What a pause holds besides is left for after it: each address then gets one digest, not one for
    each quarter of an hour.
    """
    deferred = Notification.objects.filter(not_paused(), state=NotificationState.DEFERRED)
    due = deferred.filter(deferred_until__lte=timezone.now())
    with_room = deferred.filter(quota.with_room())
    expired = deferred.filter(reason__in=quota.QUOTAS, expires_at__lte=timezone.now())
    rows = [*due[:BATCH_SIZE], *with_room[:BATCH_SIZE], *expired[:BATCH_SIZE]]
    for address in dict.fromkeys(_address_of(row) for row in rows):
        try:
            with transaction.atomic():
                _release(address)
        except OperationalError as error:  # a decision about one of its alerts is being written
            log.info("deferred texts are in another's hands, next round", error=str(error))
        except Exception:  # one that cannot be released must not hold up those behind it
            log.exception("deferred texts cannot be released", source=address.source)


def _address_of(row: Notification) -> _Address:
    flapping = row.alert_id if row.reason == DeferralReason.FLAPPING else None
    return _Address(row.channel, row.address, row.source_id, flapping, bool(row.released_by))


def _release(address: _Address) -> None:
    """Release all that one address has waiting, in the caller's transaction.

    The rows are locked before the alerts are read, so a decision either is in what is told or finds
    the rows told. Raises OperationalError at once where one of them is locked.
    """
    rows = _locked(address)
    wanted = Alert.objects.filter(pk__in=[row.alert_id for row in rows])
    wanted = wanted.select_related("incident__source", "report")
    if address.flapping:
        wanted = wanted.select_for_update(of=("self",), nowait=True)  # it is written to below
    alerts = {alert.pk: alert for alert in wanted}
    for row in rows:
        row.alert = alerts[row.alert_id or 0]
    now = timezone.now()
    living = [row for row in rows if _is_worth_telling(row)]
    _withdraw([row for row in rows if row not in living], now)
    keys = present_keys({_alert(row).organisation for row in living})
    gone = [
        row
        for row in living
        if address_key(row.channel, row.address) not in keys[_alert(row).organisation]
    ]
    if gone:
        _pass_on(gone, now)
    for exercise in (False, True):
        alike = [
            row for row in living if row not in gone and _alert(row).facts["exercise"] is exercise
        ]
        if not alike:
            continue
        if max(_expires_at(row) for row in alike) <= now:
            _expire(alike, now)
        else:
            _tell(alike, now)


def _alert(row: Notification) -> Alert:
    """The alert that it tells of: nothing else is ever deferred."""
    if row.alert is None:
        raise ValueError("a deferred notification without an alert")
    return row.alert


def _expires_at(row: Notification) -> datetime:
    return row.expires_at or row.created_at


def _locked(address: _Address) -> list[Notification]:
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
    return list(waiting.order_by("id").select_for_update(nowait=True))


def _is_worth_telling(row: Notification) -> bool:
    """Whether the operator still lets it be told, and there is something that is not known."""
    alert = _alert(row)
    category = categories().get(alert.category)
    if category is None or withheld(alert.severity, category):
        return False
    if row.reason == DeferralReason.FLAPPING:
        return alert.is_open
    return row.was_told or Kind(alert.kind) is not Kind.CANCELLATION


def _withdraw(rows: list[Notification], now: datetime) -> None:
    _end(rows, NotificationState.SUPERSEDED, now)
    _note(rows, Step.CANCELLED, "plus rien à dire, retiré de ce qui était retenu")


def _pass_on(rows: list[Notification], now: datetime) -> None:
    """Tell whoever is next, of what is no contact's address any more.

    Raises OperationalError at once where a decision about one of the alerts is being written.
    """
    list(Alert.objects.filter(pk__in=[row.alert_id for row in rows]).select_for_update(nowait=True))
    _end(rows, NotificationState.SUPERSEDED, now)
    _note(rows, Step.CANCELLED, RECIPIENT_GONE)
    for row in rows:
        alert = _alert(row)
        if row.was_told or not Kind(alert.kind).closes:
            row.state, row.revision = NotificationState.SUPERSEDED, alert.revision
            pass_on([row])


def _tell(rows: list[Notification], now: datetime) -> None:
    source = _alert(rows[0]).incident.source
    message = _message(rows)
    if not _is_affordable(source, message, rows):
        _wait_for_tomorrow(rows, source, now)
        return
    (queued,) = enqueue_messages([message])
    kind = NotificationKind.ALERT if len(rows) == 1 else NotificationKind.DIGEST
    for row in rows:
        alert = _alert(row)
        Notification.objects.filter(pk=row.pk, state=NotificationState.DEFERRED).update(
            state=NotificationState.QUEUED,
            kind=kind,
            revision=alert.revision,
            message=queued,
            ended_at=now,
        )
        if row.reason == DeferralReason.FLAPPING:
            Alert.objects.filter(pk=alert.pk).update(reopening_told_at=now)
    whom = f"{message.title} ({Channel(message.channel).label} {mask(message.address)})"
    how = f"dit dans un récapitulatif de {len(rows)} interventions à {whom}"
    alone = f"ce qui était retenu est dit à {whom}"
    _note(rows, Step.COMPOSED, how if len(rows) > 1 else alone)


def _message(rows: list[Notification]) -> OutgoingMessage:
    """One alert is told in its own words; several in a digest that lives as long as its longest."""
    first = rows[0]
    alert = _alert(first)
    is_digest = len(rows) > 1
    texts = _digest(rows) if is_digest else compose(Kind(alert.kind), alert.facts)
    is_sms = first.channel == Channel.SMS
    return OutgoingMessage(
        channel=Channel(first.channel),
        address=first.address,
        recipient=first.recipient,
        title=first.title,
        subject="" if is_sms else texts.subject,
        body=texts.sms if is_sms else texts.plain,
        html="" if is_sms else texts.html,
        lane=_lane(rows),
        expires_at=max(_expires_at(row) for row in rows),
        incident_id=None if is_digest else alert.incident_id,
        source=str(first.source_id),
    )


def _digest(rows: Sequence[Notification]) -> Texts:
    facts = [facts_told_now(_alert(row).facts) for row in rows]
    return composer().digest(Digest(facts[0].service, facts[0].exercise, facts))


def _lane(rows: list[Notification]) -> Lane:
    """Urgent only for what was, and was deferred all the same: for flapping or the hard quota."""
    was_urgent = rows[0].reason == DeferralReason.FLAPPING or any(
        lane_of(_alert(row).category) is Lane.URGENT
        for row in rows
        if row.reason == DeferralReason.HARD_QUOTA
    )
    return Lane.URGENT if was_urgent else Lane.ROUTINE


def _is_affordable(source: Source, message: OutgoingMessage, rows: list[Notification]) -> bool:
    """Whether it stays within the source's quotas, and is then counted; by hand always."""
    limits = read_limits((), [source], lock=True)
    segments = sms_size(message.body).segments if message.channel is Channel.SMS else 0
    is_hard_only = message.lane is Lane.URGENT or message.channel is not Channel.SMS
    fits = limits.has_room(source, max(segments, 1), hard=True) and (
        is_hard_only or limits.has_room(source, segments)
    )
    if fits or any(row.released_by for row in rows):
        limits.count(source, segments)
        count_used(limits)
        return True
    return False


def _wait_for_tomorrow(rows: list[Notification], source: Source, now: datetime) -> None:
    """Keep them until the quota has room; said once."""
    fresh = [row for row in rows if row.reason not in quota.QUOTAS]
    is_hard = not read_limits((), [source], lock=True).has_room(source, 1, hard=True)
    Notification.objects.filter(
        pk__in=[row.pk for row in rows], state=NotificationState.DEFERRED
    ).update(
        reason=DeferralReason.HARD_QUOTA if is_hard else DeferralReason.QUOTA,
        deferred_until=next_day(now),
    )
    _note(fresh, Step.HELD, "retenu encore, le plafond de SMS du jour est atteint")


def _expire(rows: list[Notification], now: datetime) -> None:
    """End what is too late to help; dispatch's groupement is told, once a day."""
    _end(rows, NotificationState.EXPIRED, now)
    _note(rows, Step.EXPIRED, "retenu, et périmé sans avoir pu partir")
    log.error("deferred texts expired untold", source=rows[0].source_id, texts=len(rows))
    key = f"deferred-{rows[0].source_id}-{today()}"
    why = "un SMS courant, retenu, a péri avant de pouvoir partir, et d’autres peut-être ce jour"
    queue_duty_mails(unreached_mail([_alert(rows[-1])], why, key))


def _end(rows: list[Notification], state: NotificationState, now: datetime) -> None:
    if rows:
        waiting = Notification.objects.filter(
            pk__in=[row.pk for row in rows], state=NotificationState.DEFERRED
        )
        waiting.update(state=state, ended_at=now)


def _note(rows: list[Notification], step: Step, what: str) -> None:
    write_entries(
        new_entry(
            row.incident_id,
            step,
            f"{_alert(row).organisation_name} : {what}.",
            notification=row.pk,
        )
        for row in rows
    )
