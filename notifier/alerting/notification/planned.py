"""Planned notifications: one text for one recipient on one channel, before it is stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypedDict

from notifier.alerting.answer_link import (
    NO_SECRET,
    answer_secret,
    answer_url,
    secret_hash,
    with_secret,
)
from notifier.alerting.content.composer import Texts
from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert, DeferralReason, Notification, NotificationKind
from notifier.alerting.notification.recipients import recipient_key
from notifier.delivery.address import mask
from notifier.delivery.models import Channel, Lane, Message
from notifier.directory.recipients import Recipient
from notifier.intake.models import Source

# What can be read, and what is heard at night.
WRITTEN = (Channel.SMS, Channel.EMAIL)
RINGING = (Channel.SMS, Channel.VOICE)
# How long after its reader's quiet hours a text is still of use: nobody reads it before.
AFTER_QUIET = timedelta(hours=1)
# A channel and an address on it, as `address_key` makes one.
AddressKey = tuple[str, str]


@dataclass(frozen=True)
class Deferral:
    """Why a notification does not leave at once, and until when (aware).

    None: until a person releases it.
    """

    reason: DeferralReason
    until: datetime | None


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
    """When its report reached us; None where it is about no report."""
    revision: int = 1
    """The revision of its alert."""
    answer_hash: str = ""
    """Hash of the secret in its reader's link (notifier.alerting.answer_link), also of a call that
    has none; "" where no answer is asked for.
    """
    dedup_key: str = ""
    """Of a mail to the duty officer: what is sent once."""
    supersedes: tuple[str, ...] = ()
    """Of a mail to the duty officer: the dedup keys of those that need not be read before it."""
    deferral: Deferral | None = None
    quiet_until: datetime | None = None
    """Of an SMS that is not urgent: when the quiet hours end in which its reader is (aware)."""

    @property
    def key(self) -> AddressKey:
        """Channel and address, to be compared."""
        return address_key(self.channel, self.address)

    @property
    def masked(self) -> str:
        """The address as logs and status show it."""
        return mask(self.address)

    def deferred(self, reason: DeferralReason, until: datetime | None) -> PlannedNotification:
        """Return a copy that is deferred, and of use when its reader's quiet hours have ended."""
        expires_at = self.expires_at
        if reason is DeferralReason.QUIET and until is not None:
            expires_at = readable_after_quiet(expires_at, until)
        return replace(self, deferral=Deferral(reason, until), expires_at=expires_at)


@dataclass(frozen=True)
class KnownNotification:
    """A text that is not sent, for its reader reads that of another organisation."""

    planned: PlannedNotification
    name: str
    """Of the other organisation."""
    telling: PlannedNotification | None = None
    """The text that its reader gets instead; or `message`, which was sent before."""
    message: Message | None = None
    link: str = ""
    """Hash of the secret in the link of what was sent before."""

    @property
    def answer_hash(self) -> str:
        """Hash of the secret by which its reader answers for this organisation as well."""
        if not self.planned.answer_hash:
            return ""
        return self.telling.answer_hash if self.telling else self.link


@dataclass
class NotificationPlan:
    """Planned notifications by what becomes of them."""

    queued: list[PlannedNotification] = field(default_factory=list)
    """Those that leave now."""
    deferred: list[PlannedNotification] = field(default_factory=list)
    joined: list[tuple[PlannedNotification, Notification]] = field(default_factory=list)
    """Those that add nothing to a row that is deferred already, each with that row."""
    superseded: list[Notification] = field(default_factory=list)
    """Deferred rows that an urgent text replaces."""
    reopened: list[Alert] = field(default_factory=list)
    """Urgent alerts that are opened again and leave now; their rows do not say so yet."""

    def add(self, more: NotificationPlan) -> None:
        """Add what becomes of further ones."""
        self.queued += more.queued
        self.deferred += more.deferred
        self.joined += more.joined
        self.superseded += more.superseded
        self.reopened += more.reopened

    def deferral_of(self, planned: PlannedNotification) -> Deferral | None:
        """Return why and until when it waits, in its own row or one that it joined.

        None if it leaves.
        """
        for deferred in self.deferred:
            if deferred.alert is planned.alert and deferred.key == planned.key:
                return deferred.deferral
        for joining, row in self.joined:
            if joining is planned:
                return Deferral(DeferralReason(row.reason), row.deferred_until)
        return None


