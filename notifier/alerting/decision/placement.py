"""Place a report: find the communes that it affects, those excluded at a border, neighbours.

Reads no database, so that a dry run and a decision find the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.current import categories, list_communes
from notifier.intake.models import Report, ReportState
from notifier.intake.schema.report import MAX_COMMUNES
from notifier.intake.schema.vocabulary import Status
from notifier.territory.resolve import (
    Commune,
    Location,
    Resolution,
    Verdict,
    adjacent_communes,
    commune_by_code,
    communes_in,
    resolve,
)

WHY_UNPLACED = {
    Verdict.CONFLICT: "les indices se contredisent",
    Verdict.UNKNOWN: "les indices ne suffisent pas",
    "decided": "la commune décidée n’existe plus",
}


@dataclass(frozen=True)
class Neighbour:
    """A commune that adjoins one affected."""

    commune: Commune
    next_to: Commune


@dataclass
class Placement:
    """The communes that may be notified, and the state that the report gets.

    In REVIEW they are those of several that are certain; a person decides on the others.
    """

    state: ReportState
    communes: list[Commune] = field(default_factory=list)
    reason: str = ""
    excluded: list[Commune] = field(default_factory=list)
    """Close to the point, in a category that notifies only the commune that holds it."""
    neighbours: list[Neighbour] = field(default_factory=list)
    """In a category that notifies them too; never one of `communes`."""
    containing: list[Commune] = field(default_factory=list)
    """Those that hold the point or the area's centre."""
    nearby: list[Commune] = field(default_factory=list)
    """Those that neither hold it nor lie under the area."""

    @property
    def is_placed(self) -> bool:
        """Whether it is certain where the report is, and so where it is no longer."""
        return self.state in (ReportState.DECIDED, ReportState.OUTSIDE)

    @property
    def needs_ruling(self) -> bool:
        """Whether a rule has to be applied: to communes affected, or to those no longer so."""
        return self.is_placed or bool(self.communes)


@dataclass(frozen=True)
class _Place:
    """The communes of a place, and those among them that hold it."""

    communes: list[Commune]
    containing: list[Commune]
    is_complete: bool = True
    """False while others that were named are uncertain."""
    is_edge: bool = False
    """Whether the point or the area is at a border; category.edge then selects the communes."""
    nearby: list[Commune] = field(default_factory=list)
    """Those that only lie close to it."""


def place_report(report: Report, reports: list[Report]) -> Placement:
    """Place the report: write its verdict, clues and communes into it, and find those affected.

    `reports` are those of its incident, by sequence. Reads no database.
    """
    later = [r for r in reports if r.sequence > report.sequence and r.is_ruled_upon]
    if later:
        return Placement(
            ReportState.SUPERSEDED, [], f"arrivée après le n° {later[-1].sequence}, déjà traité"
        )
    place = _locate(report, reports)
    category = categories().get(report.category)
    if report.is_resources_only:
        why = "des moyens sont signalés sans leur intervention, on ne sait ni où ni pourquoi : "
        return Placement(ReportState.REVIEW, reason=f"{why}personne n’est prévenu")
    if not place.communes:
        why = f"commune à vérifier, {WHY_UNPLACED[report.verdict]} : personne n’est prévenu"
        return Placement(ReportState.REVIEW, reason=why)
    if category is None:
        why = f"la catégorie {report.category} n’existe plus dans la configuration"
        return Placement(ReportState.REVIEW, reason=why)
    return _by_category(report, place, category)


def _by_category(report: Report, place: _Place, category: Category) -> Placement:
    """Select the communes that may be notified, and neighbours, by the category's keys."""
    selected = place.containing if place.is_edge and category.edge != "all" else place.communes
    report.communes = [c.code for c in selected]
    own = _of_source(report, selected)
    neighbours = _find_neighbours(report, category, place.containing, selected)
    if not place.is_complete:
        why = (
            f"communes à vérifier, {WHY_UNPLACED[report.verdict]} ; la règle de la catégorie vaut "
        )
        why += f"déjà pour celles qui sont certaines : {list_communes(own)}"
        return Placement(ReportState.REVIEW, own, why, neighbours=neighbours)
    if not own:
        where = f"hors des départements de {report.source.name}"
        why = f"{list_communes(selected)} : {where}, personne n’est prévenu"
        return Placement(ReportState.OUTSIDE, reason=why)
    next_door = {neighbour.commune for neighbour in neighbours}
    others = [c for c in place.communes if c not in selected and c not in next_door]
    return Placement(
        ReportState.DECIDED,
        own,
        _border_rule(place, category),
        excluded=_of_source(report, others),
        neighbours=neighbours,
        containing=place.containing,
        nearby=place.nearby,
    )


def _of_source(report: Report, communes: Iterable[Commune]) -> list[Commune]:
    return [c for c in communes if report.source.may_speak_for(c.departement)]


