"""A convention and its rules in French, for commands and pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from notifier.directory.conventions.deadlines import next_deadline
from notifier.directory.models import (
    Convention,
    ConventionNarrowing,
    ConventionRule,
    Detail,
    Function,
)
from notifier.moments import written_moment
from notifier.territory.resolve import commune_by_code

_LANES = {"urgent": "en urgence, par SMS", "routine": "sans urgence"}
_SEVERITIES = {
    "minor": "quelle que soit la gravité",
    "moderate": "dès une gravité modérée",
    "severe": "dès une situation grave",
    "extreme": "en cas d’extrême gravité",
}


def describe_rule(rule: ConventionRule, label: Callable[[str], str]) -> Iterator[str]:
    """Yield the lines of a rule; `label` names what is said by a category's code, or its start."""
    who = ", ".join(Function(function).label for function in rule.functions)
    yield f"{rule.organisation} : {who or 'ses personnes, dans leur ordre'}"
    yield f"  est prévenu de : {', '.join(f'{label(code)} ({code})' for code in rule.categories)}"
    where = f"tout le territoire ({rule.territory_of.name})"
    if rule.sites:
        sites = ", ".join(f"« {name} »" for name in rule.sites)
        where = f"{sites} ({rule.territory_of.name})"
    yield f"  où : {where}"
    how = [
        _SEVERITIES.get(rule.from_severity, ""),
        _LANES.get(rule.lane, ""),
        "" if rule.detail == Detail.FULL else Detail(rule.detail).label,
        "après relais par une personne" if rule.needs_release else "",
    ]
    if said := ", ".join(filter(None, how)):
        yield f"  comment : {said}"


def describe_period(rule: ConventionRule) -> str:
    """Return since when and until when a rule is in force, in its territory's own time."""
    zone = rule.territory_of.zone_info
    since = written_moment(rule.starts_at.astimezone(zone))
    period = f"règle n° {rule.pk}, en vigueur depuis {since}"
    if rule.ends_at is None:
        return period
    return f"{period} et jusqu’à ce moment : {written_moment(rule.ends_at.astimezone(zone))}"


def describe_narrowing(narrowing: ConventionNarrowing, label: Callable[[str], str]) -> str:
    """Say what a commune keeps for itself."""
    what = ", ".join(f"{label(code)} ({code})" for code in narrowing.categories) or "tout"
    commune = commune_by_code(narrowing.commune)
    keeper = commune.label if commune else narrowing.commune
    return f"{keeper} garde pour elle : {what}, depuis le {narrowing.starts_at:%d/%m/%Y}"


def describe_deadline(convention: Convention, today: date) -> str:
    """Say until when a convention runs."""
    deadline = next_deadline(convention, today)
    if deadline is None:
        is_over = convention.ends_on is not None
        return f"a pris fin le {convention.ends_on:%d/%m/%Y}" if is_over else "sans échéance"
    if not deadline.is_renewed:
        return f"prend fin le {deadline.ends_on:%d/%m/%Y}"
    return (
        f"se reconduit le {deadline.ends_on:%d/%m/%Y}, sauf préavis avant le "
        f"{deadline.day:%d/%m/%Y} inclus"
    )
