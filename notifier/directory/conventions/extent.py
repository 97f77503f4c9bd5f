"""Where a convention applies, and how many residents agreed to be told under it, for pages."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from notifier.directory.conventions.rules import rules_for
from notifier.directory.lookup import LookupRefused
from notifier.directory.models import Consent, Convention, Organisation, OrganisationKind
from notifier.territory.reference.communes import communes_named, normalise_code
from notifier.territory.resolution.names import normalise
from notifier.territory.resolve import Commune, commune_by_code


@dataclass(frozen=True)
class Consents:
    """How many residents of a quarter agree to be told, and how many have withdrawn."""

    quarter: Organisation
    in_force: int
    withdrawn: int


def commune_under(convention: Convention, text: str, at: datetime) -> Commune:
    """Return the commune of its territory that is meant by a code or a name. One statement at most.

    Raises `LookupRefused`.
    """
    meant = _meant(text)
    within = _bears_on(convention, [one.code for one in meant], at)
    found = [one for one in meant if one.code in within]
    if len(found) > 1:
        listed = ", ".join(one.label for one in found)
        raise LookupRefused(f"« {text} » peut être {listed} : écrire le code")
    if not found:
        raise LookupRefused(f"« {text} » n’est pas une commune du territoire de la convention")
    return found[0]


def _meant(text: str) -> list[Commune]:
    """Return the commune with this code, else those with this name today, ordered by code."""
    code, key = normalise_code(text), normalise(text)
    if code and (one := commune_by_code(code)):
        return [one]
    bearers = sorted({named.commune for named in communes_named(key)})
    return [one for one in map(commune_by_code, bearers) if one and normalise(one.name) == key]


def _bears_on(convention: Convention, communes: Collection[str], at: datetime) -> set[str]:
    """Return those of the communes in which one of its rules applies somewhere."""
    own = rules_for(communes, at, convention.pk)
    return {code for rule in own for code in rule.all_communes}


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
