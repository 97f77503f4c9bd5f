"""What of the territory a reader may look at and change, as pages ask."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from notifier.accounts.roles import Permission
from notifier.accounts.scope import Scope
from notifier.directory.lookup import organisation_named
from notifier.directory.models import Organisation, OrganisationRef
from notifier.directory.models.organisations import known_departement
from notifier.directory.organisations import OrganisationError, organisation, read_ref
from notifier.directory.zones.edits import communes_of
from notifier.directory.zones.store import NewZone
from notifier.territory.resolve import commune_by_code, departement_of
from notifier.territory.zones.departements import all_departements

EDIT = Permission.EDIT_TERRITORY
_MAX_NAMED = 5


def departements_of(scope: Scope, permission: Permission) -> list[str]:
    """Return the départements in which something exists within the permission, ordered by code.

    One statement for whoever administers organisations, none for others.
    """
    communes = scope.communes(permission)
    if communes.is_everything:
        return [one.code for one in all_departements()]
    found = communes.departements | {departement_of(code) for code in communes.codes}
    if scope.territory(permission).organisations:
        rows = scope.organisations(permission).exclude(departement="")
        found |= set(rows.values_list("departement", flat=True))
    return sorted(found)


def administered(scope: Scope) -> list[str]:
    """Return the départements whose territory a reader may change, ordered by code."""
    territory = scope.territory(EDIT)
    if territory.is_everything:
        return [one.code for one in all_departements()]
    return sorted(territory.departements)


def not_administered(scope: Scope, refs: Iterable[OrganisationRef]) -> list[OrganisationRef]:
    """Return the organisations that a reader may not change, in order. One statement."""
    if scope.territory(EDIT).is_everything:
        return []
    wanted = set(refs)
    own = frozenset(administered(scope))
    unknown = {ref for ref in wanted if known_departement(ref.kind, ref.code) not in own}
    codes = [ref.code for ref in unknown]
    rows = scope.organisations(EDIT).filter(code__in=codes).values_list("kind", "code")
    return sorted(unknown - {OrganisationRef(*row) for row in rows})


def administered_organisation(scope: Scope, text: str) -> Organisation:
    """Return the organisation that is meant by its name, or by kind and code: "commune:90033".

    One that is known by its code alone is stored. Raises `OrganisationError` and `LookupRefused`.
    """
    if ":" not in text:
        return organisation_named(scope.organisations(EDIT), text)
    ref = read_ref(text)
    if not_administered(scope, [ref]):
        raise OrganisationError(f"{ref} n’est pas un organisme de votre territoire")
    return organisation(ref)


def refusal_of(scope: Scope, zones: Collection[NewZone]) -> str:
    """Say in French which communes of new zones a reader does not administer; "" for none.

    Whoever draws a zone has what happens there told to its organisation. Raises `ShapeError`.
    """
    within = scope.communes(EDIT)
    touched = {code for zone in zones for code in communes_of(zone)}
    outside = sorted(code for code in touched if code not in within)
    if not outside:
        return ""
    labels = [one.label if (one := commune_by_code(code)) else code for code in outside]
    named = ", ".join(labels[:_MAX_NAMED]) + (" …" if len(labels) > _MAX_NAMED else "")
    return f"hors de votre territoire : {named}"
