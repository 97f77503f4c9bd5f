"""Whom a report concerns: the communes told, those left aside at a border, the neighbours.

Reads no database: a dry run and the real thing find the same.
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
    """A commune that adjoins one concerned."""

    commune: Commune
    next_to: Commune


@dataclass
class Affected:
    """The communes that may be told, and the state that the report comes to.

    In REVIEW they are those of several that the doubt does not touch; a person decides the rest.
    """

    state: ReportState
    communes: list[Commune] = field(default_factory=list)
    reason: str = ""
    excluded: list[Commune] = field(default_factory=list)
    """Close to the point, in a category that tells only the commune that holds it."""
    neighbours: list[Neighbour] = field(default_factory=list)
    """In a category that tells them too; never one of `communes`."""
    holders: list[Commune] = field(default_factory=list)
    """Those that hold the point or the area's centre."""
    close_by: list[Commune] = field(default_factory=list)
    """Those that neither hold it nor lie under the area."""

    @property
    def is_placed(self) -> bool:
        """Whether it is certain where the report is, so that a commune may have been left."""
        return self.state in (ReportState.DECIDED, ReportState.OUTSIDE)

    @property
    def tells(self) -> bool:
        """Whether there is anything to rule on: communes to tell, or to say good-bye to."""
        return self.is_placed or bool(self.communes)


@dataclass(frozen=True)
class _Found:
    """The communes of a place, and those among them that hold it."""

    communes: list[Commune]
    holders: list[Commune]
    is_whole: bool = True
    """False while others that were named are in doubt."""
    is_border: bool = False
    """Whether those that do not hold it only lie close to the point, or under the area."""
    close_by: list[Commune] = field(default_factory=list)
    """Those that only lie close to it."""


def affected(report: Report, reports: list[Report]) -> Affected:
    """Find where the report is, and whether anybody may be told; it keeps verdict, clues, communes.

    `reports` are those of its incident, by sequence. Reads no database.
    """
    later = [i for i in reports if i.sequence > report.sequence and i.is_ruled_upon]
    if later:
        return Affected(
            ReportState.SUPERSEDED, [], f"arrivée après le n° {later[-1].sequence}, déjà traité"
        )
    found = _locate(report, reports)
    category = categories().get(report.category)
    if report.is_resources_only:
        why = "des moyens sont signalés sans leur intervention, on ne sait ni où ni pourquoi : "
        return Affected(ReportState.REVIEW, reason=f"{why}personne n’est prévenu")
    if not found.communes:
        why = f"commune à vérifier, {WHY_UNPLACED[report.verdict]} : personne n’est prévenu"
        return Affected(ReportState.REVIEW, reason=why)
    if category is None:
        why = f"la catégorie {report.category} n’existe plus dans la configuration"
        return Affected(ReportState.REVIEW, reason=why)
    return _by_category(report, found, category)


def _by_category(report: Report, found: _Found, category: Category) -> Affected:
    """Which of the communes found may be told, and which neighbours, by the category's keys."""
    to_tell = found.holders if found.is_border and category.edge != "all" else found.communes
    report.communes = [c.code for c in to_tell]
    inside = _inside(report, to_tell)
    neighbours = _neighbours(report, category, found.holders, to_tell)
    if not found.is_whole:
        why = (
            f"communes à vérifier, {WHY_UNPLACED[report.verdict]} ; la règle de la catégorie vaut "
        )
        why += f"déjà pour celles qui sont certaines : {list_communes(inside)}"
        return Affected(ReportState.REVIEW, inside, why, neighbours=neighbours)
    if not inside:
        where = f"hors des départements de {report.source.name}"
        why = f"{list_communes(to_tell)} : {where}, personne n’est prévenu"
        return Affected(ReportState.OUTSIDE, reason=why)
    next_door = {neighbour.commune for neighbour in neighbours}
    left = [c for c in found.communes if c not in to_tell and c not in next_door]
    excluded = _inside(report, left)
    return Affected(
        ReportState.DECIDED,
        inside,
        _at_the_edge(found, category),
        excluded,
        neighbours,
        found.holders,
        found.close_by,
    )


def _inside(report: Report, communes: Iterable[Commune]) -> list[Commune]:
    return [c for c in communes if report.source.may_speak_for(c.departement)]


def _at_the_edge(found: _Found, category: Category) -> str:
    """Which rule for borders was applied; nothing where there is no border."""
    if not found.is_border:
        return ""
    names = list_communes(found.communes)
    if category.edge == "all":
        return f"en limite de commune, toutes sont concernées ({names})"
    holders = list_communes(found.holders)
    return f"en limite de commune ({names}), seule celle du point est concernée ({holders})"


