"""Tell one more person of an organisation that is told already, by the same law or convention."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils import timezone

from notifier.alerting.escalation.failover import (
    compose_text,
    disclosable_category,
    sufficient_channels,
)
from notifier.alerting.manual.action import (
    Actor,
    ManualActionError,
    act,
    locked_alert,
    record,
    send_now,
)
from notifier.alerting.models import ActionKind, Alert, Notification
from notifier.alerting.notification.history import address_keys, notifications_of
from notifier.alerting.notification.journal import alert_entry, recipients_in_words
from notifier.alerting.notification.recipients import not_failed, recipient_key
from notifier.alerting.policy.terms import addressing, parse_terms
from notifier.delivery.models import Channel, MessageState
from notifier.directory.recipients import Recipient, active_people
from notifier.intake.models import Report
from notifier.journal.models import Step
from notifier.journal.write import write_entries


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
    told = _told_of(Alert.objects.filter(incident=going_on[0].incident_id))
    return {
        alert.pk: [
            Untold(
                person.mandate_id,
                person.person_id,
                person.title,
                _channels_of(person),
            )
            for person in people[alert.ref]
            if (person.is_written_to or _is_urgent(alert)) and not _notifications_to(person, told)
        ]
        for alert in going_on
    }


def tell(alert: Alert, mandate_id: int, actor: Actor) -> str:
    """Tell the person of this mandate of the alert, as it stands.

    Returns whom, without a name, and why the text waits if it does.

    Raises ManualActionError where nothing may be told any more, for whoever got it already, under
    whatever function, and where their addresses are somebody's who did.
    """
    pk = alert.pk
    return act(alert.incident_id, actor, lambda reports: _tell(pk, mandate_id, reports, actor))


def _tell(alert_id: int, mandate_id: int, reports: list[Report], actor: Actor) -> str:
    alert = locked_alert(alert_id, reports)
    if not alert.is_open:
        raise ManualActionError("l’alerte est terminée, il n’y a plus rien à annoncer")
    if alert.expires_at <= timezone.now():
        raise ManualActionError("l’alerte est périmée, un texte de plus ne servirait à personne")
    category = disclosable_category(alert)
    if category is None:
        raise ManualActionError("elle ne peut plus être communiquée : la règle a changé depuis")
    people = active_people([alert.ref], timezone.now())[alert.ref]
    person = next((one for one in people if one.mandate_id == mandate_id), None)
    if person is None:
        raise ManualActionError("cette personne n’est pas joignable à ce titre en ce moment")
    told = _told_of(Alert.objects.filter(incident=alert.incident_id))
    _refuse_second_text(person, told)
    to_whom = addressing(category, parse_terms(alert.terms))
    tried = address_keys(told)
    text = compose_text(alert, category).for_people([person], to_whom.channels)
    planned = [n for n in text if n.key not in tried]
    if not planned:
        raise ManualActionError("ses adresses sont celles d’une personne déjà prévenue")
    whom = recipients_in_words(planned)
    what = f"prévenu en plus par {actor.who} : {whom}"
    write_entries([
        alert_entry(alert, Step.DECIDED, what, alert=alert.pk, rule="tell", who=actor.who)
    ])  # fmt: skip
    said = send_now(alert, planned, notifications_of(alert.pk))
    record(alert.incident_id, ActionKind.TELL, actor, person.title)
    return said


def _told_of(alerts: Iterable[Alert]) -> list[Notification]:
    """Return what was sent, or waits, of those alerts that go on, since they were opened."""
    opened = {alert.pk: alert.opened_revision for alert in alerts if alert.is_open}
    return [
        n
        for pk, notifications in notifications_of(*opened).items()
        for n in notifications
        if n.revision >= opened[pk] and n.message_state != MessageState.CANCELLED
    ]


def _is_urgent(alert: Alert) -> bool:
    return Channel.EMAIL not in sufficient_channels(alert)


def _channels_of(person: Recipient) -> list[str]:
    """Return by what the person is told; a call is for who has no telephone for texts."""
    own = [c for c in person.addresses if c != Channel.VOICE or not person.mobile]
    return [str(Channel(channel).label) for channel in own]


def _notifications_to(person: Recipient, told: Iterable[Notification]) -> list[Notification]:
    return [n for n in told if n.recipient == recipient_key(person)]


def _refuse_second_text(person: Recipient, told: Sequence[Notification]) -> None:
    own = _notifications_to(person, told)
    if not own:
        return
    if not_failed(own):
        raise ManualActionError(f"déjà prévenu de cette intervention ({person.title})")
    raise ManualActionError(f"un texte lui a déjà été envoyé ({person.title}) : renvoyez-le")
