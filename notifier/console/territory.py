"""Which départements a reader may look at, as pages ask."""

from __future__ import annotations

from notifier.accounts.roles import Permission
from notifier.accounts.scope import Scope
from notifier.territory.resolve import departement_of
from notifier.territory.zones.departements import all_departements


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
