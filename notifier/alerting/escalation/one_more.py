"""Tell one more person of an alert that goes on: whom a person chose, or who is next in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils import timezone

from notifier.alerting.escalation.failover import (
    compose_text,
    disclosable_category,
    sufficient_channels,
)
from notifier.alerting.models import Alert, Notification
from notifier.alerting.notification.history import address_keys, notifications_of
from notifier.alerting.notification.planned import PlannedNotification
from notifier.alerting.notification.recipients import not_failed, recipient_key
from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.terms import addressing, parse_terms
from notifier.delivery.models import Channel, MessageState
from notifier.directory.recipients import Recipient, active_people


class NotTellableError(Exception):
    """Nothing may be told to this person. The message is French, for the person who acts."""


@dataclass(frozen=True)
class OneMore:
    """Somebody to be told, by which texts, under which category."""

    person: Recipient
    planned: Sequence[PlannedNotification]
    category: Category


def plan_for(alert: Alert, mandate_id: int | None = None) -> OneMore:
    """Plan the alert's text, as it stands, for the person of this mandate; None: for the next.

    Raises NotTellableError where nothing may be told any more, for whoever got it already, under
    whatever function, where their addresses are somebody's who did, and where nobody is left.
    """
    if not alert.is_open:
        raise NotTellableError("l’alerte est terminée, il n’y a plus rien à annoncer")
    if alert.expires_at <= timezone.now():
        raise NotTellableError("l’alerte est périmée, un texte de plus ne servirait à personne")
    category = disclosable_category(alert)
    if category is None:
        raise NotTellableError("elle ne peut plus être communiquée : la règle a changé depuis")
    told = told_of(Alert.objects.filter(incident=alert.incident_id))
    people = active_people([alert.ref], timezone.now())[alert.ref]
    if mandate_id is None:
        return _next(alert, category, people, told)
    person = next((one for one in people if one.mandate_id == mandate_id), None)
    if person is None:
        raise NotTellableError("cette personne n’est pas joignable à ce titre en ce moment")
    _refuse_second_text(person, told)
    planned = _untold(alert, category, person, told)
    if not planned:
        raise NotTellableError("ses adresses sont celles d’une personne déjà prévenue")
    return OneMore(person, planned, category)


@dataclass(frozen=True)
class Untold:
    """Somebody who can be told now: next in order first. Without a name."""

    mandate_id: int
    person_id: int
    title: str
    channels: Sequence[str]


def people_to_tell(alerts: Sequence[Alert]) -> dict[int, list[Untold]]:
    """Return by alert the active people whom nothing of the incident told, in order.

    All alerts are of one incident; those of others count as well. Four statements at most.
    """
    going_on = [alert for alert in alerts if alert.is_open and alert.expires_at > timezone.now()]
    if not going_on:
        return {}
    people = active_people({alert.ref for alert in going_on}, timezone.now())
    told = told_of(Alert.objects.filter(incident=going_on[0].incident_id))
    return {
        alert.pk: [
            Untold(
                person.mandate_id,
                person.person_id,
                person.title,
                _channels_of(person),
            )
            for person in people[alert.ref]
            if (person.is_written_to or _is_urgent(alert)) and not notifications_to(person, told)
        ]
        for alert in going_on
    }


def wait_for_answer(alert: Alert, category: Category) -> None:
    """Give whoever is told now the category's time to answer, where enough have not yet.

    Not where a person is to decide whether it is there: nobody is told next (`undecided`).
    """
    waiting = Alert.objects.filter(
        pk=alert.pk, answers_wanted__gt=0, answered_at=None, duty_due_at=None
    )
    waiting.update(answer_due_at=timezone.now() + category.answer_within)


def told_of(alerts: Iterable[Alert]) -> list[Notification]:
    """Return what was sent, or waits, of those alerts that go on, since they were opened."""
    opened = {alert.pk: alert.opened_revision for alert in alerts if alert.is_open}
    return [
        n
        for pk, notifications in notifications_of(*opened).items()
        for n in notifications
        if n.revision >= opened[pk] and n.message_state != MessageState.CANCELLED
    ]


def notifications_to(person: Recipient, told: Iterable[Notification]) -> list[Notification]:
    """Return those of the notifications that went to the person."""
    return [n for n in told if n.recipient == recipient_key(person)]


def _next(
    alert: Alert, category: Category, people: Sequence[Recipient], told: Sequence[Notification]
) -> OneMore:
    for person in people:
        if notifications_to(person, told):
            continue
        if planned := _untold(alert, category, person, told):
            return OneMore(person, planned, category)
    raise NotTellableError("tous ceux qui peuvent être joints sont déjà prévenus")


def _untold(
    alert: Alert, category: Category, person: Recipient, told: Iterable[Notification]
) -> list[PlannedNotification]:
    """Plan the text for the addresses of this person where nothing of the incident went."""
    to_whom = addressing(category, parse_terms(alert.terms))
    tried = address_keys(told)
    text = compose_text(alert, category).for_people([person], to_whom.channels)
    return [n for n in text if n.key not in tried]


def _refuse_second_text(person: Recipient, told: Sequence[Notification]) -> None:
    own = notifications_to(person, told)
    if not own:
        return
    if not_failed(own):
        raise NotTellableError(f"déjà prévenu de cette intervention ({person.title})")
    raise NotTellableError(f"un texte lui a déjà été envoyé ({person.title}) : renvoyez-le")


def _is_urgent(alert: Alert) -> bool:
    return Channel.EMAIL not in sufficient_channels(alert)


def _channels_of(person: Recipient) -> list[str]:
    """Return by what the person is told; a call is for who has no telephone for texts."""
    own = [c for c in person.addresses if c != Channel.VOICE or not person.mobile]
    return [str(Channel(channel).label) for channel in own]
