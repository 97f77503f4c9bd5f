"""Where a convention applies, and how many residents agreed to be told under it, for pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from notifier.directory.conventions.rules import rules_for
from notifier.directory.conventions.store import still_open
from notifier.directory.models import Consent, Convention, Organisation, OrganisationKind
from notifier.territory.resolve import communes_in


@dataclass(frozen=True)
class Consents:
    """How many residents of a quarter agree to be told, and how many have withdrawn."""

    quarter: Organisation
    in_force: int
    withdrawn: int


def communes_under(convention: Convention, at: datetime) -> list[str]:
    """Return the communes on which its rules bear at a moment (aware), wholly or by a site."""
    open_rules = convention.rules.filter(still_open(at)).select_related("territory_of")
    departements = {rule.territory_of.departement for rule in open_rules} - {""}
    candidates = [one.code for code in sorted(departements) for one in communes_in(code)]
    found: set[str] = set()
    for rule in rules_for(candidates, at):
        if rule.convention_id == convention.pk:
            found.update(rule.communes, *(site.communes for site in rule.sites))
    return sorted(found)


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
