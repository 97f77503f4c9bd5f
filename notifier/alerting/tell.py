"""From rulings to letters: alerts opened, revised or closed, people found, texts composed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from notifier.alerting.categories import Category
from notifier.alerting.composition import Kind, Texts
from notifier.alerting.duty import letter_to_duty
from notifier.alerting.letters import CLOSING_LIFETIME, Envelope, compose, facts_of
from notifier.alerting.models import Alert
from notifier.alerting.policy import Ruling
from notifier.alerting.recipients import told_at_once
from notifier.delivery.models import BAD_ENDS, Message, State
from notifier.delivery.outbox import Letter, told, withdraw
from notifier.directory.people import Person, people_of
from notifier.intake.models import Intervention
from notifier.journal.models import Entry, Step
from notifier.journal.write import entry
from notifier.territory.resolve import Commune


@dataclass(frozen=True)
class Telling:
    """A commune, what is ruled for it, and what it was told so far."""

    commune: Commune
    ruling: Ruling
    alert: Alert | None


def tell(
    intervention: Intervention, category: Category, tellings: list[Telling]
) -> tuple[list[Letter], list[Entry]]:
    """Open, revise or close the alerts; the letters to entrust and the journal entries to write.

    In the caller's transaction. Constant in statements for any number of first alerts and people.
    """
    letters: list[Letter] = []
    entries = [_ruled(intervention, telling) for telling in tellings]
    first = [t for t in tellings if t.ruling.kind is Kind.FIRST]
    for alert, people in _open_alerts(intervention, category, first):
        texts = compose(Kind.FIRST, alert.facts)
        found = _envelope(alert, texts, category).for_people(people, category.channels)
        letters += found
        entries += _composed(alert, texts, found)
        if not found:
            letters += letter_to_duty(
                alert, intervention.source.duty_email, "aucun contact joignable"
            )
            entries.append(_nobody_there(alert))
    for telling in tellings:
        if telling.alert is not None and telling.ruling.kind not in (None, Kind.FIRST):
            follow_letters, follow_entries = _follow(
                intervention, category, telling.alert, telling.ruling
            )
            letters += follow_letters
            entries += follow_entries
    return letters, entries


def _open_alerts(
    intervention: Intervention, category: Category, first: list[Telling]
) -> list[tuple[Alert, list[Person]]]:
    if not first:
        return []
    now = timezone.now()
    people = people_of([t.commune.code for t in first], now)
    opened = [_alert(intervention, category, t, now + category.lifetime) for t in first]
    Alert.objects.bulk_create([alert for alert in opened if alert.pk is None])
    for alert in opened:
        if alert.revision > 1:
            alert.save()
    return [(alert, told_at_once(people[alert.commune], category.tell)) for alert in opened]


def _alert(
    intervention: Intervention, category: Category, telling: Telling, expires_at: datetime
) -> Alert:
    """A new alert, or the closed one of a thread that is taken up again, one revision on."""
    alert = telling.alert or Alert(
        thread=intervention.thread, commune=telling.commune.code, revision=0
    )
    alert.commune_name = telling.commune.name
    alert.category = category.code
    alert.opened_at = timezone.now()
    alert.is_open = True
    alert.expires_at = expires_at
    _revise(alert, intervention, Kind.FIRST, facts_of(intervention, category, telling.commune))
    alert.severity = intervention.severity
    return alert


def _follow(
    intervention: Intervention, category: Category, alert: Alert, ruling: Ruling
) -> tuple[list[Letter], list[Entry]]:
    """An update, end or cancellation, to exactly those who got what came before."""
    assert ruling.kind is not None
    topic = str(alert.pk)
    if ruling.kind is Kind.CANCELLATION:
        withdraw(topic)
    facts = {**alert.facts, "status": intervention.status, "exercise": intervention.exercise}
    alert.is_open = ruling.kind is Kind.UPDATE
    lifetime: timedelta = CLOSING_LIFETIME
    if ruling.kind is Kind.UPDATE:
        facts["severity"] = alert.severity = intervention.severity
        lifetime = category.lifetime
    alert.expires_at = timezone.now() + lifetime
    _revise(alert, intervention, ruling.kind, facts)
    alert.save()
    texts = compose(ruling.kind, facts)
    letters = _envelope(alert, texts, category).for_told(reached(told(topic)))
    return letters, _composed(alert, texts, letters)


def reached(messages: Iterable[Message]) -> list[Message]:
    """Those of the messages that got to their reader, or may still."""
    return [m for m in messages if m.state not in (*BAD_ENDS, State.CANCELLED)]


def _revise(alert: Alert, intervention: Intervention, kind: Kind, facts: dict[str, Any]) -> None:
    alert.intervention = intervention
    alert.kind = kind
    alert.facts = facts
    alert.revision += 1


def _envelope(alert: Alert, texts: Texts, category: Category) -> Envelope:
    return Envelope(
        topic=str(alert.pk),
        revision=alert.revision,
        thread=alert.thread,
        texts=texts,
        lane=category.lane,
        expires_at=alert.expires_at,
    )


def _ruled(intervention: Intervention, telling: Telling) -> Entry:
    told = {
        Kind.FIRST: "première alerte",
        Kind.UPDATE: "aggravation annoncée",
        Kind.END: "fin annoncée",
        Kind.CANCELLATION: "annulation annoncée",
        None: "personne n’est prévenu",
    }[telling.ruling.kind]
    return entry(
        intervention.thread,
        Step.DECIDED,
        f"{telling.commune.name} : {told} ; {telling.ruling.reason}.",
        intervention=str(intervention.pk),
        sequence=intervention.sequence,
        commune=telling.commune.code,
        kind=telling.ruling.kind,
        rule=telling.ruling.rule,
        reason=telling.ruling.reason,
    )


def _composed(alert: Alert, texts: Texts, letters: list[Letter]) -> list[Entry]:
    if not letters:
        return []
    whom = ", ".join(
        f"{letter.title} ({letter.channel.label} {letter.masked})" for letter in letters
    )
    return [
        entry(
            alert.thread,
            Step.COMPOSED,
            f"{alert.commune_name} : texte rédigé pour {whom} : « {texts.sms} »",
            alert=alert.pk,
            revision=alert.revision,
            segments=texts.size.segments,
            subject=texts.subject,
        )
    ]


def _nobody_there(alert: Alert) -> Entry:
    return entry(
        alert.thread,
        Step.UNREACHED,
        f"{alert.commune_name} : aucun contact joignable dans l’annuaire.",
        alert=alert.pk,
        commune=alert.commune,
    )
