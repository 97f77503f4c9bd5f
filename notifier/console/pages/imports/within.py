"""What an import, or an undo, of this reader may touch."""

from __future__ import annotations

from notifier.accounts.roles import Permission
from notifier.accounts.scope import Scope
from notifier.directory.allowed import AllowedOrganisations


def allowed_by(scope: Scope) -> AllowedOrganisations:
    """Return the organisations whose people the reader may import. One statement."""
    communes = scope.communes(Permission.IMPORT)
    if communes.is_everything:
        return AllowedOrganisations(is_everything=True)
    own = scope.organisations(Permission.IMPORT).only("kind", "code")
    return AllowedOrganisations.of(communes.departements, own)
