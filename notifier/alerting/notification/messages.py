"""From facts and people to letters: one text for each channel of each person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from notifier.alerting.content.composer import Texts
from notifier.alerting.content.facts import Facts
from notifier.alerting.content.street_label import safe_place
from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert
from notifier.alerting.notification.recipients import recipient_label
from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.current import composer
from notifier.delivery.models import Channel, Lane, Message
from notifier.delivery.outbox import OutgoingMessage
from notifier.directory.recipients import Person
from notifier.intake.models import Report
from notifier.territory.phones import format_number
from notifier.territory.resolve import Commune


def facts_of(
    report: Report,
    category: Category,
    commune: Commune,
    next_to: Commune | None = None,
    holders: Sequence[Commune] = (),
) -> dict[str, Any]:
    """The whitelisted facts, as JSON types; nothing else of a report reaches a text.

    The label keeps its brackets: each text says its severity in its own place. `next_to` is where
    it happens when `commune` only adjoins; `holders` when it is only close by.
    """
    place = safe_place(report.location.get("label")) if category.place else None
    return {
        "commune": commune.name,
        "time_zone": commune.time_zone,
        "category_label": category.written_label,
        "legal_basis": category.legal_basis,
        "status": report.status,
        "severity": report.severity,
        "occurred_at": report.occurred_at.isoformat(),
        "place": place,
        "reference": report.reference,
        "service": report.source.service,
        "duty_phone": _duty_phone(report),
        "exercise": report.exercise,
        "next_to": next_to.name if next_to else None,
        "holders": [holder.name for holder in holders],
    }


def facts_to_tell(
    kind: Kind,
    report: Report,
    category: Category,
    commune: Commune,
    told: dict[str, Any] | None,
    next_to: Commune | None = None,
    holders: Sequence[Commune] = (),
    moved_to: Sequence[Commune] = (),
) -> dict[str, Any]:
    """The facts of a text of this kind; `told` are those of the text told last, if any.

    An end or a cancellation speaks of what was told, of when it ended, and of nothing else that
    became known since; of a commune left, `moved_to` says where it is now. What is told further
    keeps the hour that was told: dispatch may date each state of a report by itself.
    """
    facts = facts_of(report, category, commune, next_to, holders)
    if told is None or kind.opens:
        return facts
    if not kind.closes:
        return {**facts, "occurred_at": min(facts["occurred_at"], told["occurred_at"], key=_moment)}
    closing = {
        **told,
        "status": report.status,
        "duty_phone": facts["duty_phone"],
        "moved_to": [commune.name for commune in moved_to],
    }
    return {**closing, **_end(report, told)} if kind is Kind.END else closing


def _end(report: Report, told: dict[str, Any]) -> dict[str, Any]:
    """When it ended: the report's own hour if it is later than that of the event, else its arrival.

    Most control rooms repeat the event's hour in every report; a clock ahead of ours is ours.
    """
    arrived = report.received_at
    ended = min(report.occurred_at, arrived)
    is_dated = ended > _moment(told["occurred_at"])
    return {
        "ended_at": (ended if is_dated else arrived).isoformat(),
        "end_is_dated": is_dated,
    }


def _duty_phone(report: Report) -> str:
    phone = report.source.duty_phone
    return format_number(phone) if phone else ""


def compose(kind: Kind, facts: dict[str, Any]) -> Texts:
    """The texts of a kind for facts as `facts_of` makes them."""
    return composer().compose(kind, facts_told_now(facts))


def facts_told_now(facts: dict[str, Any]) -> Facts:
    """The composer's own form of facts as `facts_of` makes them."""
    moments = {
        name: _moment(facts[name]) for name in ("occurred_at", "ended_at") if facts.get(name)
    }
    return Facts(**{**facts, **moments}, told_at=timezone.now())


def _moment(written: str) -> datetime:
    return datetime.fromisoformat(written)


