"""Count the alerts of a territory in a month or a year: how many, of what, to whom, how fast.

What a council for security, a municipal council or a préfet asks for once a year.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Count, F, Min, Q, QuerySet
from django.db.models.functions import ExtractMonth, ExtractYear

from notifier.alerting.figures.answered import AnswerFigures, answer_figures
from notifier.alerting.figures.delay import Delay
from notifier.alerting.figures.outcome import BEST_OUTCOME, AlertOutcome
from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert, Notification, NotificationState
from notifier.alerting.policy.current import categories
from notifier.delivery.models import DELIVERED_STATES
from notifier.directory.conventions.deadlines import add_months
from notifier.directory.models import OrganisationKind, OrganisationRef
from notifier.directory.on_call.shifts import local_moment


@dataclass(frozen=True)
class Period:
    """A year, or one of its months, in a territory's time zone."""

    year: int
    month: int | None
    zone: ZoneInfo

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.month or 1, 1)

    @property
    def months(self) -> list[date]:
        """The first day of each of its months."""
        return [add_months(self.first, n) for n in range(1 if self.month else 12)]

    @property
    def starts_at(self) -> datetime:
        """Its first moment."""
        return self._moment(self.first)

    @property
    def ends_at(self) -> datetime:
        """The first moment after it."""
        return self._moment(add_months(self.months[-1], 1))

    def _moment(self, day: date) -> datetime:
        return local_moment(datetime(day.year, day.month, 1), self.zone)  # noqa: DTZ001 - local


Outcomes = Counter[AlertOutcome]


@dataclass
class Figures:
    """The alerts of a territory and a period; exercises count nowhere, cancelled alerts apart."""

    incidents: int = 0
    cancelled: int = 0
    outcomes: Outcomes = field(default_factory=Counter)
    months: dict[date, Outcomes] = field(default_factory=dict)
    families: dict[str, Outcomes] = field(default_factory=dict)
    """By the family's code."""
    communes: dict[OrganisationRef, Outcomes] = field(default_factory=dict)
    organisations: dict[OrganisationRef, Outcomes] = field(default_factory=dict)
    """Told under conventions."""
    conventions: dict[str, Outcomes] = field(default_factory=dict)
    """By their titles."""
    names: dict[OrganisationRef, str] = field(default_factory=dict)
    delay: Delay | None = None
    """From the report to the first telephone or mailbox that had the text."""
    delays: dict[date, Delay] = field(default_factory=dict)
    withheld: dict[str, int] = field(default_factory=dict)
    """How many incidents each rule kept from an organisation there, by the rule."""
    answers: AnswerFigures = field(default_factory=AnswerFigures)

    @property
    def alerts(self) -> int:
        """How many alerts there were."""
        return self.outcomes.total()


def figures_of_period(
    alerts: QuerySet[Alert], notifications: QuerySet[Notification], period: Period
) -> Figures:
    """Count the alerts, and what was withheld, of incidents first reported in the period.

    Both querysets hold what the reader may count. Three statements, whatever there is to count.
    """
    figures = Figures(months={month: Counter() for month in period.months})
    counted = _counted(alerts, period)
    _count_alerts(figures, _told(counted, period))
    figures.answers = answer_figures(counted.exclude(kind=Kind.CANCELLATION))
    withheld = notifications.filter(
        state=NotificationState.SUPPRESSED,
        alert=None,
        incident__opened_at__gte=period.starts_at,
        incident__opened_at__lt=period.ends_at,
        report__exercise=False,
    )
    by_rule = withheld.values("reason").annotate(count=Count("incident", distinct=True))
    figures.withheld = dict(by_rule.order_by("-count").values_list("reason", "count"))
    return figures


def family_label(code: str) -> str:
    """Return a family's label, "accidents de la circulation"; else its code."""
    return categories().families.get(code, code)


def _counted(alerts: QuerySet[Alert], period: Period) -> QuerySet[Alert]:
    return alerts.filter(
        incident__opened_at__gte=period.starts_at,
        incident__opened_at__lt=period.ends_at,
        facts__exercise=False,
    ).order_by()


def _told(counted: QuerySet[Alert], period: Period) -> QuerySet[Alert, Any]:
    """Return a row for each alert: what it is, what became of it, and how soon."""
    message = "notification__message__"
    opened = "incident__opened_at"
    return (
        counted.annotate(
            counted_month=ExtractYear(opened, tzinfo=period.zone) * 100
            + ExtractMonth(opened, tzinfo=period.zone),
            agreements=F("terms__conventions"),
        )
        .values(
            "pk", "incident_id", "organisation_kind", "organisation", "organisation_name",
            "category", "kind", "counted_month", "agreements",
        )
        .annotate(
            outcome=BEST_OUTCOME,
            delay=Min(
                F(f"{message}ended_at") - F(f"{message}reported_at"),
                filter=Q(**{f"{message}state__in": DELIVERED_STATES}, notification__revision=1),
            ),
        )
    )  # fmt: skip


