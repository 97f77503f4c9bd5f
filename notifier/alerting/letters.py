"""From facts and people to letters: one text for each channel of each person."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from notifier.alerting.categories import Category
from notifier.alerting.composition import Kind, Texts
from notifier.alerting.place import safe_place
from notifier.alerting.recipients import recipient_label
from notifier.alerting.wording import composer
from notifier.alerting.words import Facts
from notifier.delivery.models import Channel, Lane, Message
from notifier.delivery.outbox import Letter
from notifier.directory.people import Person
from notifier.intake.models import Intervention
from notifier.territory.resolve import Commune

# An end or a cancellation is still worth reading long after the alert itself has expired.
CLOSING_LIFETIME = timedelta(hours=12)


def facts_of(intervention: Intervention, category: Category, commune: Commune) -> dict[str, Any]:
    """The whitelisted facts, as JSON types; nothing else of an intervention reaches a text."""
    place = safe_place(intervention.location.get("label")) if category.place else None
    return {
        "commune": commune.name,
        "time_zone": commune.time_zone,
        "category_label": category.label,
        "legal_basis": category.legal_basis,
        "status": intervention.status,
        "severity": intervention.severity,
        "occurred_at": intervention.occurred_at.isoformat(),
        "place": place,
        "reference": intervention.reference,
        "service": intervention.source.service,
        "exercise": intervention.exercise,
    }


def compose(kind: Kind, facts: dict[str, Any]) -> Texts:
    """The texts of a kind for facts as `facts_of` makes them."""
    return composer().compose(kind, facts_told_now(facts))


def facts_told_now(facts: dict[str, Any]) -> Facts:
    """The composer's own form of facts as `facts_of` makes them."""
    occurred_at = datetime.fromisoformat(facts["occurred_at"])
    return Facts(**{**facts, "occurred_at": occurred_at}, told_at=timezone.now())


class Envelope:
    """What all letters of one telling share: the alert's key, texts, lane and lifetime."""

    def __init__(
        self,
        *,
        topic: str,
        revision: int,
        thread: str,
        texts: Texts,
        lane: str,
        expires_at: datetime,
    ) -> None:
        self._texts = texts
        self._shared = {
            "topic": topic,
            "revision": revision,
            "thread": thread,
            "lane": Lane(lane),
            "expires_at": expires_at,
        }

    def for_people(self, people: Iterable[Person], channels: Sequence[str]) -> list[Letter]:
        """A letter on each channel that the person has; the same address is written to once."""
        letters: dict[tuple[str, str], Letter] = {}
        for person in people:
            for channel in channels:
                address = person.mobile if channel == Channel.SMS else person.email
                if address:
                    letters.setdefault(
                        (channel, address.lower()),
                        self._letter(
                            Channel(channel), address, recipient_label(person), person.title
                        ),
                    )
        return list(letters.values())

    def for_told(self, messages: Iterable[Message]) -> list[Letter]:
        """A letter to each address that got an earlier one."""
        letters = {
            (m.channel, m.address): self._letter(
                Channel(m.channel), m.address, m.recipient, m.title
            )
            for m in messages
        }
        return list(letters.values())

    def _letter(self, channel: Channel, address: str, recipient: str, title: str) -> Letter:
        is_sms = channel is Channel.SMS
        return Letter(
            **self._shared,
            channel=channel,
            address=address,
            recipient=recipient,
            title=title,
            subject="" if is_sms else self._texts.subject,
            body=self._texts.sms if is_sms else self._texts.plain,
            html="" if is_sms else self._texts.html,
        )
