"""An intervention is decided: where it is, what each commune is told, to whom; one transaction.

lock the thread -> resolve the place -> rule for each commune -> letters to delivery -> journal
"""

from typing import Any
from uuid import UUID

from django.db import transaction

from notifier.alerting.categories import Category
from notifier.alerting.concerned import Concerned, concerned
from notifier.alerting.doubt import ask_a_person, harmless
from notifier.alerting.models import Alert
from notifier.alerting.policy import (
    Ruling,
    rule_on,
    rule_on_edge,
    rule_on_left_commune,
    rule_on_neighbour,
)
from notifier.alerting.review import supersede_older
from notifier.alerting.spoken import Spoken
from notifier.alerting.tell import Telling, tell
from notifier.alerting.wording import categories, named
from notifier.delivery.outbox import entrust
from notifier.intake.models import Intervention, State
from notifier.intake.thread import conclude, lock_thread
from notifier.intake.words import Status
from notifier.journal.models import Entry, Step
from notifier.journal.write import entry, write
from notifier.territory.resolve import Commune, commune


def decide(intervention_id: UUID) -> None:
    """Decide every received intervention of the thread that this one belongs to, by sequence.

    Does nothing for what is decided already, so it may be rung any number of times.
    """
    with transaction.atomic():
        thread = lock_thread(intervention_id)
        for intervention in thread:
            if intervention.state == State.RECEIVED:
                _decide_one(intervention, thread)


def _decide_one(intervention: Intervention, thread: list[Intervention]) -> None:
    outcome = concerned(intervention, thread)
    category = categories().get(intervention.category)
    entries = [_resolved(intervention, outcome.communes)] if outcome.communes else []
    if outcome.state is not State.DECIDED:
        entries += _undecided(intervention, outcome)
    reasons = [outcome.reason] if outcome.reason else []
    if outcome.tells and category is not None:
        locked = Alert.objects.filter(thread=intervention.thread).select_for_update()
        alerts = list(locked)
        tellings = rule_on_all(intervention, category, outcome, alerts)
        letters, lines = tell(intervention, category, tellings, spoken_of(alerts, tellings))
        entrust(letters)
        entries += lines
        reasons += [f"{t.commune.name} : {t.ruling.reason}" for t in tellings]
    if outcome.state is State.REVIEW:
        entries += ask_a_person(intervention, outcome.reason, thread)
    conclude(intervention, outcome.state, " ; ".join(reasons))
    if outcome.is_placed:
        entries += supersede_older(intervention, thread)
    write(entries)


def rule_on_all(
    intervention: Intervention, category: Category, outcome: Concerned, alerts: list[Alert]
) -> list[Telling]:
    """The ruling for each commune concerned, and for each that was told and no longer is.

    In the order of telling: the communes concerned before their neighbours, of whom those are left
    out who have nothing to be told.
    """
    told = {alert.commune: alert for alert in alerts}
    said = intervention.status, intervention.severity, category
    tellings = []
    for here in outcome.communes:
        alert = told.pop(here.code, None)
        ruling = rule_on(*said, alert, exercise=intervention.exercise)
        tellings.append(Telling(here, ruling, alert))
    for near in outcome.neighbours:
        alert = told.pop(near.commune.code, None)
        ruling = rule_on_neighbour(
            *said, alert, exercise=intervention.exercise, next_to=near.next_to
        )
        if ruling.kind:
            tellings.append(Telling(near.commune, ruling, alert, near.next_to))
    for alert in told.values() if outcome.is_placed else ():
        left = commune(alert.commune)
        if alert.is_open and left is not None:
            tellings.append(Telling(left, _rule_on_left(intervention, category, alert), alert))
    ruled = {telling.commune for telling in tellings}
    holders = named(outcome.communes)
    tellings += [
        Telling(close, rule_on_edge(holders), None) for close in outcome.aside if close not in ruled
    ]
    return sorted(tellings, key=lambda t: (t.is_to_neighbour, not t.opens))


def _rule_on_left(intervention: Intervention, category: Category, alert: Alert) -> Ruling:
    """The ruling for a commune that was told and is not found any more.

    At an end no neighbours are looked for: it is theirs all the same.
    """
    said = intervention.status, intervention.severity, category
    if intervention.status in (Status.CLOSED, Status.CANCELLED) and alert.is_to_neighbour:
        return rule_on(*said, alert, exercise=intervention.exercise)
    return rule_on_left_commune()


def spoken_of(alerts: list[Alert], tellings: list[Telling]) -> Spoken:
    """Where the alerts that are open, and are not closed by these tellings, were told."""
    closed = {t.alert.pk for t in tellings if t.alert and t.ruling.kind and t.ruling.kind.closes}
    return Spoken([alert for alert in alerts if alert.is_open and alert.pk not in closed])


def _resolved(intervention: Intervention, communes: list[Commune]) -> Entry:
    return entry(
        intervention.thread,
        Step.RESOLVED,
        f"Commune : {named(communes)}.",
        verdict=intervention.verdict,
        clues=[
            {name: clue[name] for name in ("kind", "communes", "marks") if name in clue}
            for clue in intervention.clues
        ],
    )


def _undecided(intervention: Intervention, outcome: Concerned) -> list[Entry]:
    data: dict[str, Any] = {"intervention": str(intervention.pk), "verdict": intervention.verdict}
    lines = [
        entry(intervention.thread, Step.RESOLVED, harmless(clue), **data)
        for clue in intervention.clues
    ]
    step = Step.REVIEW if outcome.state is State.REVIEW else Step.DECIDED
    sentence = f"{outcome.reason[:1].upper()}{outcome.reason[1:]}."
    lines.append(entry(intervention.thread, step, sentence, state=outcome.state, **data))
    return lines
