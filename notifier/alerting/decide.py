"""An intervention is decided: where it is, what each commune is told, to whom; one transaction.

lock the thread -> resolve the place -> rule for each commune -> letters to delivery -> journal
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction

from notifier.alerting.categories import Category
from notifier.alerting.models import Alert
from notifier.alerting.policy import rule_on, rule_on_left_commune
from notifier.alerting.review import supersede_older
from notifier.alerting.tell import Telling, tell
from notifier.alerting.wording import categories
from notifier.delivery.outbox import entrust
from notifier.intake.models import Intervention, State
from notifier.intake.thread import conclude, lock_thread
from notifier.intake.words import Status
from notifier.journal.models import Entry, Step
from notifier.journal.write import entry, write
from notifier.territory.resolve import Commune, Location, Verdict, commune, resolve

DOUBT = {
    Verdict.CONFLICT: "les indices se contredisent",
    Verdict.UNKNOWN: "les indices ne suffisent pas",
    "decided": "la commune décidée n’existe plus",
}


@dataclass
class Concerned:
    """The communes that may be told; without any, the state that says what happens instead."""

    state: State
    communes: list[Commune] = field(default_factory=list)
    reason: str = ""

    @property
    def is_placed(self) -> bool:
        """Whether it is certain where the intervention is, so that a commune may have been left."""
        return self.state in (State.DECIDED, State.OUTSIDE)


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
    if outcome.communes:
        entries = [_resolved(intervention, outcome.communes)]
    else:
        entries = _nobody_told(intervention, outcome)
    reasons = [outcome.reason] if outcome.reason else []
    if outcome.is_placed and category is not None:
        alerts = Alert.objects.filter(thread=intervention.thread).select_for_update()
        tellings = rule_on_all(intervention, category, outcome.communes, list(alerts))
        letters, lines = tell(intervention, category, tellings)
        entrust(letters)
        entries += lines
        reasons += [f"{t.commune.name} : {t.ruling.reason}" for t in tellings]
    conclude(intervention, outcome.state, " ; ".join(reasons))
    if outcome.is_placed:
        entries += supersede_older(intervention, thread)
    write(entries)


def concerned(intervention: Intervention, thread: list[Intervention]) -> Concerned:
    """Where the intervention is, and whether anybody may be told; the object keeps what was found.

    `thread` holds the interventions of the same thread, by sequence. Reads no database.
    """
    later = [i for i in thread if i.sequence > intervention.sequence and i.state == State.DECIDED]
    if later:
        return Concerned(
            State.SUPERSEDED, [], f"arrivée après le n° {later[-1].sequence}, déjà traité"
        )
    communes = _locate(intervention, thread)
    if not communes:
        why = f"commune à vérifier, {DOUBT[intervention.verdict]} : personne n’est prévenu"
        return Concerned(State.REVIEW, [], why)
    if categories().get(intervention.category) is None:
        why = f"la catégorie {intervention.category} n’existe plus dans la configuration"
        return Concerned(State.REVIEW, [], why)
    inside = [c for c in communes if c.departement in intervention.source.departements]
    if not inside:
        names = ", ".join(c.label for c in communes)
        where = f"hors des départements de {intervention.source.name}"
        return Concerned(State.OUTSIDE, [], f"{names} : {where}, personne n’est prévenu")
    return Concerned(State.DECIDED, inside)


def _locate(intervention: Intervention, thread: list[Intervention]) -> list[Commune]:
    chosen = intervention.decided_commune or _decided_before(intervention, thread)
    if chosen:
        found = commune(chosen)
        intervention.verdict = "decided"
        intervention.communes = [chosen] if found else []
        return [found] if found else []
    resolution = resolve(Location(**intervention.location))
    intervention.verdict = resolution.verdict
    intervention.communes = [c.code for c in resolution.communes]
    intervention.clues = resolution.as_json()["clues"]
    if resolution.verdict in (Verdict.CERTAIN, Verdict.EDGE):
        return list(resolution.communes)
    if intervention.status in (Status.CLOSED, Status.CANCELLED):
        return _told_before(intervention, thread)
    return []


def _told_before(intervention: Intervention, thread: list[Intervention]) -> list[Commune]:
    """An end concerns those who were told, though its own place be in doubt: they wait for it."""
    decided = [i for i in thread if i.state == State.DECIDED and i.sequence < intervention.sequence]
    codes = decided[-1].communes if decided else []
    intervention.communes = codes
    return [found for found in map(commune, codes) if found is not None]


def _decided_before(intervention: Intervention, thread: list[Intervention]) -> str:
    """The commune that a person decided last in the thread for the very same place."""
    return next(
        (
            i.decided_commune
            for i in reversed(thread)
            if i.decided_commune and i.pk != intervention.pk and i.location == intervention.location
        ),
        "",
    )


def rule_on_all(
    intervention: Intervention, category: Category, communes: list[Commune], alerts: list[Alert]
) -> list[Telling]:
    """The ruling for each commune concerned, and for each that was told and no longer is."""
    told = {alert.commune: alert for alert in alerts}
    tellings = []
    for here in communes:
        alert = told.pop(here.code, None)
        ruling = rule_on(
            intervention.status,
            intervention.severity,
            category,
            alert,
            exercise=intervention.exercise,
        )
        tellings.append(Telling(here, ruling, alert))
    for alert in told.values():
        left = commune(alert.commune)
        if alert.is_open and left is not None:
            tellings.append(Telling(left, rule_on_left_commune(), alert))
    return tellings


def _resolved(intervention: Intervention, communes: list[Commune]) -> Entry:
    names = ", ".join(c.label for c in communes)
    return entry(
        intervention.thread,
        Step.RESOLVED,
        f"Commune : {names}.",
        verdict=intervention.verdict,
        clues=[{"kind": c["kind"], "communes": c["communes"]} for c in intervention.clues],
    )


def _nobody_told(intervention: Intervention, outcome: Concerned) -> list[Entry]:
    data: dict[str, Any] = {"intervention": str(intervention.pk), "verdict": intervention.verdict}
    lines = [
        entry(intervention.thread, Step.RESOLVED, _says(clue), **data)
        for clue in intervention.clues
    ]
    step = Step.REVIEW if outcome.state is State.REVIEW else Step.DECIDED
    sentence = f"{outcome.reason[:1].upper()}{outcome.reason[1:]}."
    lines.append(entry(intervention.thread, step, sentence, state=outcome.state, **data))
    return lines


def _says(clue: dict[str, Any]) -> str:
    """What a clue says, without the name as dispatch typed it: the journal is for good."""
    if clue["kind"] != "name":
        return str(clue["says"])
    names = ", ".join(c.label for c in map(commune, clue["communes"]) if c)
    return f"Le nom donné peut désigner : {names}." if names else "Le nom donné n’est pas reconnu."