@dataclass(frozen=True)
class AlertText:
    """The texts of an alert's present revision, ready to be addressed."""

    alert: Alert
    texts: Texts
    lane: Lane

    def for_people(
        self, people: Iterable[Recipient], channels: Sequence[str]
    ) -> list[PlannedNotification]:
        """Address it to each person on each of the channels; once to an address that two share.

        Whoever has none of the channels gets it on the others: silence would be worse. What is not
        urgent goes where its reader chose to have it. Whoever has no telephone for texts is called,
        if it is urgent.
        """
        by_key: dict[AddressKey, PlannedNotification] = {}
        for person in people:
            for channel in self._channels_to(person, channels):
                planned = self._to(person, Channel(channel))
                by_key.setdefault(planned.key, planned)
        return list(by_key.values())

    def calls_to(self, people: Iterable[Recipient]) -> list[PlannedNotification]:
        """Have each person called who has a telephone; one call to a number that two share."""
        calls = [self._to(one, Channel.VOICE) for one in people if Channel.VOICE in one.addresses]
        return list({call.key: call for call in reversed(calls)}.values())[::-1]

    def _channels_to(self, person: Recipient, channels: Sequence[str]) -> list[str]:
        written = [channel for channel in person.addresses if channel != Channel.VOICE]
        if self.lane is Lane.ROUTINE and person.routine_channels:
            written = [one for one in written if one in person.routine_channels] or written
        chosen = [channel for channel in written if channel in channels] or written
        has_no_texts = Channel.VOICE in person.addresses and not person.mobile
        # An end can be read in the morning, by whoever has where to.
        is_worth_a_call = not chosen or not Kind(self.alert.kind).closes
        if self.lane is Lane.URGENT and has_no_texts and is_worth_a_call:
            chosen.append(Channel.VOICE)
        return chosen

    def for_recipients_of(
        self, earlier: Iterable[Notification], people: Sequence[Recipient]
    ) -> list[PlannedNotification]:
        """Address it to the recipients of earlier notifications, at their present addresses.

        Those are the person who was meant, and whoever has the address that it went to: a contact
        may be in the directory again under another number, or share an address with a former one.
        """
        by_label = {recipient_key(person): person for person in people}
        by_address = {
            address_key(channel, address): person
            for person in reversed(people)
            for channel, address in person.addresses.items()
        }
        planned: list[PlannedNotification] = []
        for notification in earlier:
            meant = by_label.get(notification.recipient)
            reader = by_address.get(address_key(notification.channel, notification.address))
            both = dict.fromkeys(person for person in (meant, reader) if person)
            # Whoever was called reads what follows, if they can.
            is_call = notification.channel == Channel.VOICE
            channels = WRITTEN if is_call else (notification.channel,)
            planned = merged(planned, self.for_people(both, channels))
        return planned

    def rewritten(self, planned: PlannedNotification) -> PlannedNotification:
        """Return a copy that says these texts."""
        return replace(
            planned, **wording(self.texts, planned.channel, self.alert, planned.recipient)
        )

    def _to(self, person: Recipient, channel: Channel) -> PlannedNotification:
        recipient = recipient_key(person)
        is_quiet_text = channel is Channel.SMS and self.lane is Lane.ROUTINE
        return PlannedNotification(
            kind=NotificationKind.ALERT,
            source=self.alert.incident.source,
            incident_id=self.alert.incident_id,
            alert=self.alert,
            revision=self.alert.revision,
            channel=channel,
            address=person.addresses[channel],
            recipient=recipient,
            title=person.title,
            lane=self.lane,
            expires_at=self.alert.expires_at,
            reported_at=self.alert.report.received_at,
            quiet_until=person.quiet_until if is_quiet_text else None,
            **wording(self.texts, channel, self.alert, recipient),
        )


class Wording(TypedDict):
    """What one reader reads on one channel, and the hash of the secret in its link."""

    subject: str
    body: str
    html: str
    answer_hash: str


def wording(texts: Texts, channel: Channel, alert: Alert, recipient: str) -> Wording:
    """Return what a recipient of the alert reads of these texts; a link in it is theirs alone."""
    asks = answer_url() in (texts.plain if channel is Channel.EMAIL else texts.sms)
    secret = answer_secret(alert.incident_id, alert.ref, recipient) if asks else NO_SECRET
    answer_hash = secret_hash(secret) if asks else ""
    if channel is Channel.VOICE:
        return Wording(subject="", body=texts.speak(), html="", answer_hash=answer_hash)
    is_sms = channel is Channel.SMS
    return Wording(
        subject="" if is_sms else texts.subject,
        body=with_secret(texts.sms if is_sms else texts.plain, secret),
        html="" if is_sms else with_secret(texts.html, secret),
        answer_hash=answer_hash,
    )


def readable_after_quiet(expires_at: datetime, quiet_until: datetime) -> datetime:
    """Return until when a text is of use that waits for the end of its reader's quiet hours."""
    return max(expires_at, quiet_until + AFTER_QUIET)


def address_key(channel: str, address: str) -> AddressKey:
    """Return the address in the form in which two are compared: without the case of an e-mail's."""
    return str(channel), address.lower()


def merged(
    planned: Iterable[PlannedNotification], more: Iterable[PlannedNotification]
) -> list[PlannedNotification]:
    """Return the planned notifications, and those of `more` that go to further addresses."""
    by_key = {n.key: n for n in planned}
    for n in more:
        by_key.setdefault(n.key, n)
    return list(by_key.values())


def rings(planned: Iterable[PlannedNotification]) -> bool:
    """Say whether one of the notifications makes a telephone ring."""
    return any(n.channel in RINGING for n in planned)
