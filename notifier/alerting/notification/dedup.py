"""Where an incident's texts went or go: a neighbour's text never says the same to the same address.

Whoever serves two communes reads of the one concerned, and not of its neighbour besides.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from notifier.alerting.models import Alert
from notifier.alerting.notification.history import everyone_told
from notifier.alerting.notification.messages import letter_key
from notifier.delivery.outbox import OutgoingMessage

Key = tuple[str, str]


class Spoken:
    """The addresses told by the incident's open alerts, and those that are told now."""

    def __init__(self, alerts: Iterable[Alert]) -> None:
        """`alerts`: the incident's open ones that are not being closed."""
        self._topics = [str(alert.pk) for alert in alerts]
        self._now: set[Key] = set()

    def without_doubles(
        self, alert: Alert | None, letters: list[OutgoingMessage], *, to_neighbour: bool
    ) -> list[OutgoingMessage]:
        """Those of an alert's letters that are to be sent; all, unless they go to a neighbour."""
        if to_neighbour:
            known = self._now | self.told_by_others(alert)
            letters = [le for le in letters if letter_key(le.channel, le.address) not in known]
        self._now |= {letter_key(letter.channel, letter.address) for letter in letters}
        return letters

    def told_by_others(self, alert: Alert | None) -> set[Key]:
        """The addresses that the other alerts were told at."""
        own = str(alert.pk) if alert is not None else None
        return {key for topic, key in self._before if topic != own}

    @cached_property
    def _before(self) -> set[tuple[str, Key]]:
        """One statement, and none for an incident's first alerts."""
        messages = everyone_told(*self._topics) if self._topics else ()
        return {(m.topic, letter_key(m.channel, m.address)) for m in messages}
