"""Let nobody read two texts of one report, in whatever capacities: the fullest is told first.

What goes to somebody who reads another text anyway is not sent, and is stored with the message that
tells it: where that fails, each organisation tells its next person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from notifier.alerting.models import Alert, Notification
from notifier.alerting.notification.planned import (
    RINGING,
    AddressKey,
    KnownNotification,
    PlannedNotification,
    address_key,
)
from notifier.alerting.notification.recipients import on_time
from notifier.delivery.models import Lane, Message


@dataclass(frozen=True)
class _Reading:
    """A text that somebody reads, or was sent before."""

    name: str
    """Of the organisation that it is for."""
    alert: Alert
    channel: str
    closes: bool
    planned: PlannedNotification | None = None
    message: Message | None = None
    link: str = ""
    """Hash of the secret in the link of what was sent before."""


@dataclass
class Readings:
    """Who reads which texts of one report; each further one is asked here whether it is needed."""

    by_address: defaultdict[AddressKey, list[_Reading]] = field(
        default_factory=lambda: defaultdict(list)
    )
    by_person: defaultdict[str, list[_Reading]] = field(default_factory=lambda: defaultdict(list))

    def add(self, planned: Iterable[PlannedNotification], alert: Alert, *, closes: bool) -> None:
        """Add texts that are planned, of an alert."""
        name = alert.organisation_name
        for n in planned:
            reading = _Reading(name, alert, n.channel, closes, planned=n)
            self.by_address[n.key].append(reading)
            self.by_person[n.recipient].append(reading)

    def add_earlier(self, notifications: Iterable[Notification], alert: Alert) -> None:
        """Add texts that were sent of an alert that goes on, and can be expected to be read."""
        since_opened = (n for n in notifications if n.revision >= alert.opened_revision)
        for n in on_time(since_opened):
            if n.message is None:
                continue
            name = alert.organisation_name
            reading = _Reading(
                name, alert, n.channel, closes=False, message=n.message, link=n.answer_hash
            )
            self.by_address[address_key(n.channel, n.address)].append(reading)
            self.by_person[n.recipient].append(reading)

    def split(
        self,
        planned: Sequence[PlannedNotification],
        alert: Alert,
        *,
        closes: bool | None,
        opens: bool,
    ) -> tuple[list[PlannedNotification], list[KnownNotification]]:
        """Return the texts that are needed, and those whose readers know by another alert.

        `closes`: whether it is an end, which only an end makes needless; None: any text does.
        `opens`: whether it opens the alert; what was sent before makes no later news needless.
        """
        fresh, known = [], []
        for n in planned:
            reading = self._find(n, alert, closes, opens=opens)
            if reading is None:
                fresh.append(n)
            else:
                told = reading.planned, reading.message, reading.link
                known.append(KnownNotification(n, reading.name, *told))
        return fresh, known

    def _find(
        self, n: PlannedNotification, alert: Alert, closes: bool | None, *, opens: bool
    ) -> _Reading | None:
        def counts(reading: _Reading) -> bool:
            is_news = opens or reading.planned is not None
            return is_news and reading.alert != alert and closes in (None, reading.closes)

        at_address = next(filter(counts, self.by_address.get(n.key, ())), None)
        of_person = list(filter(counts, self.by_person.get(n.recipient, ())))
        if at_address or not of_person:
            return at_address
        # A mail wakes nobody: whoever is on call for somebody else has the phone ring all the same.
        wakes = n.channel in RINGING and n.lane is Lane.URGENT
        if wakes and not any(reading.channel in RINGING for reading in of_person):
            return None
        return of_person[0]


def earlier_readings(
    alerts: Iterable[Alert], earlier: Mapping[int, Sequence[Notification]]
) -> Readings:
    """Return what was sent of alerts that go on."""
    readings = Readings()
    for alert in alerts:
        readings.add_earlier(earlier.get(alert.pk, ()), alert)
    return readings
