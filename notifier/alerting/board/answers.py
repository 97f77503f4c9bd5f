"""Say of each alert what its readers answered, by function; or how long nobody has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils import timezone

from notifier.alerting.answers.effects import COUNTED_KINDS
from notifier.alerting.board.alarms import Alarm, Alarms, read_alarms
from notifier.alerting.escalation.duty_alarm import Want
from notifier.alerting.models import Alert, Answer, AnswerKind, AnswerMeans, answer_label
from notifier.moments import written_hour


class AnswerState(StrEnum):
    """Whether somebody of the organisation has answered; the first needs a person most."""

    DUTY = "duty"
    """Nobody did, nobody is left to be told: the duty officer was alarmed."""
    NOT_MINE = "not_mine"
    """A reader says that it is elsewhere; nobody else is told for want of an answer."""
    WAITING = "waiting"
    """Nobody did; the next person is told at a moment."""
    CALL_ME = "call_me"
    """Whoever answered waits to be called back."""
    NEVER = "never"
    """It ended without an answer."""
    NOTED = "noted"
    TAKEN = "taken"
    NOT_ASKED = "not_asked"


# Nobody knows, as far as we do, and it goes on.
UNANSWERED = (AnswerState.DUTY, AnswerState.WAITING)


@dataclass(frozen=True)
class GivenAnswer:
    """What one person answered, without a name."""

    person: str
    title: str
    kind: AnswerKind
    means: AnswerMeans
    at: datetime
    handed_to: str
    """The function of who was told in their place."""
    label: str
    """The kind, in French, as people of their organisation say it."""

    @property
    def in_words(self) -> str:
        """What was answered, in French: "je m’en occupe"."""
        to = f" ({self.handed_to})" if self.handed_to else ""
        return f"{self.label}{to}"

    @property
    def by(self) -> str:
        """By which means, in French: "par le lien"."""
        return str(self.means.label)


@dataclass(frozen=True)
class Answers:
    """What became of the question of an alert since it was opened."""

    state: AnswerState
    given: Sequence[GivenAnswer] = ()
    wanted: int = 0
    due_at: datetime | None = None
    """When the next person is told."""
    duty_due_at: datetime | None = None
    """When the duty officer is alarmed anew, who has not decided where it is."""
    alarms: Sequence[Alarm] = ()
    """When the duty officer was, the oldest first."""
    said: GivenAnswer | None = None
    """The answer that the state goes by; None where there is none."""

    @property
    def alarmed_at(self) -> datetime | None:
        """When the duty officer was alarmed last; None where it never was."""
        return self.alarms[-1].at if self.alarms else None

    @property
    def is_asked(self) -> bool:
        """Whether the alert wants an answer."""
        return self.state is not AnswerState.NOT_ASKED

    @property
    def is_unanswered(self) -> bool:
        """Whether it goes on and nobody has answered."""
        return self.state in UNANSWERED

    @property
    def is_answered(self) -> bool:
        """Whether somebody knows."""
        return self.state in (AnswerState.NOTED, AnswerState.TAKEN, AnswerState.CALL_ME)

    @property
    def people_known(self) -> int:
        """How many people gave an answer that counts."""
        return len({one.person for one in self.given if one.kind in COUNTED_KINDS})


@dataclass(frozen=True)
class AnswersOf:
    """The answers to several alerts, read together."""

    _rows: Mapping[int, Sequence[Answer]]
    """By alert."""
    _alarms: Alarms

    def of(self, alert: Alert) -> Answers:
        """Return what became of the question of one of them."""
        if not alert.answers_wanted:
            return Answers(AnswerState.NOT_ASKED)
        rows = self._rows.get(alert.pk, ())
        given = [_given(row, alert) for row in rows if row.opened_revision == alert.opened_revision]
        contested_at = next((one.at for one in given if one.kind is AnswerKind.NOT_MINE), None)
        alarms = self._alarms.of(alert, contested_at)
        state = _state(alert, given, alarms, timezone.now())
        return Answers(
            state,
            given,
            alert.answers_wanted,
            alert.answer_due_at if alert.is_open else None,
            alert.duty_due_at if alert.is_open else None,
            alarms,
            _said(alert, state, given),
        )


def read_answers(alerts: Iterable[Alert]) -> AnswersOf:
    """Read what was answered to these alerts. Two statements; none where no answer is wanted."""
    asked = [alert for alert in alerts if alert.answers_wanted]
    if not asked:
        return AnswersOf({}, Alarms())
    rows: defaultdict[int, list[Answer]] = defaultdict(list)
    for row in Answer.objects.filter(alert__in=[alert.pk for alert in asked]).order_by("id"):
        rows[row.alert_id].append(row)
    return AnswersOf(rows, read_alarms(asked))


def in_words(alert: Alert, answers: Answers) -> str:
    """Say in one line, in French, what became of the question; "" where none was asked."""
    match answers.state:
        case AnswerState.NOT_ASKED:
            return ""
        case AnswerState.TAKEN if alert.taken_at:
            by = f", {answers.said.by}" if answers.said else ""
            return f"pris en charge : {alert.taken_title}, {_hour(alert.taken_at)}{by}"
        case AnswerState.DUTY:
            return f"sans réponse{_alarmed(answers)}"
        case AnswerState.NEVER if alert.is_open:
            return f"périmée sans réponse{_alarmed(answers)}"
        case AnswerState.WAITING | AnswerState.NEVER:
            then = f", suite à {_hour(answers.due_at)}" if answers.due_at else ""
            return f"sans réponse{then}"
    said = answers.said
    if said is None:
        return ""
    then = _alarmed(answers) if answers.state is AnswerState.NOT_MINE else ""
    if again := answers.duty_due_at:
        then = f" ; permanence alertée de nouveau à {_hour(again)} si rien n’est décidé"
    return f"{said.title} : {said.in_words}, {_hour(said.at)}, {said.by}{then}"


def _alarmed(answers: Answers) -> str:
    return f", permanence alertée à {_hour(answers.alarmed_at)}" if answers.alarmed_at else ""


def _hour(at: datetime) -> str:
    return written_hour(timezone.localtime(at))


def _given(row: Answer, alert: Alert) -> GivenAnswer:
    return GivenAnswer(
        row.recipient,
        row.title,
        AnswerKind(row.kind),
        AnswerMeans(row.means),
        row.at,
        row.handed_to,
        answer_label(row.kind, alert.organisation_kind),
    )


def _state(
    alert: Alert, given: Sequence[GivenAnswer], alarms: Sequence[Alarm], now: datetime
) -> AnswerState:
    kinds = {one.kind for one in given}
    # Of one that was contested, that nobody is left is said once a person has confirmed it.
    is_alarmed = any(alarm.want is Want.UNANSWERED for alarm in alarms)
    if alert.duty_due_at:
        return AnswerState.NOT_MINE
    if alert.taken_at:
        return AnswerState.TAKEN
    if _waits_for_call(given):
        return AnswerState.CALL_ME
    if alert.answered_at:
        return AnswerState.NOTED
    if AnswerKind.NOT_MINE in kinds and alert.answer_due_at is None and not is_alarmed:
        return AnswerState.NOT_MINE
    if not alert.is_open or alert.expires_at <= now:
        return AnswerState.NOTED if kinds.intersection(COUNTED_KINDS) else AnswerState.NEVER
    return AnswerState.DUTY if is_alarmed and alert.answer_due_at is None else AnswerState.WAITING


def _said(alert: Alert, state: AnswerState, given: Sequence[GivenAnswer]) -> GivenAnswer | None:
    if state is AnswerState.TAKEN:
        by = [one for one in given if one.person == alert.taken_by]
        return next((one for one in by if one.kind is AnswerKind.TAKEN), None)
    meant = {
        AnswerState.NOTED: COUNTED_KINDS,
        AnswerState.CALL_ME: (AnswerKind.CALL_ME,),
        AnswerState.NOT_MINE: (AnswerKind.NOT_MINE,),
    }.get(state, (*COUNTED_KINDS, AnswerKind.HANDED_OVER))
    return next((one for one in reversed(given) if one.kind in meant), None)


def _waits_for_call(given: Iterable[GivenAnswer]) -> bool:
    """Return whether the last that somebody answered is that we should call."""
    last = {one.person: one.kind for one in given}
    return AnswerKind.CALL_ME in last.values()
