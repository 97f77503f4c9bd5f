"""Say of each person, without a name, what became of the text to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from notifier.alerting.escalation.failover import sufficient_channels
from notifier.alerting.models import KNOWN, Alert, DeferralReason, Notification, NotificationState
from notifier.alerting.notification.planned import address_key
from notifier.delivery.address import mask
from notifier.delivery.models import (
    DELIVERED_STATES,
    FAILED_STATES,
    Channel,
    Message,
    MessageState,
)
from notifier.delivery.providers.registry import explain_error


class Outcome(StrEnum):
    """What became of a text, as far as it matters to whoever watches."""

    DELIVERED = "delivered"
    """On the telephone."""
    HANDED_OVER = "handed_over"
    """A mail that its server took, of which no more can be known."""
    SENT = "sent"
    """Its provider has it, and says nothing more yet."""
    ON_ITS_WAY = "on_its_way"
    WAITING = "waiting"
    """Deferred, or paused."""
    UNKNOWN = "unknown"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Reader:
    """One person on one channel, and what became of the last text to them."""

    notification: int
    person: str
    title: str
    channel: str
    masked: str
    outcome: Outcome
    in_words: str
    in_brief: str
    """In two or three words, with the channel."""
    note: str
    """Why it did not arrive, why it waits, by what its reader knows; empty where all is usual."""
    at: datetime
    """When it last changed."""


class Reached(StrEnum):
    """Whether an organisation is reached; the first needs a person most."""

    NOBODY = "nobody"
    """Nobody got it, and nothing more is tried."""
    NOT_YET = "not_yet"
    BY_MAIL = "by_mail"
    """A mail suffices, and its server took it; that it arrived is not known."""
    YES = "yes"


def readers_of(alert: Alert, notifications: Iterable[Notification]) -> list[Reader]:
    """Return who is told of the alert since it was opened, each with the last text alone."""
    latest: dict[tuple[str, str, str], Notification] = {}
    for n in notifications:
        if n.revision >= alert.opened_revision:
            key = (n.recipient, *address_key(n.channel, n.address))
            latest.pop(key, None)
            latest[key] = n
    return [reader(n) for n in latest.values()]


def reader(notification: Notification) -> Reader:
    """Return what became of one text."""
    return Reader(
        notification.pk,
        notification.recipient,
        notification.title,
        notification.get_channel_display(),
        mask(notification.address),
        outcome_of(notification),
        fate_in_words(notification),
        _in_brief(notification),
        _note(notification),
        _changed_at(notification),
    )


def outcome_of(notification: Notification) -> Outcome:
    """Return what became of the text."""
    message = notification.message
    if notification.state in (NotificationState.CANCELLED, NotificationState.EXPIRED):
        is_late = notification.state == NotificationState.EXPIRED
        return Outcome.FAILED if is_late else Outcome.WITHDRAWN
    if message is None:
        return Outcome.WAITING
    if message.state in DELIVERED_STATES:
        return Outcome.DELIVERED
    if message.state in FAILED_STATES:
        return Outcome.FAILED
    if message.state == MessageState.ACCEPTED:
        return Outcome.HANDED_OVER if message.channel == Channel.EMAIL else Outcome.SENT
    return {
        MessageState.CANCELLED: Outcome.WITHDRAWN,
        MessageState.UNKNOWN: Outcome.UNKNOWN,
    }.get(MessageState(message.state), Outcome.ON_ITS_WAY)


def fate_in_words(notification: Notification) -> str:
    """Say in French what became of the text, and why not."""
    message = notification.message
    state = _state_in_words(message) if message else notification.get_state_display()
    note = _note(notification)
    return f"{state} : {note}" if note else str(state)


def _state_in_words(message: Message) -> str:
    """Say what became of a message; of a call, whether somebody confirmed it."""
    if message.channel == Channel.VOICE:
        if message.state in DELIVERED_STATES:
            return "confirmé par une touche"
        if message.state == MessageState.ACCEPTED:
            return "appel en cours"
        if message.state == MessageState.UNDELIVERED:
            return "appelé, sans confirmation"
    return str(message.get_state_display())


_IN_BRIEF = {
    Outcome.DELIVERED: "reçu",
    Outcome.HANDED_OVER: "remis",
    Outcome.SENT: "remis",
    Outcome.ON_ITS_WAY: "en envoi",
    Outcome.WAITING: "retenu",
    Outcome.UNKNOWN: "de sort inconnu",
    Outcome.FAILED: "non reçu",
    Outcome.WITHDRAWN: "retiré",
}
_CALL_IN_BRIEF = {
    MessageState.DELIVERED: "appel vocal, confirmé",
    MessageState.ACCEPTED: "appel en cours",
    MessageState.UNDELIVERED: "appelé, sans confirmation",
}


def _in_brief(notification: Notification) -> str:
    message = notification.message
    in_brief = f"{notification.get_channel_display()} {_IN_BRIEF[outcome_of(notification)]}"
    if message is None or message.channel != Channel.VOICE:
        return in_brief
    return _CALL_IN_BRIEF.get(MessageState(message.state), in_brief)


def _note(notification: Notification) -> str:
    message = notification.message
    if notification.state == NotificationState.RESENT:
        return "renvoyé depuis"
    if message is None:
        if notification.state == NotificationState.DEFERRED:
            return str(DeferralReason(notification.reason).label)
        return notification.explanation
    if notification.reason == KNOWN:
        return notification.explanation
    if message.state in FAILED_STATES and message.error_code:
        why = explain_error(message)
        # A provider's code means something to people; of a call it is a word of ours.
        return why.rpartition(" (")[0] if message.channel == Channel.VOICE else why
    return "en retard, les essais continuent" if message.is_delayed else ""


def reached(alert: Alert, readers: Iterable[Reader]) -> Reached:
    """Return whether somebody has the alert on a channel that suffices, or may still."""
    labels = {str(Channel(channel).label) for channel in sufficient_channels(alert)}
    outcomes = {one.outcome for one in readers if one.channel in labels}
    if Outcome.DELIVERED in outcomes:
        return Reached.YES
    if Outcome.HANDED_OVER in outcomes:
        return Reached.BY_MAIL
    is_tried = outcomes - {Outcome.FAILED, Outcome.WITHDRAWN}
    return Reached.NOT_YET if is_tried else Reached.NOBODY


def _changed_at(notification: Notification) -> datetime:
    message = notification.message
    if message is None:
        return notification.ended_at or notification.created_at
    return message.ended_at or message.accepted_at or message.created_at
