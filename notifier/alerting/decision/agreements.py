"""Find which organisations conventions tell of a report, and what each of them may read.

Reads no database: the rules are given. What a mayor may not know is asked of no rule.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from notifier.alerting.models import FIGURE
from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.terms import Terms
from notifier.alerting.policy.text_kind import withheld
from notifier.delivery.models import Lane
from notifier.directory.conventions.rules import AgreementRule, Site, is_among
from notifier.directory.models import Detail, OrganisationKind, OrganisationRef
from notifier.intake.models import Report
from notifier.intake.schema.vocabulary import Severity
from notifier.territory.resolve import Commune
from notifier.territory.zones.containment import Containment, Position, locate

T = TypeVar("T")

_BY_FULLNESS = (Detail.FULL, Detail.WITHOUT_PLACE, Detail.FIGURE)


class Outcome(StrEnum):
    """What the conventions say of an organisation; the value is the rule's name in the journal."""

    TOLD = "agreement"
    FIGURE = FIGURE
    """It is counted in a figure, and told of nothing."""
    KEPT_BACK = "kept_back"
    """The commune keeps the category from it."""
    NARROWED = "narrowed"
    """The groupement has it told to nobody there, the mayor neither."""
    UNSURE = "no_position"
    """Whether it is in one of its sites cannot be known."""
    ELSEWHERE = "elsewhere"
    """It is in none of its sites, though in their commune."""


@dataclass(frozen=True)
class Agreement:
    """What the conventions say of one organisation about a report."""

    organisation: OrganisationRef
    name: str
    outcome: Outcome
    communes: Sequence[Commune]
    """Those of its territory in which it happens. Never empty."""
    terms: Terms


@dataclass(frozen=True)
class _Match:
    """What one rule says of one commune; `site` is the name of the site that it is in, if any."""

    rule: AgreementRule
    commune: Commune
    outcome: Outcome
    site: str = ""

    @property
    def fullness(self) -> int:
        """0 where it allows the most."""
        return _BY_FULLNESS.index(Detail(self.rule.detail))


def agreements_on(
    report: Report,
    category: Category,
    communes: Sequence[Commune],
    rules: Iterable[AgreementRule],
    *,
    nearby: Sequence[Commune] = (),
    containing: Sequence[Commune] = (),
    narrowed_in: Mapping[Commune, Category] = MappingProxyType({}),
    told: Mapping[OrganisationRef, Terms] = MappingProxyType({}),
) -> list[Agreement]:
    """Return what the rules say of each organisation, those that read the most first.

    Last come those whose texts wait for a person: they must make no other needless.

    `communes` are those affected, of which the mayors may know, the one that holds the point first.
    What happens in those `containing` it, beside the ones `nearby`, is theirs to keep back. Where a
    groupement narrows the category (`narrowed_in`), no convention tells what the mayor is not told,
    nor faster, unless a rule names the lane. `told` are the terms under which an organisation was
    told of the incident, and has not read that it is over.
    """
    categories = {commune: narrowed_in.get(commune, category) for commune in communes}
    untold = {c for c, narrowed in categories.items() if withheld(report.severity, narrowed)}
    by_organisation: defaultdict[OrganisationRef, list[_Match]] = defaultdict(list)
    position = Position.of(report.location)
    for rule in rules:
        if is_among(category.code, rule.categories) and _is_grave_enough(report, rule):
            keepers = {c: containing if c in nearby else [c] for c in communes}
            for match in _matches(rule, category, keepers, position):
                is_telling = match.outcome in (Outcome.TOLD, Outcome.UNSURE)
                is_untold = is_telling and match.commune in untold
                kept = replace(match, outcome=Outcome.NARROWED) if is_untold else match
                by_organisation[rule.organisation].append(kept)
    found = [
        _agreement(matches, categories, told.get(organisation))
        for organisation, matches in by_organisation.items()
    ]
    return sorted(found, key=_order)


def _order(agreement: Agreement) -> tuple[bool, int]:
    terms = agreement.terms
    return terms.needs_release, _BY_FULLNESS.index(Detail(terms.detail))


def _is_grave_enough(report: Report, rule: AgreementRule) -> bool:
    return not rule.from_severity or Severity(report.severity) >= Severity(rule.from_severity)


