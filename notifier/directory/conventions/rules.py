"""Which rules of conventions apply in given communes at a given moment: `rules_for`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from notifier.directory.models import OrganisationKind, OrganisationRef, Zone
from notifier.directory.sql import RuleOfTerritory, rules_of_territories
from notifier.territory.resolve import departement_of
from notifier.territory.zones.departements import council_of
from notifier.territory.zones.shapes import Shape, load_shape


@dataclass(frozen=True)
class Site:
    """A part of a territory that is no whole commune, and which of those asked for it touches.

    `name` is empty of an outline without one.
    """

    name: str
    shape: Shape
    communes: tuple[str, ...]


@dataclass(frozen=True)
class AgreementRule:
    """A rule of a convention, as it applies to the communes that were asked for."""

    rule_id: int
    convention_id: int
    convention_reference: str
    convention_title: str
    organisation: OrganisationRef
    """Who is told."""
    organisation_name: str
    functions: tuple[str, ...]
    """Those who are told; empty: the organisation's people in their order."""
    categories: tuple[str, ...]
    from_severity: str
    """Empty: whatever the severity."""
    communes: tuple[str, ...]
    """Those asked for that it applies to as a whole."""
    sites: tuple[Site, ...]
    """Where else it applies: an incident must lie in one of them."""
    lane: str
    """Empty: the category's."""
    detail: str
    needs_release: bool
    narrowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By commune, the categories that it keeps from the organisation."""

    @property
    def all_communes(self) -> frozenset[str]:
        """Those asked for in which it applies, as a whole or at a site."""
        return frozenset((*self.communes, *(code for site in self.sites for code in site.communes)))

    def covers(self, category: str, commune: str) -> bool:
        """Return whether it is about a category, and the commune does not keep that back."""
        kept_back = self.narrowed.get(commune, ())
        return is_among(category, self.categories) and not is_among(category, kept_back)


def is_among(category: str, codes: Iterable[str]) -> bool:
    """Return whether a category is one of the codes or below one: L01.01.02 is below L01.

    Every category is below "".
    """
    return any(not code or f"{category}.".startswith(f"{code}.") for code in codes)


def rules_for(
    communes: Collection[str], at: datetime, convention: int | None = None
) -> list[AgreementRule]:
    """Return the rules in force at `at` whose territory has a part in one of the communes.

    The oldest first; those of one `convention` alone where its id is given. A territory is read by
    the day that `at` is for its organisation: a commune counts from the day on which it joins. One
    SQL statement, however many the communes.

    Raises ValueError when `at` is naive.
    """
    if at.utcoffset() is None:
        raise ValueError("rules_for needs a moment with its time zone")
    if not communes:
        return []
    councils, departements = _by(council_of, communes), _by(departement_of, communes)
    of_rule: defaultdict[int, list[RuleOfTerritory]] = defaultdict(list)
    for row in rules_of_territories(communes, councils, departements, at, convention):
        if _is_current(row, at):
            of_rule[row.rule.pk].append(row)
    by_departement = {
        OrganisationKind.DEPARTEMENT: councils,
        OrganisationKind.PREFECTURE: departements,
    }
    rules = (_to_rule(of_rule[rule], communes, by_departement) for rule in sorted(of_rule))
    return [rule for rule in rules if rule.communes or rule.sites]


def _by(
    departement: Callable[[str], str | None], communes: Collection[str]
) -> dict[str, list[str]]:
    of: defaultdict[str, list[str]] = defaultdict(list)
    for commune in communes:
        if code := departement(commune):
            of[code].append(commune)
    return of


def _is_current(row: RuleOfTerritory, at: datetime) -> bool:
    return row.zone is None or row.zone.is_active(at.astimezone(row.territory_of.zone_info).date())


def _to_rule(
    rows: Sequence[RuleOfTerritory],
    asked: Collection[str],
    by_departement: Mapping[OrganisationKind, Mapping[str, list[str]]],
) -> AgreementRule:
    rule, convention, told = rows[0].rule, rows[0].convention, rows[0].organisation
    whole = set(_whole_communes(rows, by_departement))
    return AgreementRule(
        rule_id=rule.pk,
        convention_id=convention.pk,
        convention_reference=convention.reference,
        convention_title=convention.title,
        organisation=told.ref,
        organisation_name=told.name,
        functions=tuple(rule.functions),
        categories=tuple(rule.categories),
        from_severity=rule.from_severity,
        communes=tuple(commune for commune in asked if commune in whole),
        sites=tuple(_sites(rows)),
        lane=rule.lane,
        detail=rule.detail,
        needs_release=rule.needs_release,
        narrowed=_narrowed(rows),
    )


def _whole_communes(
    rows: Iterable[RuleOfTerritory],
    by_departement: Mapping[OrganisationKind, Mapping[str, list[str]]],
) -> Iterator[str]:
    for row in rows:
        if not _is_meant(row) or not row.is_covered:
            continue
        if row.commune:
            yield row.commune
        else:
            territory = row.territory_of
            yield from by_departement[OrganisationKind(territory.kind)][territory.code]


def _is_meant(row: RuleOfTerritory) -> bool:
    """Return whether the rule is about this part: about any, or this is one of those it names."""
    return not row.rule.sites or (row.zone is not None and row.zone.name in row.rule.sites)


def _sites(rows: Iterable[RuleOfTerritory]) -> Iterator[Site]:
    touched: defaultdict[Zone, set[str]] = defaultdict(set)
    for row in rows:
        if row.zone and not row.is_covered and _is_meant(row):
            touched[row.zone].add(row.commune)
    for zone, communes in touched.items():
        yield Site(zone.name, load_shape(zone.shape), tuple(sorted(communes)))


def _narrowed(rows: Iterable[RuleOfTerritory]) -> dict[str, tuple[str, ...]]:
    narrowed: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for narrowing in filter(None, (row.narrowing for row in rows)):
        narrowed[narrowing.commune].update(dict.fromkeys(narrowing.categories or [""]))
    return {commune: tuple(codes) for commune, codes in narrowed.items()}
