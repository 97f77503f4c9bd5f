"""Decide which planned notifications leave now, and which are deferred. Reads and writes nothing.

what is deferred already -> urgent alerts taken up too often -> routine ones in a storm -> quotas

An urgent text is never gathered, and never deferred for its cost but by a source's hard quota. What
a deferred notification says is composed when it is released, as the alert then stands
(notifier.alerting.throttling.release).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime

from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert, DeferralReason, Notification, NotificationState
from notifier.alerting.notification.planned import PlannedNotification, Throttled, address_key
from notifier.alerting.throttling.limits import Limits, next_day, segments_of
from notifier.delivery.models import Channel, Lane
from notifier.intake.models import Source


def throttle(
    planned: Iterable[PlannedNotification],
    earlier: dict[int, list[Notification]],
    limits: Limits,
) -> Throttled:
    """Sort the planned notifications; what leaves counts against the limits from now on.

    `earlier` holds the notifications of each alert by its id. An urgent alert that is taken up
    again and leaves has its `reopening_told_at` set.
    """
    found = Throttled()
    left = _join_deferred(list(planned), earlier, found)
    left = _defer_flapping(left, earlier, limits, found)
    left = _defer_storm(left, limits, found)
    found.queued = _defer_over_quota(left, limits, found)
    return found


def _join_deferred(
    planned: list[PlannedNotification], earlier: dict[int, list[Notification]], found: Throttled
) -> list[PlannedNotification]:
    """Let a deferred notification speak for the news about its alert, until it is released.

    A rise to urgent takes its place and leaves at once; an end does not, as its reader knows of
    nothing.
    """
    left = []
    for each in planned:
        row = _deferred_row(each, earlier)
        if row is None:
            left.append(each)
        elif _speaks_for(row, each):
            found.joined.append((each, row))
        else:
            found.superseded.append(row)
            left.append(each)
    return left


def _deferred_row(
    planned: PlannedNotification, earlier: dict[int, list[Notification]]
) -> Notification | None:
    rows = earlier.get(planned.alert.pk, ()) if planned.alert else ()
    for row in rows:
        is_same = address_key(row.channel, row.address) == planned.key
        if row.state == NotificationState.DEFERRED and is_same:
            return row
    return None


def _speaks_for(row: Notification, planned: PlannedNotification) -> bool:
    kind = _kind(planned)
    is_news = planned.lane is Lane.URGENT and not kind.closes
    return not is_news or (row.reason == DeferralReason.FLAPPING and kind.opens)


def _defer_flapping(
    planned: list[PlannedNotification],
    earlier: dict[int, list[Notification]],
    limits: Limits,
    found: Throttled,
) -> list[PlannedNotification]:
    """Defer an urgent alert that is taken up again too soon after it last was.

    The first time is news and leaves at once. What then flaps is told once the pause is over, if it
    is still open: a mayor who read « terminée » must not believe it for longer than that.
    """
    until: dict[int, datetime] = {}
    for alert in _taken_up_again(planned, earlier):
        pause_over_at = alert.reopening_told_at and alert.reopening_told_at + limits.reopening
        if pause_over_at and pause_over_at > limits.now:
            until[id(alert)] = pause_over_at
        else:
            alert.reopening_told_at = limits.now
    return _defer(planned, found, DeferralReason.FLAPPING, lambda each: until.get(id(each.alert)))


def _taken_up_again(
    planned: Iterable[PlannedNotification], earlier: dict[int, list[Notification]]
) -> list[Alert]:
    """The urgent alerts that were closed, are open again, and of which nobody was told since."""
    reopened: dict[int, Alert] = {}
    for each in planned:
        alert = each.alert
        if alert is None or each.lane is not Lane.URGENT or alert.revision == 1:
            continue
        told_since = any(
            row.message_id is not None and row.revision >= alert.opened_revision
            for row in earlier.get(alert.pk, ())
        )
        # Else it is a change of what was told, or somebody is told in another's place.
        if alert.is_open and Kind(alert.kind).opens and not told_since:
            reopened[id(alert)] = alert
    return list(reopened.values())


def _defer_storm(
    planned: list[PlannedNotification], limits: Limits, found: Throttled
) -> list[PlannedNotification]:
    """Defer the routine texts for whoever got many lately, or reads a digest these minutes."""

    def until(each: PlannedNotification) -> datetime | None:
        if each.lane is not Lane.ROUTINE:
            return None
        is_storm = each.key in limits.gathered_until or limits.recent[each.key] >= limits.texts
        limits.recent[each.key] += 1
        return limits.gathered_until.get(each.key, limits.now + limits.window) if is_storm else None

    return _defer(planned, found, DeferralReason.STORM, until)


def _defer_over_quota(
    planned: list[PlannedNotification], limits: Limits, found: Throttled
) -> list[PlannedNotification]:
    """Count the SMS of each alert, urgent ones first; defer what would pass its source's quota.

    A quota defers an alert's routine SMS; a hard quota everything, mails too.
    """
    by_alert: defaultdict[int, list[PlannedNotification]] = defaultdict(list)
    for each in sorted(planned, key=lambda each: each.lane is not Lane.URGENT):
        by_alert[id(each.alert)].append(each)
    over: dict[int, DeferralReason] = {}
    for together in by_alert.values():
        alert = together[0].alert
        if alert is None:
            continue
        for each, reason in _over_quota(together, alert.incident.source, limits):
            over[id(each)] = reason
    tomorrow = next_day(limits.now)
    left = planned
    for reason in (DeferralReason.HARD_QUOTA, DeferralReason.QUOTA):
        those = [each for each in left if over.get(id(each)) is reason]
        found.deferred += [each.deferred(reason, tomorrow) for each in those]
        left = [each for each in left if each not in those]
    return left


def _over_quota(
    together: list[PlannedNotification], source: Source, limits: Limits
) -> list[tuple[PlannedNotification, DeferralReason]]:
    """Those of an alert that its source's quotas defer; what is within them is counted."""
    segments = segments_of(together)
    if not limits.has_room(source, max(segments, 1), hard=True):
        return [(each, DeferralReason.HARD_QUOTA) for each in together]
    if together[0].lane is Lane.ROUTINE and not limits.has_room(source, segments):
        return [(each, DeferralReason.QUOTA) for each in together if each.channel is Channel.SMS]
    limits.count(source, segments)
    return []


def _defer(
    planned: list[PlannedNotification],
    found: Throttled,
    reason: DeferralReason,
    until: Callable[[PlannedNotification], datetime | None],
) -> list[PlannedNotification]:
    """Put those aside for which `until` gives a time; the others."""
    left = []
    for each in planned:
        at = until(each)
        if at is None:
            left.append(each)
        else:
            found.deferred.append(each.deferred(reason, at))
    return left


def _kind(planned: PlannedNotification) -> Kind:
    if planned.alert is None:
        raise ValueError("only what tells of an alert is throttled")
    return Kind(planned.alert.kind)
