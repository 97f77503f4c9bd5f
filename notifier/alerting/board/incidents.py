"""The incidents under way, and those of a past period, a line for each organisation told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Min, Q, QuerySet
from django.utils import timezone

from notifier.alerting.answers.alive import takes_answers
from notifier.alerting.board.answers import (
    UNANSWERED,
    Answers,
    AnswerState,
    in_words,
    read_answers,
)
from notifier.alerting.board.readers import Reached, Reader, reached, readers_of
from notifier.alerting.kinds import Kind
from notifier.alerting.models import OF_ALERT, Alert, Notification, NotificationState
from notifier.alerting.notification.history import notifications_of
from notifier.alerting.policy.current import label_of
from notifier.alerting.policy.expiry import CLOSING_LIFETIME
from notifier.alerting.policy.terms import parse_terms
from notifier.intake.models import Incident
from notifier.intake.schema.vocabulary import Severity

# What ended stays in sight so long.
SHOWN_AFTER_END = timedelta(hours=2)
MAX_ALERTS = 1_000
MAX_NIGHT = 60
# Nobody has to do more.
_ENOUGH = (Reached.BY_MAIL, Reached.YES)
# The longest period that is listed at once.
MAX_PERIOD = timedelta(days=7)


@dataclass(frozen=True)
class OrganisationLine:
    """One organisation that is told of an incident: who, how, and what became of it."""

    alert: Alert
    where: str
    """The commune in which it is, where that is not the organisation."""
    terms: str
    """The convention under which it is told, in French; empty by law."""
    readers: list[Reader]
    reached: Reached
    answers: Answers

    @property
    def answer_in_words(self) -> str:
        """What became of its question, in one line of French."""
        return in_words(self.alert, self.answers)

    @property
    def takes_answers(self) -> bool:
        """Whether an answer is wanted of it, and may still be given."""
        return self.answers.is_asked and takes_answers(self.alert, timezone.now())

    @property
    def is_unanswered(self) -> bool:
        """Whether it goes on, wants an answer and has none."""
        return self.answers.is_unanswered and not self.is_over

    @property
    def people(self) -> list[list[Reader]]:
        """The readers, by person: each on one channel or more."""
        by_person: dict[str, list[Reader]] = {}
        for one in self.readers:
            by_person.setdefault(one.person, []).append(one)
        return list(by_person.values())

    @property
    def is_over(self) -> bool:
        """Whether its end, or its cancellation, was told."""
        return not self.alert.is_open

    @property
    def ended_at(self) -> datetime | None:
        """When it ended for us."""
        return self.alert.expires_at - CLOSING_LIFETIME if self.is_over else None

    @property
    def is_cancelled(self) -> bool:
        """Whether it was cancelled rather than closed."""
        return Kind(self.alert.kind) is Kind.CANCELLATION


@dataclass(frozen=True)
class IncidentLine:
    """One incident, with the organisations that are told of it, the unreached first."""

    incident: Incident
    category: str
    severity: str
    since: datetime
    is_exercise: bool
    organisations: list[OrganisationLine]

    @property
    def is_over(self) -> bool:
        """Whether it is for all organisations."""
        return all(line.is_over for line in self.organisations)

    @property
    def ended_at(self) -> datetime | None:
        """When it ended for the last of them."""
        ends = [line.ended_at for line in self.organisations]
        return max(end for end in ends if end) if self.is_over else None

    @property
    def reached(self) -> Reached:
        """The worst of what is true of its organisations."""
        found = {line.reached for line in self.organisations}
        return next(one for one in Reached if one in found)

    @property
    def answer(self) -> AnswerState:
        """The worst of what is true of the answers of its organisations."""
        found = {line.answers.state for line in self.organisations}
        return next(one for one in AnswerState if one in found)

    @property
    def is_contested_by_commune(self) -> bool:
        """Whether a commune is among the organisations whose reader says that it is elsewhere."""
        contested = AnswerState.NOT_MINE
        return any(
            one.answers.state is contested and one.alert.is_of_commune for one in self.organisations
        )

    @property
    def is_unanswered(self) -> bool:
        """Whether one of them goes on without an answer that it wants."""
        return any(line.is_unanswered for line in self.organisations)

    @property
    def needs_a_person(self) -> bool:
        """Whether somebody has to look after it: nobody is reached, or nobody left to answer."""
        urgent = (AnswerState.DUTY, AnswerState.NOT_MINE, AnswerState.CALL_ME)
        return any(
            line.reached is Reached.NOBODY or line.answers.state in urgent
            for line in self.organisations
            if not line.is_over
        )

    @property
    def asked(self) -> list[OrganisationLine]:
        """The organisations of which an answer is wanted."""
        return [line for line in self.organisations if line.answers.is_asked]

    @property
    def number_answered(self) -> int:
        """Of how many organisations somebody answered."""
        return sum(line.answers.is_answered for line in self.organisations)

    @property
    def number_reached(self) -> int:
        """Of how many organisations somebody has it, or a mail that suffices went."""
        return sum(line.reached in _ENOUGH for line in self.organisations)

    @property
    def names(self) -> list[str]:
        """Where it is: the communes, each once."""
        return list(dict.fromkeys(line.where for line in self.organisations))


@dataclass(frozen=True)
class Board:
    """What is under way; `is_cut`: more than MAX_ALERTS are, and the oldest are missing."""

    incidents: list[IncidentLine]
    is_cut: bool = False

    @property
    def under_way(self) -> list[IncidentLine]:
        """Those that go on: unanswered ones first, then the unreached, of both the oldest first."""
        return [line for line in self.incidents if not line.is_over]

    @property
    def over(self) -> list[IncidentLine]:
        """Those that ended a moment ago, the latest first."""
        return [line for line in self.incidents if line.is_over]

    @property
    def unreached(self) -> list[tuple[IncidentLine, OrganisationLine]]:
        """The organisations of which nobody got it."""
        return [
            (line, one)
            for line in self.under_way
            for one in line.organisations
            if one.reached is Reached.NOBODY and not one.is_over
        ]

    @property
    def unanswered(self) -> list[tuple[IncidentLine, OrganisationLine]]:
        """The organisations that want an answer of which nobody has given one."""
        return [
            (line, one)
            for line in self.under_way
            for one in line.organisations
            if one.is_unanswered
        ]

    @property
    def to_answer(self) -> list[tuple[IncidentLine, OrganisationLine]]:
        """The organisations of which nobody has answered, or where a reader waits for a call."""
        waiting = (*UNANSWERED, AnswerState.CALL_ME)
        return [
            (line, one)
            for line in self.under_way
            for one in line.organisations
            if one.answers.state in waiting and not one.is_over
        ]


@dataclass(frozen=True)
class Night:
    """A page of what was told in a period, and the key after which the next one begins."""

    incidents: list[IncidentLine]
    next: int | None


def incidents_under_way(alerts: QuerySet[Alert], now: datetime) -> Board:
    """Return what goes on of these alerts, and what ended within SHOWN_AFTER_END.

    What is of no more use is not under way any more, though its source never ended it. Two
    statements.
    """
    ended_lately = now + CLOSING_LIFETIME - SHOWN_AFTER_END
    useful = alerts.filter(expires_at__gt=now)
    shown = useful.filter(Q(is_open=True) | Q(expires_at__gt=ended_lately))
    found = _read(shown.order_by("-id")[: MAX_ALERTS + 1])
    return Board(_lines(found[:MAX_ALERTS]), is_cut=len(found) > MAX_ALERTS)


def incidents_between(
    alerts: QuerySet[Alert],
    notifications: QuerySet[Notification],
    begins: datetime,
    ends: datetime,
    before: int | None = None,
) -> Night:
    """Return the incidents of which something was told in the period, the latest first.

    Those after `before`, the key of the page before it. Three statements.
    """
    told = notifications.filter(
        created_at__gte=begins,
        created_at__lt=ends,
        kind__in=OF_ALERT,
        incident__isnull=False,
    ).exclude(state=NotificationState.SUPPRESSED, message=None)
    firsts = told.order_by().values("incident").annotate(first=Min("id"))
    if before is not None:
        firsts = firsts.filter(first__lt=before)
    found = list(firsts.order_by("-first")[: MAX_NIGHT + 1])
    shown = {row["incident"]: row["first"] for row in found[:MAX_NIGHT]}
    lines = _lines(_read(alerts.filter(incident__in=list(shown)).order_by("id")))
    in_order = sorted(lines, key=lambda line: -shown[line.incident.pk])
    return Night(in_order, min(shown.values()) if len(found) > MAX_NIGHT else None)


def organisation_lines(alerts: Iterable[Alert]) -> list[OrganisationLine]:
    """Return a line for each alert, in their order. Three statements at most."""
    of_alerts = list(alerts)
    by_alert = notifications_of(*[alert.pk for alert in of_alerts])
    answers = read_answers(of_alerts)
    return [
        organisation_line(alert, by_alert.get(alert.pk, []), answers.of(alert))
        for alert in of_alerts
    ]


def organisation_line(
    alert: Alert, notifications: Sequence[Notification], answers: Answers
) -> OrganisationLine:
    """Return the line of an alert; `notifications` as `notifications_of` reads them."""
    readers = readers_of(alert, notifications)
    terms = parse_terms(alert.terms)
    where = alert.organisation_name if terms.is_by_law else str(alert.facts.get("commune", ""))
    return OrganisationLine(alert, where, terms.in_words, readers, reached(alert, readers), answers)


def _read(alerts: QuerySet[Alert]) -> list[Alert]:
    return list(alerts.select_related("incident__source"))


def _lines(alerts: Sequence[Alert]) -> list[IncidentLine]:
    by_incident: dict[int, list[OrganisationLine]] = {}
    for line in organisation_lines(alerts):
        by_incident.setdefault(line.alert.incident_id, []).append(line)
    lines = [_incident(own) for own in by_incident.values()]
    return sorted(lines, key=_urgency)


def _urgency(line: IncidentLine) -> tuple[int, float]:
    if line.ended_at is not None:
        return 3, -line.ended_at.timestamp()
    if line.is_unanswered:
        return 0, line.since.timestamp()
    is_well = line.reached in _ENOUGH and not line.needs_a_person
    return 2 if is_well else 1, line.since.timestamp()


def need(line: OrganisationLine) -> tuple[bool, int, int]:
    """Return a key that puts those first that need a person most."""
    return not line.is_unanswered, list(Reached).index(line.reached), line.alert.pk


def _incident(lines: list[OrganisationLine]) -> IncidentLine:
    own = sorted(lines, key=need)
    first = min(lines, key=lambda line: line.alert.pk).alert
    gravest = max(lines, key=lambda line: Severity(line.alert.severity).rank).alert
    return IncidentLine(
        first.incident,
        label_of(first.category),
        Severity(gravest.severity).label,
        min(line.alert.opened_at for line in lines),
        bool(first.facts.get("exercise")),
        own,
    )
