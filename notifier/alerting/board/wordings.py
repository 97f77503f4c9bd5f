"""The very words that were sent, each once with those who got them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from notifier.alerting.answer_link import without_secrets
from notifier.alerting.models import Notification, NotificationState


@dataclass(frozen=True)
class Wording:
    """The words that went to some, on one channel."""

    channel: str
    subject: str
    body: str
    readers: list[str]
    at: datetime
    """When the first of these texts was decided."""


def words_of(notification: Notification) -> tuple[str, str]:
    """Return subject and text of its own message, without the secret in its reader's link.

    Nothing where another's text told its reader.
    """
    message = notification.message
    if message is None or notification.state == NotificationState.SUPPRESSED:
        return "", ""
    return message.subject, without_secrets(message.body)


def wordings(texts: Iterable[Wording]) -> list[Wording]:
    """Gather the readers of the same words, in the order of their making; empty ones are left."""
    by_words: dict[tuple[str, str, str], Wording] = {}
    for text in texts:
        if text.body:
            one = Wording(text.channel, text.subject, text.body, [], text.at)
            known = by_words.setdefault((text.channel, text.subject, text.body), one)
            known.readers.extend(text.readers)
    return list(by_words.values())