def _border_rule(place: _Place, category: Category) -> str:
    """Say in French which rule for borders was applied; nothing where there is no border."""
    if not place.is_edge:
        return ""
    names = list_communes(place.communes)
    if category.edge == "all":
        return f"en limite de commune, toutes sont concernées ({names})"
    containing = list_communes(place.containing)
    return f"en limite de commune ({names}), seule celle du point est concernée ({containing})"


def _find_neighbours(
    report: Report, category: Category, containing: list[Commune], selected: list[Commune]
) -> list[Neighbour]:
    """Return the communes next to one of `containing` that the source may speak for, each once.

    None at an end, which goes to the neighbours that have an alert.
    """
    if not category.neighbours or report.status in (Status.CLOSED, Status.CANCELLED):
        return []
    neighbours: dict[str, Neighbour] = {}
    for container in _of_source(report, containing):
        for adjacent in _of_source(report, adjacent_communes(container.code)):
            if adjacent not in selected:
                neighbours.setdefault(adjacent.code, Neighbour(adjacent, container))
    return list(neighbours.values())


def _locate(report: Report, reports: list[Report]) -> _Place:
    location = dict(report.location)
    departements = location.pop("departements", ())
    resolution = resolve(Location(**location))
    chosen = report.decided_communes or _decided_before(report, reports)
    if chosen:
        report.verdict = "decided"
        decided = _existing(chosen)
        return _Place(decided, decided)
    report.verdict = resolution.verdict
    report.communes = [c.code for c in resolution.communes]
    report.clues = _clues_of(resolution)
    if departements:
        return _place_of_departements(report, reports, resolution, departements)
    if resolution.verdict in (Verdict.CERTAIN, Verdict.EDGE):
        is_edge = resolution.verdict is Verdict.EDGE
        communes, containing = list(resolution.communes), list(resolution.containing)
        nearby = list(resolution.nearby)
        return _Place(communes, containing, is_edge=is_edge, nearby=nearby)
    if report.status in (Status.CLOSED, Status.CANCELLED):
        before = _notified_before(report, reports)
        return _Place(before, before)
    sure = list(resolution.confirmed)
    return _Place(sure, sure, is_complete=False)


def _place_of_departements(
    report: Report,
    reports: list[Report],
    resolution: Resolution,
    departements: Sequence[str],
) -> _Place:
    """Return all communes of the départements that are named, and those named themselves.

    Uncertain, unless the category notifies them all, the other clues are certain, and they are no
    more than MAX_COMMUNES.
    """
    within = {code: communes_in(code) for code in departements}
    is_alone = not report.clues
    report.clues += [_departement_clue(code, communes) for code, communes in within.items()]
    named_itself = resolution.confirmed or resolution.communes
    together = [*named_itself, *(c for communes in within.values() for c in communes)]
    everyone = list(dict.fromkeys(together))
    category = categories().get(report.category)
    is_certain = is_alone or resolution.verdict in (Verdict.CERTAIN, Verdict.EDGE)
    is_allowed = category is not None and category.whole_departement
    if is_certain and is_allowed and len(everyone) <= MAX_COMMUNES:
        report.verdict = Verdict.CERTAIN
        return _Place(everyone, everyone)
    report.verdict = Verdict.UNKNOWN
    if report.status in (Status.CLOSED, Status.CANCELLED):
        before = _notified_before(report, reports)
        return _Place(before, before)
    return _Place(list(named_itself), list(named_itself), is_complete=False)


def _departement_clue(departement: str, communes: Sequence[Commune]) -> dict[str, Any]:
    return {
        "kind": "departement",
        "given": departement,
        "communes": [commune.code for commune in communes],
        "says": f"Tout le département {departement} est désigné : {len(communes)} communes.",
    }


def _clues_of(resolution: Resolution) -> list[dict[str, Any]]:
    """Return the clues as JSON types; the position's has `marks`: who holds it, who is how far."""
    written = resolution.as_json()
    clues: list[dict[str, Any]] = written["clues"]
    near = {proximity.code for proximity in resolution.proximities}
    for clue in clues:
        if near and clue["kind"] in ("point", "polygon") and near & set(clue["communes"]):
            clue["marks"] = written["marks"]
            break
    return clues


def _notified_before(report: Report, reports: list[Report]) -> list[Commune]:
    """Return the communes notified so far: an uncertain end goes to them all the same."""
    codes: dict[str, None] = {}
    for earlier in reports:
        if earlier.sequence < report.sequence and earlier.is_ruled_upon:
            # What was certain as a whole replaces what was known; a part adds to it.
            codes = dict.fromkeys([*(codes if earlier.is_partial else ()), *earlier.communes])
    report.communes = list(codes)
    return _existing(codes)


def _decided_before(report: Report, reports: list[Report]) -> list[str]:
    """Return the communes that a person decided last, for the same place of the incident."""
    return next(
        (
            earlier.decided_communes
            for earlier in reversed(reports)
            if earlier.decided_communes
            and earlier.pk != report.pk
            and earlier.location == report.location
        ),
        [],
    )


def _existing(codes: Iterable[str]) -> list[Commune]:
    return [commune for commune in map(commune_by_code, codes) if commune is not None]
