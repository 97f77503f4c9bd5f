"""Choose which planned notifications leave now, and which are deferred.

Reads no database: counts what leaves in `limits`, and dates the reopened alerts among the planned.

join what is deferred already -> what a person relays -> flapping urgent alerts
-> routine SMS in their reader's quiet hours -> routine ones in a storm -> quotas

An urgent text is never put into a digest, and deferred for its cost by a source's hard quota alone.
The text of a deferred notification is composed at its release, as its alert then stands
(notifier.alerting.release).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from enum import Enum, auto

from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert, DeferralReason, Notification, NotificationState
from notifier.alerting.notification.planned import (
    NotificationPlan,
    PlannedNotification,
    address_key,
)
from notifier.alerting.policy.terms import parse_terms
from notifier.alerting.throttling.limits import Limits, next_day, segments_of
from notifier.delivery.models import Channel, Lane
from notifier.intake.models import Source


class _Leaves(Enum):
    """That a notification is not deferred."""

    NOW = auto()


LEAVES = _Leaves.NOW


def throttle(
    planned: Iterable[PlannedNotification],
    earlier: dict[int, list[Notification]],
    limits: Limits,
) -> NotificationPlan:
    """Throttle the planned notifications; what leaves counts against the limits from now on.

    `earlier` are the notifications of each alert so far, by its id. An urgent alert that is opened
    again and leaves gets its `reopening_notified_at`, which the caller stores.
    """
    plan = NotificationPlan()
    remaining = _join_deferred(list(planned), earlier, plan)
    remaining = _defer(remaining, plan, DeferralReason.RELAY, _until_relayed)
    remaining = _defer_flapping(remaining, earlier, limits, plan)
    remaining = _defer(remaining, plan, DeferralReason.QUIET, lambda n: n.quiet_until or LEAVES)
    remaining = _defer_storm(remaining, limits, plan)
    plan.queued = _defer_over_quota(remaining, limits, plan)
    return plan


def _join_deferred(
    planned: list[PlannedNotification],
    earlier: dict[int, list[Notification]],
    plan: NotificationPlan,
) -> list[PlannedNotification]:
    """Let later texts join what is deferred of their alert for the same address; return the rest.

    A text that became urgent supersedes it and leaves at once; an end does not, as its reader has
    read nothing yet.
    """
    remaining = []
    for notification in planned:
        row = _deferred_row(notification, earlier)
        if row is None:
            remaining.append(notification)
        elif _covers(row, notification):
            plan.joined.append((notification, row))
        else:
            plan.superseded.append(row)
            remaining.append(notification)
    return remaining


def _deferred_row(
    notification: PlannedNotification, earlier: dict[int, list[Notification]]
) -> Notification | None:
    rows = earlier.get(notification.alert.pk, ()) if notification.alert else ()
    for row in rows:
        is_same = address_key(row.channel, row.address) == notification.key
        if row.state == NotificationState.DEFERRED and is_same:
            return row
    return None


def _covers(row: Notification, notification: PlannedNotification) -> bool:
    """Whether the deferred row, once released, says what the planned text says soon enough."""
    if notification.alert is None:
        raise ValueError("only notifications of alerts are throttled")
    kind = Kind(notification.alert.kind)
    if row.reason == DeferralReason.RELAY and not row.released_by:
        # Whoever read an earlier text reads the end, though an update waits for a person.
        return not (kind.closes and row.was_notified)
    is_urgent_news = notification.lane is Lane.URGENT and not kind.closes
    return not is_urgent_news or (row.reason == DeferralReason.FLAPPING and kind.opens)


def _until_relayed(notification: PlannedNotification) -> _Leaves | None:
    """Wait for a person where the convention asks for one; but whoever read it reads its end."""
    alert = notification.alert
    is_relayed = alert is not None and parse_terms(alert.terms).needs_release
    return None if alert and is_relayed and not Kind(alert.kind).closes else LEAVES


def _defer_flapping(
    planned: list[PlannedNotification],
    earlier: dict[int, list[Notification]],
    limits: Limits,
    plan: NotificationPlan,
) -> list[PlannedNotification]:
    """Defer an urgent alert that is opened again too soon after it last was; return the rest.

    The first time is news and leaves at once. After that it is sent when `limits.reopening` is
    over, if it is then open: a mayor who read « terminée » must not believe it for longer.
    """
    until: dict[int, datetime] = {}
    for alert in _find_reopened(planned, earlier):
        last = alert.reopening_notified_at
        if last and last + limits.reopening > limits.now:
            until[id(alert)] = last + limits.reopening
        else:
            alert.reopening_notified_at = limits.now
            plan.reopened.append(alert)
    return _defer(planned, plan, DeferralReason.FLAPPING, lambda n: until.get(id(n.alert), LEAVES))


def _find_reopened(
    planned: Iterable[PlannedNotification], earlier: dict[int, list[Notification]]
) -> list[Alert]:
    """Return the urgent alerts that are open again and of which nothing was sent since."""
    reopened: dict[int, Alert] = {}
    for notification in planned:
        alert = notification.alert
        if alert is None or notification.lane is not Lane.URGENT or alert.revision == 1:
            continue
        is_sent_since = any(
            row.message_id is not None and row.revision >= alert.opened_revision
            for row in earlier.get(alert.pk, ())
        )
        # Else it is an update of what was sent, or goes to somebody in another's place.
        if alert.is_open and Kind(alert.kind).opens and not is_sent_since:
            reopened[id(alert)] = alert
    return list(reopened.values())


def _defer_storm(
    planned: list[PlannedNotification], limits: Limits, plan: NotificationPlan
) -> list[PlannedNotification]:
    """Defer routine texts to addresses in a storm; return the rest.

    They got many texts recently, or wait for a digest already.
    """

    def until(notification: PlannedNotification) -> datetime | _Leaves:
        if notification.lane is not Lane.ROUTINE:
            return LEAVES
        key = notification.key
        is_storm = key in limits.digest_at or limits.recent[key] >= limits.storm_threshold
        if is_storm:
            return limits.digest_at.get(key, limits.now + limits.window)
        limits.recent[key] += 1
        return LEAVES

    return _defer(planned, plan, DeferralReason.STORM, until)


def _defer_over_quota(
    planned: list[PlannedNotification], limits: Limits, plan: NotificationPlan
) -> list[PlannedNotification]:
    """Count each alert's SMS, urgent ones first; defer what exceeds a quota, return the rest.

    A quota defers an alert's routine SMS; a hard quota everything, mails too.
    """
    by_alert: defaultdict[int, list[PlannedNotification]] = defaultdict(list)
    for notification in sorted(planned, key=lambda n: n.lane is not Lane.URGENT):
        by_alert[id(notification.alert)].append(notification)
    reasons: dict[int, DeferralReason] = {}
    for of_alert in by_alert.values():
        alert = of_alert[0].alert
        if alert is not None:
            reasons |= _over_quota(of_alert, alert.incident.source, limits)
    tomorrow = next_day(limits.now)
    remaining = planned
    for reason in (DeferralReason.HARD_QUOTA, DeferralReason.QUOTA):
        over = [n for n in remaining if reasons.get(id(n)) is reason]
        plan.deferred += [n.deferred(reason, tomorrow) for n in over]
        remaining = [n for n in remaining if n not in over]
    return remaining


def _over_quota(
    of_alert: list[PlannedNotification], source: Source, limits: Limits
) -> dict[int, DeferralReason]:
    """Return which of an alert's notifications a quota defers, by their id(); count the others."""
    segments = segments_of(of_alert)
    if not limits.has_room(source, max(segments, 1), hard=True):
        limits.mark_reached(source)
        return {id(n): DeferralReason.HARD_QUOTA for n in of_alert}
    if of_alert[0].lane is Lane.ROUTINE and not limits.has_room(source, segments):
        limits.mark_reached(source)
        return {id(n): DeferralReason.QUOTA for n in of_alert if n.channel is Channel.SMS}
    limits.add(source, segments)
    return {}


def _defer(
    planned: list[PlannedNotification],
    plan: NotificationPlan,
    reason: DeferralReason,
    until: Callable[[PlannedNotification], datetime | _Leaves | None],
) -> list[PlannedNotification]:
    """Defer those that do not leave, until the time that `until` gives, if any; return the rest."""
    remaining = []
    for notification in planned:
        deferred_until = until(notification)
        if isinstance(deferred_until, _Leaves):
            remaining.append(notification)
        else:
            plan.deferred.append(notification.deferred(reason, deferred_until))
    return remaining
