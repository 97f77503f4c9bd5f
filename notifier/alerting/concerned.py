"""Whom an intervention concerns: the communes told, those left aside at a border, the neighbours.

Reads no database: a dry run and the real thing find the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from notifier.alerting.categories import Category
from notifier.alerting.in_force import categories
from notifier.intake.models import Handling, Intervention
from notifier.intake.words import Status
from notifier.territory.resolve import (
    Commune,
    Location,
    Resolution,
    Verdict,
    adjoining,
    commune,
    resolve,
)

DOUBT = {
    Verdict.CONFLICT: "les indices se contredisent",
    Verdict.UNKNOWN: "les indices ne suffisent pas",
    "decided": "la commune décidée n’existe plus",
}


@dataclass(frozen=True)
class Neighbour:
    """A commune that adjoins one concerned."""

    commune: Commune
    next_to: Commune


@dataclass
class Concerned:
    """The communes that may be told; without any, the state that says what happens instead."""

    state: Handling
    communes: list[Commune] = field(default_factory=list)
    reason: str = ""
    aside: list[Commune] = field(default_factory=list)
    """Close to the point, in a category that tells only the commune that holds it."""
    neighbours: list[Neighbour] = field(default_factory=list)
    """In a category that tells them too; never one of `communes`."""

    @property
    def is_placed(self) -> bool:
        """Whether it is certain where the intervention is, so that a commune may have been left."""
        return self.state in (Handling.DECIDED, Handling.OUTSIDE)


@dataclass(frozen=True)
class _Found:
    """The communes of a place, and those among them that hold it."""

    communes: list[Commune]
    holders: list[Commune]


def concerned(intervention: Intervention, thread: list[Intervention]) -> Concerned:
    """Where the intervention is, and whether anybody may be told; the object keeps what was found.

    `thread` holds the interventions of the same thread, by sequence. Reads no database.
    """
    later = [
        i for i in thread if i.sequence > intervention.sequence and i.state == Handling.DECIDED
    ]
    if later:
        return Concerned(
            Handling.SUPERSEDED, [], f"arrivée après le n° {later[-1].sequence}, déjà traité"
        )
    found = _locate(intervention, thread)
    if not found.communes:
        why = f"commune à vérifier, {DOUBT[intervention.verdict]} : personne n’est prévenu"
        return Concerned(Handling.REVIEW, [], why)
    category = categories().get(intervention.category)
    if category is None:
        why = f"la catégorie {intervention.category} n’existe plus dans la configuration"
        return Concerned(Handling.REVIEW, [], why)
    to_tell = found.communes if category.edge == "all" else found.holders
    intervention.communes = [c.code for c in to_tell]
    inside = _inside(intervention, to_tell)
    if not inside:
        names = ", ".join(c.label for c in to_tell)
        where = f"hors des départements de {intervention.source.name}"
        return Concerned(Handling.OUTSIDE, [], f"{names} : {where}, personne n’est prévenu")
    neighbours = _neighbours(intervention, category, found.holders, to_tell)
    next_door = {neighbour.commune for neighbour in neighbours}
    left = [c for c in found.communes if c not in to_tell and c not in next_door]
    aside = _inside(intervention, left)
    return Concerned(Handling.DECIDED, inside, _at_the_edge(found, category), aside, neighbours)


def _inside(intervention: Intervention, communes: Iterable[Commune]) -> list[Commune]:
    return [c for c in communes if c.departement in intervention.source.departements]


def _at_the_edge(found: _Found, category: Category) -> str:
    """Which rule for borders was applied; nothing where there is no border."""
    if len(found.communes) == 1:
        return ""
    names = ", ".join(c.label for c in found.communes)
    if category.edge == "all":
        return f"en limite de commune, toutes sont concernées ({names})"
    holders = ", ".join(c.label for c in found.holders)
    return f"en limite de commune ({names}), seule celle du point est concernée ({holders})"


def _neighbours(
    intervention: Intervention, category: Category, holders: list[Commune], told: list[Commune]
) -> list[Neighbour]:
    """The communes that adjoin a holder and may be told by this source, each once.

    None at an end: whoever was told as a neighbour is known by the alert.
    """
    if not category.neighbours or intervention.status in (Status.CLOSED, Status.CANCELLED):
        return []
    found: dict[str, Neighbour] = {}
    for holder in _inside(intervention, holders):
        for near in _inside(intervention, adjoining(holder.code)):
            if near not in told:
                found.setdefault(near.code, Neighbour(near, holder))
    return list(found.values())


def _locate(intervention: Intervention, thread: list[Intervention]) -> _Found:
    chosen = intervention.decided_commune or _decided_before(intervention, thread)
    if chosen:
        known = commune(chosen)
        intervention.verdict = "decided"
        found = [known] if known else []
        return _Found(found, found)
    resolution = resolve(Location(**intervention.location))
    intervention.verdict = resolution.verdict
    intervention.communes = [c.code for c in resolution.communes]
    intervention.clues = clues_of(resolution)
    if resolution.verdict in (Verdict.CERTAIN, Verdict.EDGE):
        return _Found(list(resolution.communes), list(resolution.holders))
    if intervention.status in (Status.CLOSED, Status.CANCELLED):
        before = _told_before(intervention, thread)
        return _Found(before, before)
    return _Found([], [])


def clues_of(resolution: Resolution) -> list[dict[str, Any]]:
    """The clues as JSON types; that of the position carries the marks: who holds it, how far."""
    said = resolution.as_json()
    clues: list[dict[str, Any]] = said["clues"]
    marked = {mark.code for mark in resolution.marks}
    for clue in clues:
        if marked and clue["kind"] in ("point", "polygon") and marked & set(clue["communes"]):
            clue["marks"] = said["marks"]
            break
    return clues


def _told_before(intervention: Intervention, thread: list[Intervention]) -> list[Commune]:
    """An end concerns those who were told, though its own place be in doubt: they wait for it."""
    decided = [
        i for i in thread if i.state == Handling.DECIDED and i.sequence < intervention.sequence
    ]
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