def _neighbours(
    report: Report, category: Category, holders: list[Commune], told: list[Commune]
) -> list[Neighbour]:
    """The communes that adjoin a holder and may be told by this source, each once.

    None at an end: whoever was told as a neighbour is known by the alert.
    """
    if not category.neighbours or report.status in (Status.CLOSED, Status.CANCELLED):
        return []
    found: dict[str, Neighbour] = {}
    for holder in _inside(report, holders):
        for near in _inside(report, adjacent_communes(holder.code)):
            if near not in told:
                found.setdefault(near.code, Neighbour(near, holder))
    return list(found.values())


def _locate(report: Report, reports: list[Report]) -> _Found:
    place = dict(report.location)
    departements = place.pop("departements", ())
    resolution = resolve(Location(**place))
    chosen = report.decided_communes or _decided_before(report, reports)
    if chosen:
        report.verdict = "decided"
        decided = [found for found in map(commune_by_code, chosen) if found is not None]
        # A decision is on those in doubt; with none of its communes left, it is no decision.
        together = list(dict.fromkeys([*resolution.confirmed, *decided])) if decided else []
        return _Found(together, together)
    report.verdict = resolution.verdict
    report.communes = [c.code for c in resolution.communes]
    report.clues = clues_of(resolution)
    if departements:
        return _whole(report, reports, resolution, departements)
    if resolution.verdict in (Verdict.CERTAIN, Verdict.EDGE):
        is_border = resolution.verdict is Verdict.EDGE
        communes, holders = list(resolution.communes), list(resolution.containing)
        close_by = list(resolution.nearby)
        return _Found(communes, holders, is_border=is_border, close_by=close_by)
    if report.status in (Status.CLOSED, Status.CANCELLED):
        before = _told_before(report, reports)
        return _Found(before, before)
    sure = list(resolution.confirmed)
    return _Found(sure, sure, is_whole=False)


def _whole(
    report: Report,
    reports: list[Report],
    resolution: Resolution,
    departements: Sequence[str],
) -> _Found:
    """All communes of départements that are named as a whole, beside those that it names itself.

    In doubt, unless the category tells them all, the rest is certain, and they are no more than
    may be named at once.
    """
    within = {code: communes_in(code) for code in departements}
    is_alone = not report.clues
    report.clues += [_clue_of_whole(code, communes) for code, communes in within.items()]
    named_itself = resolution.confirmed or resolution.communes
    together = [*named_itself, *(found for communes in within.values() for found in communes)]
    everyone = list(dict.fromkeys(together))
    category = categories().get(report.category)
    is_certain = is_alone or resolution.verdict in (Verdict.CERTAIN, Verdict.EDGE)
    may_be_told = category is not None and category.whole_departement
    if is_certain and may_be_told and len(everyone) <= MAX_COMMUNES:
        report.verdict = Verdict.CERTAIN
        return _Found(everyone, everyone)
    report.verdict = Verdict.UNKNOWN
    if report.status in (Status.CLOSED, Status.CANCELLED):
        before = _told_before(report, reports)
        return _Found(before, before)
    return _Found(list(named_itself), list(named_itself), is_whole=False)


def _clue_of_whole(departement: str, communes: Sequence[Commune]) -> dict[str, Any]:
    return {
        "kind": "departement",
        "given": departement,
        "communes": [found.code for found in communes],
        "says": f"Tout le département {departement} est désigné : {len(communes)} communes.",
    }


def clues_of(resolution: Resolution) -> list[dict[str, Any]]:
    """The clues as JSON types; that of the position carries the marks: who holds it, how far."""
    said = resolution.as_json()
    clues: list[dict[str, Any]] = said["clues"]
    marked = {mark.code for mark in resolution.proximities}
    for clue in clues:
        if marked and clue["kind"] in ("point", "polygon") and marked & set(clue["communes"]):
            clue["marks"] = said["marks"]
            break
    return clues


def _told_before(report: Report, reports: list[Report]) -> list[Commune]:
    """An end concerns those who were told, though its own place be in doubt: they wait for it."""
    codes: dict[str, None] = {}
    for earlier in reports:
        if earlier.sequence < report.sequence and earlier.is_ruled_upon:
            # What was whole replaces what was known; what was told in part adds to it.
            codes = dict.fromkeys([*(codes if earlier.is_partial else ()), *earlier.communes])
    report.communes = list(codes)
    return [found for found in map(commune_by_code, codes) if found is not None]


def _decided_before(report: Report, reports: list[Report]) -> list[str]:
    """The communes that a person decided last of the incident for the very same place."""
    return next(
        (
            i.decided_communes
            for i in reversed(reports)
            if i.decided_communes and i.pk != report.pk and i.location == report.location
        ),
        [],
    )