# One reading of the alerts, counted in several ways: a name of the way, a key, a label, what became
# of them, how many, seconds.
_COUNTED = """
WITH told AS ({told}),
counted AS (SELECT * FROM told WHERE kind <> '{cancellation}'),
timed AS (SELECT counted_month, {seconds} AS seconds FROM counted WHERE delay IS NOT NULL),
ranked AS (
 SELECT counted_month, seconds, row_number() OVER (ORDER BY seconds) AS place,
  count(*) OVER () AS timed,
  row_number() OVER (PARTITION BY counted_month ORDER BY seconds) AS month_place,
  count(*) OVER (PARTITION BY counted_month) AS month_timed FROM timed)
SELECT 'incidents', '', '', 0, count(DISTINCT incident_id),
 CAST(NULL AS double precision) FROM counted
UNION ALL SELECT 'cancelled', '', '', 0, count(*), NULL FROM told WHERE kind = '{cancellation}'
UNION ALL SELECT 'month', CAST(counted_month AS varchar(6)), '', outcome, count(*), NULL
 FROM counted GROUP BY counted_month, outcome
UNION ALL SELECT 'family', substr(category, 1, 3), '', outcome, count(*), NULL
 FROM counted GROUP BY substr(category, 1, 3), outcome
UNION ALL SELECT organisation_kind, organisation, max(organisation_name), outcome, count(*), NULL
 FROM counted GROUP BY organisation_kind, organisation, outcome
UNION ALL SELECT 'conventions', CAST(agreements AS text), '', outcome, count(*), NULL
 FROM counted WHERE agreements IS NOT NULL GROUP BY CAST(agreements AS text), outcome
UNION ALL SELECT 'delay', '', CAST(share AS varchar(2)), 0, timed, seconds
 FROM ranked, (SELECT 50 AS share UNION ALL SELECT 95) AS shares
 WHERE place = (timed * share + 99) / 100
UNION ALL SELECT 'delay', CAST(counted_month AS varchar(6)), CAST(share AS varchar(2)), 0,
 month_timed, seconds FROM ranked, (SELECT 50 AS share UNION ALL SELECT 95) AS shares
 WHERE month_place = (month_timed * share + 99) / 100
"""
_SECONDS = {
    "postgresql": "CAST(EXTRACT(EPOCH FROM delay) AS double precision)",
    "sqlite": "delay / 1000000.0",
}


def _count_alerts(figures: Figures, told: QuerySet[Alert, Any]) -> None:
    sql, params = told.query.sql_with_params()
    statement = _COUNTED.format(
        told=sql, cancellation=Kind.CANCELLATION.value, seconds=_SECONDS[connection.vendor]
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        rows = cursor.fetchall()
    delays: dict[str, dict[str, float]] = {}
    timed: dict[str, int] = {}
    for way, key, label, outcome, count, seconds in rows:
        if way == "delay":
            delays.setdefault(key, {})[label] = seconds
            timed[key] = count
        else:
            _add(figures, way, key, label, Counter({AlertOutcome(outcome): count}))
    for key, shares in delays.items():
        delay = Delay(shares["50"], shares["95"], timed[key])
        if key:
            figures.delays[_month(key)] = delay
        else:
            figures.delay = delay


def _add(figures: Figures, way: str, key: str, label: str, outcomes: Outcomes) -> None:
    match way:
        case "incidents":
            figures.incidents = outcomes.total()
        case "cancelled":
            figures.cancelled = outcomes.total()
        case "month":
            figures.months[_month(key)] += outcomes
        case "family":
            figures.outcomes += outcomes
            figures.families.setdefault(key, Counter()).update(outcomes)
        case "conventions":
            for title in json.loads(key):
                figures.conventions.setdefault(title, Counter()).update(outcomes)
        case _:
            ref = OrganisationRef(way, key)
            figures.names[ref] = label
            is_commune = way == OrganisationKind.COMMUNE
            of = figures.communes if is_commune else figures.organisations
            of.setdefault(ref, Counter()).update(outcomes)


def _month(key: str) -> date:
    return date(int(key[:4]), int(key[4:]), 1)