def whom(letters: Iterable[OutgoingMessage]) -> str:
    """Who gets the letters, for the journal: "maire (SMS +33 6 •• •• •• 12), …"."""
    return ", ".join(f"{le.title} ({le.channel.label} {le.masked})" for le in letters)


def letter_key(channel: str, address: str) -> tuple[str, str]:
    """What makes an address one and the same: an e-mail address's case does not count."""
    return channel, address.lower()


def added(
    letters: Iterable[OutgoingMessage], more: Iterable[OutgoingMessage]
) -> list[OutgoingMessage]:
    """The letters, and those of the others that go to further addresses."""
    by_key = {letter_key(letter.channel, letter.address): letter for letter in letters}
    for letter in more:
        by_key.setdefault(letter_key(letter.channel, letter.address), letter)
    return list(by_key.values())


def rings(letters: Iterable[OutgoingMessage]) -> bool:
    """Whether one of the letters rings a telephone."""
    return any(letter.channel is Channel.SMS for letter in letters)


class Envelope:
    """What all letters of one telling share: the alert's key, texts, lane and lifetime."""

    def __init__(
        self,
        *,
        topic: str,
        revision: int,
        incident_id: int | None,
        source: str,
        texts: Texts,
        lane: str,
        expires_at: datetime,
        reported_at: datetime | None = None,
    ) -> None:
        self._topic = topic
        self._revision = revision
        self._incident_id = incident_id
        self._source = source
        self._texts = texts
        self._lane = Lane(lane)
        self._expires_at = expires_at
        self._reported_at = reported_at

    @classmethod
    def of(cls, alert: Alert, texts: Texts, category: Category) -> Envelope:
        """The envelope of an alert's present revision."""
        return cls(
            topic=str(alert.pk),
            revision=alert.revision,
            incident_id=alert.incident_id,
            source=str(alert.incident.source_id),
            texts=texts,
            lane=category.lane,
            expires_at=alert.expires_at,
            reported_at=alert.report.received_at,
        )

    def for_people(
        self, people: Iterable[Person], channels: Sequence[str]
    ) -> list[OutgoingMessage]:
        """A letter on each channel that the person has; the same address is written to once.

        Who has none of the channels is written to on what they have: silence would be worse.
        """
        letters: dict[tuple[str, str], OutgoingMessage] = {}
        for person in people:
            usable = list(person.addresses)
            for channel in [c for c in usable if c in channels] or usable:
                letter = self._letter(channel, person)
                letters.setdefault(letter_key(letter.channel, letter.address), letter)
        return list(letters.values())

    def for_told(
        self, messages: Iterable[Message], people: Sequence[Person]
    ) -> list[OutgoingMessage]:
        """A letter to each of the people who got an earlier one, where they are reached now.

        Whoever was meant, and whoever has the address that it went to: a contact may have come back
        under another number of the directory, or share the address of one who has left.
        """
        by_label = {recipient_label(person): person for person in people}
        at = {
            letter_key(channel, address): person
            for person in reversed(people)
            for channel, address in person.addresses.items()
        }
        letters: list[OutgoingMessage] = []
        for message in messages:
            meant = by_label.get(message.recipient)
            reader = at.get(letter_key(message.channel, message.address))
            told = dict.fromkeys(person for person in (meant, reader) if person)
            letters = added(letters, self.for_people(told, [message.channel]))
        return letters

    def _letter(self, channel: str, person: Person) -> OutgoingMessage:
        is_sms = channel == Channel.SMS
        return OutgoingMessage(
            topic=self._topic,
            revision=self._revision,
            incident_id=self._incident_id,
            source=self._source,
            lane=self._lane,
            expires_at=self._expires_at,
            reported_at=self._reported_at,
            channel=Channel(channel),
            address=person.addresses[channel],
            recipient=recipient_label(person),
            title=person.title,
            subject="" if is_sms else self._texts.subject,
            body=self._texts.sms if is_sms else self._texts.plain,
            html="" if is_sms else self._texts.html,
        )
