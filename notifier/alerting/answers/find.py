"""Find the alert that a link opens, as its reader may see it: what was told, and what to answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils import timezone

from notifier.alerting.answer_link import is_secret, secret_hash, without_secrets
from notifier.alerting.answers.alive import (
    is_of_organisation,
    readable_until,
    takes_answers,
)
from notifier.alerting.escalation.one_more import Untold, people_to_tell
from notifier.alerting.models import (
    Alert,
    Answer,
    AnswerKind,
    Notification,
    NotificationKind,
    NotificationState,
    answers_to,
)
from notifier.delivery.models import Channel, Message
from notifier.intake.models import Report, ReportState


class PlaceDoubt(StrEnum):
    """What came of it that a reader, whoever it is, answered that it is elsewhere."""

    NONE = "none"
    """Nobody did."""
    ASKED = "asked"
    """A person is to decide."""
    UNDECIDED = "undecided"
    """Nobody decided in time."""
    SETTLED = "settled"
    """A person decided; where the alert goes on, that it is there."""


@dataclass(frozen=True)
class ToldText:
    """A text that the reader got of the alert, without the link in it."""

    at: datetime
    revision: int
    text: str


@dataclass(frozen=True)
class OpenedAlert:
    """An alert as one reader sees it; nothing in it is another person's."""

    alert: Alert
    """With its incident, source and report."""
    recipient: str
    title: str
    """The reader's function."""
    texts: Sequence[ToldText]
    """What the reader was told of it since it was opened, the oldest first."""
    answers: Sequence[Answer]
    """What the reader answered since then."""
    successors: Sequence[Untold]
    """To whom it can be handed over, the next in order first; nobody once it is of no use."""
    takes_answers: bool
    """False once it is over."""
    place: PlaceDoubt
    read_until: datetime
    """Until when the link opens it."""

    @property
    def is_taken_by_reader(self) -> bool:
        """Whether the reader is who has taken it in hand."""
        return self.alert.taken_by == self.recipient


def find_by_secret(secret: str) -> OpenedAlert | None:
    """Return the alert that this secret opens now; None where it opens nothing.

    A secret opens its alert until two hours after it is of use, or ended, and while its reader is
    of the organisation. Opening changes nothing. Nine statements at most, one more where somebody
    contests the place.
    """
    if not is_secret(secret):
        return None
    # The exclusion tells SQLite that the partial index has all of them. They are few: with a limit
    # PostgreSQL might walk the whole log from its end.
    rows = Notification.objects.filter(answer_hash=secret_hash(secret)).exclude(answer_hash="")
    # Who knows by another organisation's text opens that one's alert.
    rows = rows.exclude(state=NotificationState.SUPPRESSED)
    rows = rows.select_related("alert__incident__source", "alert__report").order_by("-pk")
    told = next(iter(rows), None)
    now = timezone.now()
    if told is None or told.alert is None or now > readable_until(told.alert):
        return None
    alert, recipient = told.alert, told.recipient
    is_told = told.revision >= alert.opened_revision
    if not is_told or not is_of_organisation(recipient, alert.ref):
        return None
    is_open = takes_answers(alert, now)
    answers = list(answers_to(alert))
    return OpenedAlert(
        alert,
        recipient,
        told.title,
        _texts(alert, recipient),
        [answer for answer in answers if answer.recipient == recipient],
        people_to_tell([alert]).get(alert.pk, ()) if is_open else (),
        is_open,
        _place_doubt(alert, answers),
        readable_until(alert),
    )


def _place_doubt(alert: Alert, answers: Iterable[Answer]) -> PlaceDoubt:
    if not any(answer.kind == AnswerKind.NOT_MINE for answer in answers):
        return PlaceDoubt.NONE
    reports = Report.objects.filter(incident=alert.incident_id).order_by("sequence")
    contested = [report for report in reports if report.is_contested]
    # One that a person decided waits for a worker.
    if any(r.state in (ReportState.REVIEW, ReportState.RECEIVED) for r in contested):
        return PlaceDoubt.ASKED
    is_left = any(report.state == ReportState.EXPIRED for report in contested)
    return PlaceDoubt.UNDECIDED if is_left else PlaceDoubt.SETTLED


def _texts(alert: Alert, recipient: str) -> list[ToldText]:
    """Return one text of each revision since it was opened: the SMS where there is one."""
    rows = Notification.objects.filter(
        alert=alert.pk,
        recipient=recipient,
        kind=NotificationKind.ALERT,
        revision__gte=alert.opened_revision,
        message__channel__in=(Channel.SMS, Channel.EMAIL),
    )
    by_revision: dict[int, Message] = {}
    for row in rows.select_related("message"):
        if row.message is None:
            continue
        if row.message.channel == Channel.SMS or row.revision not in by_revision:
            by_revision[row.revision] = row.message
    return [
        ToldText(message.created_at, revision, without_secrets(message.body))
        for revision, message in sorted(by_revision.items())
    ]
