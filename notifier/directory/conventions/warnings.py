"""What makes a rule of a convention tell nobody: said at its import, refused nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from notifier.directory.models import (
    OF_DEPARTEMENT,
    ConventionRule,
    Function,
    OrganisationKind,
    Zone,
)
from notifier.directory.recipients import active_people

_WITHOUT_ZONES = (OrganisationKind.COMMUNE, *OF_DEPARTEMENT)


def warnings_of(rules: Sequence[ConventionRule], at: datetime) -> Iterator[str]:
    """Yield, in French, each organisation of which nobody would be told, or nowhere."""
    territories = {rule.territory_of for rule in rules}
    with_zones = set(
        Zone.objects.filter(organisation__in=territories).values_list("organisation_id", flat=True)
    )
    for territory in sorted(territories, key=str):
        if territory.kind not in _WITHOUT_ZONES and territory.pk not in with_zones:
            yield f"{territory} n’a aucun territoire : ces règles ne s’appliquent nulle part"
    people = active_people([*{rule.organisation.ref for rule in rules}], at)
    said = {
        f"{rule.organisation} : {_nobody(rule)}"
        for rule in rules
        if not _would_be_told(rule, {f for p in people[rule.organisation.ref] for f in p.functions})
    }
    yield from sorted(said)


def _would_be_told(rule: ConventionRule, functions: set[str]) -> bool:
    return not functions.isdisjoint(rule.functions) if rule.functions else bool(functions)


def _nobody(rule: ConventionRule) -> str:
    if not rule.functions:
        return "personne n’y est joignable"
    named = ", ".join(Function(name).label for name in rule.functions)
    return f"personne n’y est joignable comme {named}"