def _matches(
    rule: AgreementRule,
    category: Category,
    keepers: Mapping[Commune, Sequence[Commune]],
    position: Position | None,
) -> Iterator[_Match]:
    """Yield a match for each commune that the rule is about; one site counts in one commune.

    `keepers`: by commune affected, those that may keep back what happens there.
    """
    sites = list(rule.sites)
    for commune, holders in keepers.items():
        own = [site for site in sites if commune.code in site.communes]
        site = None
        if commune.code in rule.communes:
            outcome = Outcome.TOLD
        elif own:
            outcome, site = _find_site(own, position)
            sites = [other for other in sites if other is not site]
        else:
            continue
        if not all(rule.covers(category.code, c.code) for c in (commune, *holders)):
            outcome = Outcome.KEPT_BACK
        yield _Match(rule, commune, outcome, site.name if site else "")


def _find_site(sites: Sequence[Site], position: Position | None) -> tuple[Outcome, Site | None]:
    """Return whether an incident is in one of the sites, and in which."""
    found = [(locate(site.shape, position), site) for site in sites]
    for containment, site in found:
        if containment is Containment.INSIDE:
            return Outcome.TOLD, site
    is_unsure = any(containment is Containment.UNKNOWN for containment, _ in found)
    return (Outcome.UNSURE if is_unsure else Outcome.ELSEWHERE), None


def _agreement(
    matches: Sequence[_Match], categories: Mapping[Commune, Category], told_before: Terms | None
) -> Agreement:
    """Return what all matches of one organisation come to.

    A rule that tells something goes before one that gives a figure, and one that tells at once
    before one that waits for a person. One under which it was told goes on telling while it is
    unsure whether the incident left the site: that it is said less exactly is no reason to believe
    it.
    """
    told = [match for match in matches if match.outcome is Outcome.TOLD]
    telling = [match for match in told if match.rule.detail != Detail.FIGURE]
    if telling:
        at_once = [match for match in telling if not _needs_release(match.rule)]
        return _summed(at_once or telling, Outcome.TOLD, categories)
    if told_before and (going_on := _going_on(matches, told_before)):
        names = {site.name for match in going_on for site in match.rule.sites}
        agreement = _summed(going_on, Outcome.TOLD, categories)
        sites = tuple(name for name in told_before.sites if name in names)
        return replace(agreement, terms=replace(agreement.terms, sites=sites))
    if told:
        return _summed(told, Outcome.FIGURE, categories)
    for outcome in (Outcome.NARROWED, Outcome.KEPT_BACK, Outcome.UNSURE):
        if kept := [match for match in matches if match.outcome is outcome]:
            return _summed(kept, outcome, categories)
    return _summed(matches, Outcome.ELSEWHERE, categories)


def _going_on(matches: Sequence[_Match], told_before: Terms) -> list[_Match]:
    return [
        match
        for match in matches
        if match.outcome is Outcome.UNSURE
        and match.rule.rule_id in told_before.rules
        and match.rule.detail != Detail.FIGURE
        and match.commune.code in told_before.communes
    ]


def _summed(
    matches: Sequence[_Match], outcome: Outcome, categories: Mapping[Commune, Category]
) -> Agreement:
    """Return one agreement of several rules that say the same.

    In each commune the fullest rule counts; of several communes the one that allows the least, for
    one text names them all. It goes to everybody whom one of the rules names, as fast as the
    fastest.
    """
    first = matches[0].rule
    fullest: dict[Commune, int] = {}
    for match in matches:
        fullest[match.commune] = min(match.fullness, fullest.get(match.commune, match.fullness))
    lanes = {match.rule.lane or categories[match.commune].lane for match in matches}
    is_whole = any(not match.site for match in matches)
    terms = Terms(
        rules=_distinct(match.rule.rule_id for match in matches),
        conventions=_distinct(match.rule.convention_title for match in matches),
        functions=_distinct(name for match in matches for name in match.rule.functions),
        lane=Lane.URGENT if Lane.URGENT in lanes else Lane.ROUTINE,
        detail=_BY_FULLNESS[max(fullest.values())],
        communes=_distinct(match.commune.code for match in matches),
        sites=() if is_whole else _distinct(match.site for match in matches),
        needs_release=all(_needs_release(match.rule) for match in matches),
    )
    return Agreement(first.organisation, first.organisation_name, outcome, list(fullest), terms)


def _needs_release(rule: AgreementRule) -> bool:
    """Return whether a person releases it first; for residents always, whatever the rule says."""
    return rule.needs_release or rule.organisation.kind == OrganisationKind.QUARTER


def _distinct(values: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(values))
