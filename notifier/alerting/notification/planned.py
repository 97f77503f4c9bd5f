"""Planned notifications: a text for one recipient on one channel, before anything is stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from notifier.alerting.content.composer import Texts
from notifier.alerting.models import Alert, DeferralReason, Notification, NotificationKind
from notifier.alerting.notification.recipients import recipient_label
from notifier.delivery.address import mask
from notifier.delivery.models import Channel, Lane
from notifier.directory.recipients import Person
from notifier.intake.models import Source

# A channel and an address on it, as `address_key` makes one.
AddressKey = tuple[str, str]


@dataclass(frozen=True)
class Deferral:
    """Why a notification does not leave at once, and until when (aware)."""

    reason: DeferralReason
    until: datetime


@dataclass(frozen=True, eq=False)
class PlannedNotification:
    """One text for one recipient on one channel; `alert` is the alert as it will stand."""

    kind: NotificationKind
    source: Source
    incident_id: int | None
    alert: Alert | None
    channel: Channel
    address: str
    recipient: str
    title: str
    lane: Lane
    expires_at: datetime
    body: str
    subject: str = ""
    html: str = ""
    reported_at: datetime | None = None
    """When what it tells was reported to us; None of what is about no report."""
    revision: int = 1
    """Of the alert that it tells of, or is about."""
    dedup_key: str = ""
    """Of a mail to the duty officer: what is said once."""
    deferral: Deferral | None = None

    @property
    def key(self) -> AddressKey:
        """Whom it reaches, comparable."""
        return address_key(self.channel, self.address)

    @property
    def masked(self) -> str:
        """The address as logs and status show it."""
        return mask(self.address)

    def deferred(self, reason: DeferralReason, until: datetime) -> PlannedNotification:
        """The same, to be told later."""
        return replace(self, deferral=Deferral(reason, until))


@dataclass
class Throttled:
    """What becomes of planned notifications."""

    queued: list[PlannedNotification] = field(default_factory=list)
    deferred: list[PlannedNotification] = field(default_factory=list)
    joined: list[tuple[PlannedNotification, Notification]] = field(default_factory=list)
    """Those for which one that is deferred already now speaks, with that one."""
    superseded: list[Notification] = field(default_factory=list)
    """Deferred ones whose place an urgent text takes."""

    def deferral_of(self, planned: PlannedNotification) -> datetime | None:
        """Until when it waits, in its own row or in one that speaks for it; None if it leaves."""
        for each in self.deferred:
            if each.alert is planned.alert and each.key == planned.key and each.deferral:
                return each.deferral.until
        return next((row.deferred_until for each, row in self.joined if each is planned), None)


@dataclass(frozen=True)
class AlertText:
    """The texts of an alert's present revision, to be addressed to people."""

    alert: Alert
    texts: Texts
    lane: Lane

    def for_people(
        self, people: Iterable[Person], channels: Sequence[str]
    ) -> list[PlannedNotification]:
        """Address it to each person on each of the channels; once to an address that two share.

        Whoever has none of the channels gets it on those they have: silence would be worse.
        """
        found: dict[AddressKey, PlannedNotification] = {}
        for person in people:
            usable = list(person.addresses)
            for channel in [c for c in usable if c in channels] or usable:
                planned = self._to(person, Channel(channel))
                found.setdefault(planned.key, planned)
        return list(found.values())

    def for_recipients_of(
        self, earlier: Iterable[Notification], people: Sequence[Person]
    ) -> list[PlannedNotification]:
        """Address it to whoever got an earlier notification, where they are reached now.

        That is the person who was meant, and whoever has the address that it went to: a contact may
        have come back under another number of the directory, or share an address with one who left.
        """
        by_label = {recipient_label(person): person for person in people}
        by_address = {
            address_key(channel, address): person
            for person in reversed(people)
            for channel, address in person.addresses.items()
        }
        found: list[PlannedNotification] = []
        for notification in earlier:
            meant = by_label.get(notification.recipient)
            reader = by_address.get(address_key(notification.channel, notification.address))
            both = dict.fromkeys(person for person in (meant, reader) if person)
            found = merged(found, self.for_people(both, [notification.channel]))
        return found

    def _to(self, person: Person, channel: Channel) -> PlannedNotification:
        is_sms = channel is Channel.SMS
        return PlannedNotification(
            kind=NotificationKind.ALERT,
            source=self.alert.incident.source,
            incident_id=self.alert.incident_id,
            alert=self.alert,
            revision=self.alert.revision,
            channel=channel,
            address=person.addresses[channel],
            recipient=recipient_label(person),
            title=person.title,
            lane=self.lane,
            expires_at=self.alert.expires_at,
            reported_at=self.alert.report.received_at,
            subject="" if is_sms else self.texts.subject,
            body=self.texts.sms if is_sms else self.texts.plain,
            html="" if is_sms else self.texts.html,
        )


def address_key(channel: str, address: str) -> AddressKey:
    """Return what makes an address one and the same: an e-mail address's case does not count."""
    return str(channel), address.lower()


def merged(
    planned: Iterable[PlannedNotification], more: Iterable[PlannedNotification]
) -> list[PlannedNotification]:
    """Return the planned ones, and those of the others that go to further addresses."""
    by_key = {each.key: each for each in planned}
    for each in more:
        by_key.setdefault(each.key, each)
    return list(by_key.values())


def rings(planned: Iterable[PlannedNotification]) -> bool:
    """Say whether one of them rings a telephone."""
    return any(each.channel is Channel.SMS for each in planned)


def recipients_in_words(planned: Iterable[PlannedNotification]) -> str:
    """Name the recipients for the journal: "maire (SMS +33 6 •• •• •• 12), …"."""
    return ", ".join(f"{each.title} ({each.channel.label} {each.masked})" for each in planned)
