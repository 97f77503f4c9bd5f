"""Where a convention applies, and how many residents agreed to be told under it, for pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from notifier.directory.conventions.rules import rules_for
from notifier.directory.conventions.store import still_open
from notifier.directory.lookup import LookupRefused
from notifier.directory.models import Consent, Convention, Organisation, OrganisationKind
from notifier.directory.names import fold
from notifier.territory.resolve import Commune, communes_in


@dataclass(frozen=True)
class Consents:
    """How many residents of a quarter agree to be told, and how many have withdrawn."""

    quarter: Organisation
    in_force: int
    withdrawn: int


def departements_under(convention: Convention, at: datetime) -> set[str]:
    """Return the départements to which the territories of its rules belong. One statement."""
    rules = convention.rules.filter(still_open(at))
    return set(rules.values_list("territory_of__departement", flat=True)) - {""}


def commune_under(convention: Convention, text: str, at: datetime) -> Commune:
    """Return the commune of its territory that is meant by a code or a name.

    Raises `LookupRefused`.
    """
    wanted = fold(text)
    found = [
        one
        for departement in sorted(departements_under(convention, at))
        for one in communes_in(departement)
        if one.code == text.strip().upper() or fold(one.name) == wanted
    ]
    if len(found) > 1:
        listed = ", ".join(one.label for one in found)
        raise LookupRefused(f"« {text} » peut être {listed} : écrire le code")
    if not found or not _bears_on(convention, found[0].code, at):
        raise LookupRefused(f"« {text} » n’est pas une commune du territoire de la convention")
    return found[0]


def _bears_on(convention: Convention, commune: str, at: datetime) -> bool:
    return any(rule.convention_id == convention.pk for rule in rules_for([commune], at))


def consents_under(organisations: Iterable[Organisation]) -> list[Consents]:
    """Return the counts of each quarter among the organisations. One statement."""
    quarters = {one.pk: one for one in organisations if one.kind == OrganisationKind.QUARTER}
    if not quarters:
        return []
    rows = Consent.objects.filter(mandate__organisation__in=quarters).values(
        "mandate__organisation"
    )
    counted = rows.annotate(
        in_force=Count("pk", filter=Q(withdrawn_at=None)),
        withdrawn=Count("pk", filter=~Q(withdrawn_at=None)),
    )
    by_quarter = {row["mandate__organisation"]: row for row in counted}
    none = {"in_force": 0, "withdrawn": 0}
    return [
        Consents(one, counts["in_force"], counts["withdrawn"])
        for pk, one in sorted(quarters.items())
        for counts in (by_quarter.get(pk, none),)
    ]
