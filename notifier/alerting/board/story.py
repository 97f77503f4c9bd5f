"""Tell what came of an alert that wants an answer, step by step: told, silent, called, answered.

From the rows alone, by function: whoever sees the alert may read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby

from notifier.alerting.board.answers import Answers, GivenAnswer
from notifier.alerting.board.incidents import OrganisationLine
from notifier.alerting.board.readers import Outcome
from notifier.alerting.board.sent import Sent
from notifier.alerting.models import AnswerKind
from notifier.delivery.models import Channel

# What one decision told is stored within so long.
_TOGETHER = timedelta(seconds=1)


class Quality(StrEnum):
    """What kind of step it is, by how good it is."""

    GOOD = "ok"
    WAITING = "wait"
    BAD = "danger"
    PLAIN = "off"


@dataclass(frozen=True)
class StoryStep:
    """One step, in French; `at` may lie ahead."""

    at: datetime
    organisation: str
    title: str
    note: str = ""
    kind: Quality = Quality.PLAIN


def story_of(lines: Iterable[OrganisationLine], texts: Sequence[Sent]) -> list[StoryStep]:
    """Return the steps of those that want an answer, in the order of time."""
    steps = [
        step
        for line in lines
        if line.answers.is_asked
        for step in _steps(line, [sent for sent in texts if sent.alert == line.alert.pk])
    ]
    return sorted(steps, key=lambda step: step.at)


def _steps(line: OrganisationLine, texts: Sequence[Sent]) -> Iterator[StoryStep]:
    name, answers = line.alert.organisation_name, line.answers
    own = [sent for sent in texts if sent.revision >= line.alert.opened_revision]
    last = [sent for sent in own if _is_of_ending(sent, line)]
    own = [sent for sent in own if sent not in last]
    for at, title, note, kind in (*_told(own, answers), *_ended(own), *_said(answers)):
        yield StoryStep(at, name, title, note, kind)
    for alarm in answers.alarms:
        yield StoryStep(alarm.at, name, "La permanence est alertée", alarm.in_words, Quality.BAD)
    if answers.duty_due_at:
        then = "si personne n’a décidé de la commune, la permanence est alertée de nouveau"
        yield StoryStep(answers.duty_due_at, name, "Suite", then, Quality.WAITING)
    if answers.due_at:
        then = "sans réponse, la personne suivante est prévenue"
        yield StoryStep(answers.due_at, name, "Suite", then, Quality.WAITING)
    if line.ended_at:
        ending = "Annulation annoncée" if line.is_cancelled else "Fin annoncée"
        yield StoryStep(line.ended_at, name, f"{ending} : {_people(last)}" if last else ending)


def _is_of_ending(sent: Sent, line: OrganisationLine) -> bool:
    return line.is_over and sent.revision == line.alert.revision and not sent.tells_taken


_Step = tuple[datetime, str, str, Quality]


def _told(texts: Sequence[Sent], answers: Answers) -> Iterator[_Step]:
    """Yield whom each step told; from the second on, why: who was silent, who is not reached."""
    before: list[Sent] = []
    for batch in _batches(texts):
        at, whom = batch[0].planned_at, _people(batch)
        why = _why_next(before, answers, at)
        if batch[0].tells_taken:
            yield at, f"Fait savoir : {whom}", "par qui c’est pris en charge", Quality.PLAIN
            continue
        if batch[0].is_call:
            yield at, f"Appel vocal : {whom}", why, Quality.PLAIN
        elif not before:
            yield at, f"Premier texte : {whom}", "", Quality.PLAIN
        elif {s.reader.person for s in batch} <= {s.reader.person for s in before}:
            yield at, f"Nouveau texte : {whom}", "", Quality.PLAIN
        else:
            yield at, f"Au tour de : {whom}", why, Quality.PLAIN
        before += batch


def _batches(texts: Sequence[Sent]) -> Iterator[list[Sent]]:
    """Yield what was decided together, calls and texts apart."""
    batch: list[Sent] = []
    for sent in sorted(texts, key=lambda sent: sent.planned_at):
        is_same = batch and (batch[0].is_call, batch[0].tells_taken, batch[0].revision) == (
            sent.is_call,
            sent.tells_taken,
            sent.revision,
        )
        if not is_same or sent.planned_at - batch[0].planned_at > _TOGETHER:
            if batch:
                yield batch
            batch = []
        batch.append(sent)
    if batch:
        yield batch


def _people(batch: Sequence[Sent]) -> str:
    """Name the people of a batch, each with the channels: "maire (SMS, courriel)"."""
    by_person: dict[tuple[str, str], list[str]] = {}
    for sent in batch:
        channels = by_person.setdefault((sent.reader.person, sent.reader.title), [])
        if sent.channel != Channel.VOICE and sent.reader.channel not in channels:
            channels.append(sent.reader.channel)
    return ", ".join(
        f"{title} ({', '.join(channels)})" if channels else title
        for (_, title), channels in by_person.items()
    )


def _why_next(before: Sequence[Sent], answers: Answers, at: datetime) -> str:
    """Say which of those told before had not answered by then, and which were not reached."""
    answered = {one.person for one in answers.given if one.at <= at}
    failed, silent = dict[str, str](), dict[str, str]()
    by_person = sorted(before, key=_person_of)
    for person, sents in groupby(by_person, key=_person_of):
        told = [sent for sent in sents if not sent.is_call]
        own = [sent for sent in told if sent.channel != Channel.EMAIL] or told
        if person in answered or not own:
            continue
        is_failed = all(_failed_by(sent, at) for sent in own)
        (failed if is_failed else silent)[person] = own[0].reader.title
    parts = [
        *([f"sans réponse : {', '.join(silent.values())}"] if silent else []),
        *([f"non joint : {', '.join(failed.values())}"] if failed else []),
    ]
    return " ; ".join(parts)


def _person_of(sent: Sent) -> str:
    return sent.reader.person


def _failed_by(sent: Sent, at: datetime) -> bool:
    return sent.ended_at is not None and sent.ended_at <= at


def _ended(texts: Sequence[Sent]) -> Iterator[_Step]:
    """Yield what is known to have ended badly, and calls that somebody confirmed."""
    for sent in texts:
        if sent.ended_at and sent.reader.outcome is Outcome.FAILED:
            title = f"{_capital(sent.reader.title)} : {sent.reader.in_brief}"
            yield sent.ended_at, title, sent.reader.note, Quality.BAD
        elif sent.is_call and sent.delivered_at:
            title = f"{_capital(sent.reader.title)} : {sent.reader.in_brief}"
            yield sent.delivered_at, title, "", Quality.GOOD


def _said(answers: Answers) -> Iterator[_Step]:
    for one in answers.given:
        yield one.at, f"{_capital(one.title)} : {one.in_words}", one.by, _quality(one)


def _quality(answer: GivenAnswer) -> Quality:
    match answer.kind:
        case AnswerKind.NOTED | AnswerKind.TAKEN:
            return Quality.GOOD
        case AnswerKind.NOT_MINE:
            return Quality.BAD
        case _:
            return Quality.WAITING


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
