"""Count the incidents of a month for organisations that a convention gives a figure only."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from django.db.models import QuerySet

from notifier.alerting.models import FIGURE, Notification, NotificationState
from notifier.alerting.policy.current import categories
from notifier.alerting.policy.text_kind import withheld
from notifier.directory.conventions.deadlines import add_months
from notifier.directory.models import ConventionRule, Detail, Organisation, OrganisationKind
from notifier.directory.on_call.shifts import local_moment
from notifier.intake.models import Report, ReportState
from notifier.intake.schema.vocabulary import Status
from notifier.territory.resolve import commune_by_code

# Fewer, where the category does not let the place be told, would point at somebody.
MIN_EXACT = 3


@dataclass(frozen=True)
class Figure:
    """How many incidents of a category a month had in a commune; never 0."""

    commune: str
    """Its name and code: "Delle (90033)"."""
    category: str
    """Its label."""
    count: int
    may_be_exact: bool
    """Whether the number itself may be read."""

    @property
    def in_words(self) -> str:
        """What may be read: "4", or "moins de 3"."""
        return str(self.count) if self.may_be_exact else f"moins de {MIN_EXACT}"


@dataclass(frozen=True)
class Month:
    """A month in an organisation's time zone, by its first day."""

    first: date
    organisation: Organisation

    @property
    def starts_at(self) -> datetime:
        """Its first moment."""
        return self._moment(self.first)

    @property
    def ends_at(self) -> datetime:
        """The first moment after it."""
        return self._moment(add_months(self.first, 1))

    @property
    def mailed_from(self) -> datetime:
        """From when on its figures are mailed: 8 h on the first of the next month."""
        return self._moment(add_months(self.first, 1), time(8))

    def is_touched_by(self, rule: ConventionRule) -> bool:
        """Return whether a rule was in force at some moment of it."""
        is_open = rule.ends_at is None or rule.ends_at > self.starts_at
        return is_open and rule.starts_at < self.ends_at

    def is_closed_under(self, rule: ConventionRule) -> bool:
        """Return whether a rule was in force when it ended."""
        is_open = rule.ends_at is None or rule.ends_at >= self.ends_at
        return is_open and rule.starts_at < self.ends_at

    def _moment(self, day: date, hour: time = time.min) -> datetime:
        return local_moment(datetime.combine(day, hour), self.organisation.zone_info)


def figure_rules() -> QuerySet[ConventionRule]:
    """Return the rules, of any time, that give a figure.

    Without those that tell nothing before a person releases it: nobody releases a figure.
    """
    rules = ConventionRule.objects.filter(detail=Detail.FIGURE, needs_release=False)
    of_others = rules.exclude(organisation__kind=OrganisationKind.QUARTER)
    return of_others.select_related("organisation", "convention").order_by("organisation", "id")


def figures_of(month: Month) -> list[Figure]:
    """Return the figures of an organisation's month, by commune and label.

    An incident belongs to the month in which it was first reported. It counts once, as it last
    stood and in the first of its communes of the territory: not if it was cancelled, is withheld
    from everybody, or left what the organisation is given figures of. Exercises count nowhere.
    Two SQL statements.
    """
    counts: Counter[tuple[str, str]] = Counter()
    is_exact: defaultdict[tuple[str, str], bool] = defaultdict(lambda: True)
    for code, report in _counted(month):
        category = categories().get(report.category)
        commune = commune_by_code(code)
        if category is None or commune is None:
            continue
        cell = commune.label, category.label
        counts[cell] += 1
        is_exact[cell] &= category.place
    return [
        Figure(*cell, count, may_be_exact=count >= MIN_EXACT or is_exact[cell])
        for cell, count in sorted(counts.items())
    ]


def _counted(month: Month) -> Iterator[tuple[str, Report]]:
    """Yield each incident that counts: the code of its commune, and the report that says what."""
    of = month.organisation
    rows = Notification.objects.filter(
        state=NotificationState.SUPPRESSED,
        reason=FIGURE,
        organisation_kind=of.kind,
        organisation=of.code,
        incident__opened_at__gte=month.starts_at,
        incident__opened_at__lt=month.ends_at,
    )
    commune_of = dict(rows.values_list("report_id", "commune"))
    # What is outside the source's territory has been decided as well: it is not here any more.
    decided = Report.objects.filter(
        incident__in=rows.values("incident"),
        state__in=(ReportState.DECIDED, ReportState.OUTSIDE),
        exercise=False,
    )
    of_incident: defaultdict[int, list[Report]] = defaultdict(list)
    for report in decided.order_by("incident", "sequence"):
        of_incident[report.incident_id].append(report)
    for reports in of_incident.values():
        said = _last_said(reports, commune_of)
        if said and _counts(reports[-1]):
            yield commune_of[said.pk], said


def _last_said(reports: Sequence[Report], commune_of: Mapping[UUID, str]) -> Report | None:
    """Return the report that says what an incident was and where; None where it is counted no more.

    The last one, but an end that says nothing of where: it stands as it did before.
    """
    for report in reversed(reports):
        if report.pk in commune_of:
            return report
        if report.status != Status.CLOSED:
            break
    return None


def _counts(last: Report) -> bool:
    category = categories().get(last.category)
    is_withheld = category is None or withheld(last.severity, category) is not None
    return last.status != Status.CANCELLED and not is_withheld
