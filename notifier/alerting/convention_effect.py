"""What a convention changes: a past week told again without it, and with it. Stores nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from operator import attrgetter

from django.db.models import QuerySet
from django.utils import timezone

from notifier.alerting.decision.replay import Texts, Told, replay_convention
from notifier.directory.conventions.rules import is_among, rules_for
from notifier.directory.models import Convention, ConventionRule
from notifier.intake.models import Report, ReportState

# More are not planned again while somebody waits.
MAX_INCIDENTS = 100
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Difference:
    """One organisation and one category, of which the convention has more or less told."""

    told: Told
    without: Texts
    with_it: Texts


@dataclass(frozen=True)
class ConventionEffect:
    """A week with and without a convention."""

    monday: date
    at: datetime
    """The moment whose people and rules are taken: now, or when the convention was in force."""
    incidents: int
    """Those of its categories on its territory, which were planned again."""
    is_cut: bool
    """Whether there were more: the latest were taken."""
    differences: Sequence[Difference]

    @property
    def sunday(self) -> date:
        """The last day of the week."""
        return self.monday + WEEK - timedelta(days=1)


def effect_of(convention: Convention, monday: date, reports: QuerySet[Report]) -> ConventionEffect:
    """Return what a convention would have changed of the reports received in a week.

    `reports` are those that may be looked at. The week begins in the service's own time zone.
    """
    rules = list(convention.rules.all())
    at = _moment_of(rules, timezone.now())
    ids = _concerned(convention, rules, _received(reports, monday), at)
    latest = sorted(ids, reverse=True)[:MAX_INCIDENTS]
    rows = Report.objects.filter(incident__in=latest).select_related("incident__source")
    decided = [r for r in rows.order_by("incident_id", "sequence") if r.is_ruled_upon]
    incidents = [list(of) for _, of in groupby(decided, key=attrgetter("incident_id"))]
    without, with_it = replay_convention(incidents, convention.reference, at)
    differences = [
        Difference(told, without.get(told, Texts()), with_it.get(told, Texts()))
        for told in sorted({*without, *with_it})
        if without.get(told) != with_it.get(told)
    ]
    return ConventionEffect(monday, at, len(incidents), len(ids) > len(latest), differences)


def _moment_of(rules: Iterable[ConventionRule], now: datetime) -> datetime:
    """Return now, or the moment nearest to now at which any of the rules is in force."""
    moments = []
    for rule in rules:
        if rule.ends_at is not None and rule.ends_at <= now:
            moments.append(max(rule.starts_at, rule.ends_at - timedelta(seconds=1)))
        else:
            moments.append(max(rule.starts_at, now))
    return min(moments, key=lambda moment: abs(moment - now), default=now)


def _received(reports: QuerySet[Report], monday: date) -> QuerySet[Report]:
    zone = timezone.get_default_timezone()
    begins = datetime.combine(monday, time.min, zone)
    ends = datetime.combine(monday + WEEK, time.min, zone)
    received = reports.filter(received_at__gte=begins, received_at__lt=ends)
    return received.exclude(state=ReportState.DISMISSED)


def _concerned(
    convention: Convention,
    rules: Sequence[ConventionRule],
    reports: QuerySet[Report],
    at: datetime,
) -> set[int]:
    """Return the incidents of its categories that may lie on its territory."""
    categories = {code for rule in rules for code in rule.categories}
    # Of a whole country's week few are of them: where the others were is not looked up.
    rows = [
        (incident, category, communes)
        for incident, category, communes in reports.values_list(
            "incident_id", "category", "communes"
        )
        if is_among(category, categories)
    ]
    codes = sorted({code for _, _, communes in rows for code in communes})
    own = rules_for(codes, at, convention.pk)
    return {
        incident
        for incident, category, communes in rows
        for rule in own
        if is_among(category, rule.categories) and not rule.all_communes.isdisjoint(communes)
    }
