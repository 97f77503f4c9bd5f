"""From rulings to letters: alerts opened, revised or closed, people found, texts composed."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from notifier.alerting.content.composer import Texts
from notifier.alerting.decision.following import letters_to_follow, why_unreached
from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert
from notifier.alerting.notification.dedup import Spoken
from notifier.alerting.notification.duty_officer import letter_to_duty
from notifier.alerting.notification.history import withdraw_held
from notifier.alerting.notification.messages import (
    Envelope,
    compose,
    facts_to_tell,
    whom,
)
from notifier.alerting.notification.recipients import told_at_once
from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.expiry import closing_until, useful_until
from notifier.alerting.policy.rules import Ruling
from notifier.delivery.address import mask
from notifier.delivery.models import Message
from notifier.delivery.outbox import OutgoingMessage, cancel_pending
from notifier.directory.recipients import active_people
from notifier.intake.models import Report
from notifier.journal.models import Entry, Step
from notifier.journal.write import new_entry
from notifier.territory.resolve import Commune


@dataclass(frozen=True)
class Telling:
    """A commune, what is ruled for it, and what it was told so far."""

    commune: Commune
    ruling: Ruling
    alert: Alert | None
    next_to: Commune | None = None
    """Where it happens, when the commune only adjoins."""
    holders: Sequence[Commune] = ()
    """Where it happens, when the commune is concerned because it is close by."""
    moved_to: Sequence[Commune] = ()
    """Where it is now, when it left the commune and that may be told."""

    @property
    def opens(self) -> bool:
        """Whether it begins or takes up an alert, told to those who are there now.

        This and the next two are asked before `tell`, which opens the alert.
        """
        kind = self.ruling.kind
        return kind is not None and kind.opens and not (self.alert and self.alert.is_open)

    @property
    def is_to_neighbour(self) -> bool:
        """Whether its text speaks of an adjoining commune."""
        if self.ruling.kind is not None and self.ruling.kind.opens:
            return self.next_to is not None
        return self.alert is not None and self.alert.is_to_neighbour

    @property
    def is_moved_here(self) -> bool:
        """Whether a commune that was told of a neighbour is now told of itself."""
        was_told = self.alert is not None and self.alert.is_open and self.alert.is_to_neighbour
        return was_told and self.ruling.kind is Kind.FIRST


@dataclass(frozen=True)
class Case:
    """A report that somebody may be told of: what is ruled for each commune."""

    report: Report
    category: Category
    tellings: list[Telling]
    spoken: Spoken


def tell(cases: Sequence[Case]) -> tuple[list[OutgoingMessage], list[Entry]]:
    """Open, revise or close the alerts; the messages to enqueue and the journal entries to write.

    In the caller's transaction. Constant in statements for any number of first alerts and people;
    of several cases, each is of another incident.
    """
    letters: list[OutgoingMessage] = []
    entries = [_ruled(case.report, telling) for case in cases for telling in case.tellings]
    unrung: defaultdict[tuple[int, str], list[Alert]] = defaultdict(list)
    for to_neighbours in (False, True):
        part = [
            (case, telling)
            for case in cases
            for telling in case.tellings
            if telling.is_to_neighbour is to_neighbours
        ]
        first = [(case, telling) for case, telling in part if telling.opens]
        following = [(case, telling) for case, telling in part if not telling.opens]
        for case, alert, texts, found, gone in [*_open_alerts(first), *_follow_alerts(following)]:
            fresh = case.spoken.without_doubles(alert, found, to_neighbour=to_neighbours)
            letters += fresh
            entries += _composed(alert, texts, fresh)
            if found and not fresh:
                entries.append(_known_already(alert))
            entries += _gone(alert, gone)
            if why := why_unreached(Kind(alert.kind), case.category, found, gone):
                unrung[alert.incident_id, why].append(alert)
                entries.append(_unreached(alert, why))
    for (_, why), alerts in unrung.items():
        letters += letter_to_duty(alerts, why)
    return letters, entries


# An alert of a case, its texts of now, the letters that carry them, and the earlier messages whose
# readers have left.
_Told = tuple[Case, Alert, Texts, list[OutgoingMessage], list[Message]]


def _open_alerts(first: list[tuple[Case, Telling]]) -> Iterator[_Told]:
    """A first alert to those who are there now."""
    if not first:
        return
    now = timezone.now()
    people = active_people([telling.commune.code for _, telling in first], now)
    opened = [(case, _alert(case, telling, now)) for case, telling in first]
    Alert.objects.bulk_create([alert for _, alert in opened if alert.revision == 1])
    for case, alert in opened:
        if alert.revision > 1:
            alert.save()
        category = case.category
        texts = compose(Kind(alert.kind), alert.facts)
        there = told_at_once(people[alert.commune], category)
        envelope = Envelope.of(alert, texts, category)
        yield case, alert, texts, envelope.for_people(there, category.channels), []


def _alert(case: Case, telling: Telling, now: datetime) -> Alert:
    """A new alert, or the closed one of an incident that is taken up again, one revision on."""
    alert = telling.alert or Alert(
        incident=case.report.incident, commune=telling.commune.code, revision=0
    )
    alert.commune_name = telling.commune.name
    alert.opened_at = now
    _revise(alert, case, telling)
    alert.opened_revision = alert.revision
    return alert


def _follow_alerts(following: list[tuple[Case, Telling]]) -> Iterator[_Told]:
    """What comes after an alert, to those who got what came before and are still there."""
    people = active_people(
        [telling.commune.code for _, telling in following if telling.alert and telling.ruling.kind],
        timezone.now(),
    )
    for case, telling in following:
        alert, kind = telling.alert, telling.ruling.kind
        if alert is None or kind is None:
            continue
        if kind is Kind.CANCELLATION:
            cancel_pending(str(alert.pk))
            withdraw_held(alert)
        anew = telling.is_moved_here
        _revise(alert, case, telling)
        alert.save()
        texts = compose(kind, alert.facts)
        envelope = Envelope.of(alert, texts, case.category)
        there = people[alert.commune]
        letters, gone = letters_to_follow(kind, envelope, alert, case.category, there, anew=anew)
        yield case, alert, texts, letters, gone


def facts_of_telling(
    kind: Kind, report: Report, category: Category, telling: Telling
) -> dict[str, Any]:
    """The facts of a telling's text of this kind; a dry run states the same."""
    told_last = telling.alert.facts if telling.alert else None
    return facts_to_tell(
        kind,
        report,
        category,
        telling.commune,
        told_last,
        telling.next_to,
        telling.holders,
        telling.moved_to,
    )


