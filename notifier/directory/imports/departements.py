"""Of which département a row is, for who imports those of one from a list of all France."""

from __future__ import annotations

from collections.abc import Mapping

from notifier.directory.imports.entries import Entry, OrganisationKey
from notifier.directory.imports.values import normalise_commune_code
from notifier.directory.models import OrganisationKind
from notifier.territory.reference.communes import departement_of
from notifier.territory.zones.epci import epci_by_siren

ELSEWHERE = "dans un autre département"
_CODES = ("code_commune", "code_de_la_commune", "code_insee_commune")


def departements_of(entry: Entry) -> set[str]:
    """Return the départements of an entry: of the communes of an EPCI, or of its only one."""
    kind, code = entry.organisation
    if kind == OrganisationKind.COMMUNE:
        return {departement_of(code)}
    if kind == OrganisationKind.EPCI:
        known = epci_by_siren(code)
        communes = known.communes if known else (entry.home_commune,)
        return {departement_of(commune) for commune in communes if commune}
    return {code}


def organisation_of_cells(cells: Mapping[str, str]) -> OrganisationKey | None:
    """Return the organisation of a row that is refused; None where its cells do not say."""
    if siren := str(cells.get("n_siren") or ""):
        return OrganisationKind.EPCI, "".join(siren.split())
    code = next((str(cells[name]) for name in _CODES if cells.get(name)), "")
    return (OrganisationKind.COMMUNE, normalise_commune_code(code.strip())) if code else None


def departement_of_cells(cells: Mapping[str, str]) -> str:
    """Return the département of a row that is refused; "" where its code does not say."""
    code = next((cells[name] for name in _CODES if cells.get(name)), "")
    return departement_of(code) if code else ""
