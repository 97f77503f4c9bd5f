"""Everything that a plan goes by, read before it is made. The dry run reads the same, unlocked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection
from django.utils import timezone

from notifier.alerting.decision.affected import Affected, affected
from notifier.alerting.decision.rulings import CommuneRuling, rule_on_all
from notifier.alerting.models import Alert, Notification
from notifier.alerting.notification.history import notifications_of
from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.current import categories
from notifier.alerting.throttling.limits import Limits, read_limits
from notifier.directory.recipients import Person, active_people
from notifier.intake.models import Report


@dataclass(frozen=True)
class RuledReport:
    """A report as it will stand, where it is, and what is ruled for each commune.

    `reports` are all of its incident, by sequence. No category and no rulings where nobody may be
    told.
    """

    report: Report
    reports: list[Report]
    affected: Affected
    category: Category | None = None
    rulings: list[CommuneRuling] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    """The incident's alerts so far."""


@dataclass(frozen=True)
class Situation:
    """What is known when a plan is made, by commune and by alert."""

    now: datetime
    people: dict[str, list[Person]]
    earlier: dict[int, list[Notification]]
    """The notifications of each alert so far."""
    limits: Limits


def rule(reports: Iterable[tuple[Report, list[Report]]], *, lock: bool) -> list[RuledReport]:
    """Find where each of the reports is and what is ruled there; each of another incident.

    One statement if any of them may be told and is not the first of its incident; `lock`: the
    alerts are locked until commit.
    """
    placed = [_placed(report, of_incident) for report, of_incident in reports]
    # An incident of which nothing was decided yet has no alert.
    followed = [
        each.report.incident_id
        for each in placed
        if each.category is not None and any(one.handled_at for one in each.reports)
    ]
    alerts = _alerts_of(followed, lock=lock)
    return [_with_rulings(each, alerts[each.report.incident_id]) for each in placed]


def read_situation(ruled: Sequence[RuledReport], *, lock: bool) -> Situation:
    """Read who is there to be told, what was told before, and what throttling goes by.

    `lock`: what is deferred, and today's quotas, are locked until commit. One statement for first
    alerts of sources without a quota.
    """
    telling = [each for each in ruled if any(one.ruling.kind for one in each.rulings)]
    communes = {
        one.commune.code for each in telling for one in each.rulings if one.ruling.kind is not None
    }
    now = timezone.now()
    people = active_people(sorted(communes), now)
    earlier = notifications_of(*[a.pk for each in telling for a in each.alerts], lock=lock)
    routine = {
        address
        for each in telling
        if each.category is not None and not each.category.is_urgent
        for one in each.rulings
        for person in people.get(one.commune.code, ())
        for address in person.addresses.values()
    }
    limits = read_limits(routine, [each.report.source for each in telling], lock=lock)
    return Situation(now, people, earlier, limits)


def _placed(report: Report, reports: list[Report]) -> RuledReport:
    as_it_will_stand = copy(report)
    found = affected(as_it_will_stand, reports)
    category = categories().get(report.category) if found.tells else None
    return RuledReport(as_it_will_stand, reports, found, category)


def _with_rulings(placed: RuledReport, alerts: list[Alert]) -> RuledReport:
    if placed.category is None:
        return placed
    for alert in alerts:
        alert.incident = placed.report.incident
    rulings = rule_on_all(placed.report, placed.category, placed.affected, alerts)
    return RuledReport(
        placed.report, placed.reports, placed.affected, placed.category, rulings, alerts
    )


def _alerts_of(incident_ids: Sequence[int], *, lock: bool) -> dict[int, list[Alert]]:
    """What each incident told so far, the latest alert first; no statement without an incident."""
    found: defaultdict[int, list[Alert]] = defaultdict(list)
    if incident_ids:
        for_update = "FOR UPDATE" if lock and connection.features.has_select_for_update else ""
        marks = ", ".join(["%s"] * len(incident_ids))
        # Written out, for Django takes longer to compile it than the database to answer.
        sql = (
            f"SELECT * FROM alerting_alert WHERE incident_id IN ({marks}) "  # noqa: S608 - marks
            f"ORDER BY id DESC {for_update}"
        )
        for alert in Alert.objects.raw(sql, list(incident_ids)):
            found[alert.incident_id].append(alert)
    return found