def _revise(alert: Alert, case: Case, telling: Telling) -> None:
    """Bring the alert to what is told now; severity and category stay those that were announced."""
    report, category = case.report, case.category
    kind = telling.ruling.kind or Kind.FIRST
    alert.facts = facts_of_telling(kind, report, category, telling)
    alert.report = report
    alert.kind = kind
    alert.revision += 1
    alert.is_open = not kind.closes
    if alert.is_open:
        alert.category, alert.severity = category.code, report.severity
        alert.expires_at = useful_until(report, category)
    else:
        alert.expires_at = closing_until(report)


def _ruled(report: Report, telling: Telling) -> Entry:
    told = {
        Kind.FIRST: "première alerte",
        Kind.NEIGHBOUR: "prévenue en voisine",
        Kind.UPDATE: "aggravation annoncée",
        Kind.END: "fin annoncée",
        Kind.CANCELLATION: "annulation annoncée",
        None: "personne n’est prévenu",
    }[telling.ruling.kind]
    return new_entry(
        report.incident_id,
        Step.DECIDED,
        f"{telling.commune.name} : {told} ; {telling.ruling.reason}.",
        report=str(report.pk),
        sequence=report.sequence,
        commune=telling.commune.code,
        kind=telling.ruling.kind,
        rule=telling.ruling.rule,
        reason=telling.ruling.reason,
    )


def _composed(alert: Alert, texts: Texts, letters: list[OutgoingMessage]) -> list[Entry]:
    if not letters:
        return []
    return [
        new_entry(
            alert.incident_id,
            Step.COMPOSED,
            f"{alert.commune_name} : texte rédigé pour {whom(letters)} : « {texts.sms} »",
            alert=alert.pk,
            revision=alert.revision,
            segments=texts.size.segments,
            subject=texts.subject,
        )
    ]


def _known_already(alert: Alert) -> Entry:
    return new_entry(
        alert.incident_id,
        Step.COMPOSED,
        f"{alert.commune_name} : ses contacts le savent déjà par une autre commune, rien de plus.",
        alert=alert.pk,
        revision=alert.revision,
    )


def _gone(alert: Alert, messages: Sequence[Message]) -> list[Entry]:
    return [
        new_entry(
            alert.incident_id,
            Step.CANCELLED,
            f"{alert.commune_name} : {message.title} ({message.get_channel_display()} "
            f"{mask(message.address)}) n’est plus dans l’annuaire, rien ne lui est plus dit.",
            alert=alert.pk,
            revision=alert.revision,
        )
        for message in messages
    ]


def _unreached(alert: Alert, why: str) -> Entry:
    has_duty = bool(alert.incident.source.duty_email)
    then = (
        "la permanence du groupement est prévenue" if has_duty else "aucune adresse de permanence"
    )
    return new_entry(
        alert.incident_id,
        Step.UNREACHED,
        f"{alert.commune_name} : {why}, {then}.",
        alert=alert.pk,
        commune=alert.commune,
    )
