"""One text to one person with its moments, and what its reader answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from notifier.alerting.board.answers import GivenAnswer
from notifier.alerting.board.readers import Outcome, Reader, reader
from notifier.alerting.board.wordings import words_of
from notifier.alerting.manual.resend import may_arrive_twice, why_not_resent
from notifier.alerting.models import Alert, AnswerMeans, Notification, NotificationKind
from notifier.delivery.models import DELIVERED_STATES, Channel


@dataclass(frozen=True)
class Sent:
    """One text to one person, and its moments; None: not yet, or never."""

    reader: Reader
    alert: int
    organisation: str
    channel: Channel
    revision: int
    planned_at: datetime
    queued_at: datetime | None
    handed_at: datetime | None
    delivered_at: datetime | None
    ended_at: datetime | None
    """When it failed, expired or was withdrawn."""
    subject: str
    body: str
    tells_taken: bool
    """Whether it only says who has taken the alert in hand."""
    answers: Sequence[GivenAnswer]
    """What its reader answered to it, or by it."""
    why_not_again: str | None
    """Why it cannot be sent again; None where it can."""
    may_arrive_twice: bool

    @property
    def is_call(self) -> bool:
        """Whether a telephone rings."""
        return self.channel is Channel.VOICE

    @property
    def is_over(self) -> bool:
        """Whether no more is to come, as far as can be known."""
        ended = (self.delivered_at, self.ended_at)
        return any(ended) or self.reader.outcome is Outcome.HANDED_OVER


def sent_of(notification: Notification, alert: Alert, answers: Sequence[GivenAnswer] = ()) -> Sent:
    """Return the text of a notification of the alert, and what its reader answered to it."""
    message = notification.message
    said = reader(notification)
    arrived = message is not None and message.state in DELIVERED_STATES
    ended = said.outcome in (Outcome.FAILED, Outcome.WITHDRAWN)
    subject, body = words_of(notification)
    return Sent(
        reader=said,
        alert=alert.pk,
        channel=Channel(notification.channel),
        organisation=alert.organisation_name,
        revision=notification.revision,
        planned_at=notification.created_at,
        queued_at=message.created_at if message else None,
        handed_at=message.accepted_at if message else None,
        delivered_at=message.ended_at if message and arrived else None,
        ended_at=said.at if ended else None,
        subject=subject,
        body=body,
        tells_taken=notification.kind == NotificationKind.TAKEN,
        answers=answers,
        why_not_again=why_not_resent(notification, alert, timezone.now()),
        may_arrive_twice=message is not None and may_arrive_twice(message),
    )


def answered_texts(
    notifications: Iterable[Notification], given: Sequence[GivenAnswer]
) -> Mapping[int, Sequence[GivenAnswer]]:
    """Return to which of an alert's notifications each answer belongs, by their keys.

    A key that was pressed belongs to the call, any other answer to the person's text.
    """
    own: defaultdict[str, list[Notification]] = defaultdict(list)
    for n in notifications:
        if n.kind != NotificationKind.TAKEN:
            own[n.recipient].append(n)
    found: defaultdict[int, list[GivenAnswer]] = defaultdict(list)
    for answer in given:
        means = Channel.VOICE if answer.means is AnswerMeans.VOICE else Channel.SMS
        earlier = [n for n in own[answer.person] if n.created_at <= answer.at]
        by_means = [n for n in earlier if n.channel == means] or earlier
        if by_means:
            found[by_means[-1].pk].append(answer)
    return found
