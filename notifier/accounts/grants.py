"""Who gives which role to whom: nobody gives, prolongs or takes what he has not himself.

A role may be given where the giver has every permission of it, and until his own end there at most.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db import transaction
from django.utils import timezone

from notifier.accounts.access_log import record_access
from notifier.accounts.models import Invitation, RoleAssignment, User
from notifier.accounts.roles import PERMISSIONS, Permission, Role
from notifier.accounts.scope import Scope, scope_of
from notifier.directory.models import Organisation


class GrantError(Exception):
    """A role is not given or taken; says why in French."""


def check_grant(
    scope: Scope,
    role: Role,
    departement: str,
    organisation: Organisation | None,
    until: date | None,
) -> None:
    """Raise GrantError unless the scope's user may give this role there until then."""
    needed = PERMISSIONS[role] | {Permission.MANAGE_ACCOUNTS}
    if not all(_covers(scope, one, departement, organisation) for one in needed):
        raise GrantError(
            "Vous ne pouvez donner que des droits que vous avez vous-même, là où vous les avez."
        )
    if (role == Role.GROUPEMENT and not departement) or (
        role == Role.ORGANISATION and organisation is None
    ):
        raise GrantError(
            "Un administrateur de groupement a un département ; celui d’un organisme, un organisme."
        )
    below = _not_covered_below(scope, needed, organisation) if organisation else None
    if below is not None:
        raise GrantError(
            f"Ce rôle vaudrait aussi pour {below}, au-dessous, qui n’est pas de votre ressort."
        )
    if until is not None and until < timezone.localdate():
        raise GrantError("Cette date est passée.")
    own_end = _own_end(scope, needed, departement, organisation)
    if own_end is not None and (until is None or until > own_end):
        raise GrantError(
            f"Votre propre rôle s’arrête le {own_end:%d/%m/%Y} : choisissez une date jusque-là."
        )


def may_manage(scope: Scope, assignment: RoleAssignment | Invitation) -> bool:
    """Return whether the scope's user may prolong or take this role, or withdraw the invitation."""
    needed = PERMISSIONS[Role(assignment.role)] | {Permission.MANAGE_ACCOUNTS}
    return all(
        _covers(scope, one, assignment.departement, assignment.organisation) for one in needed
    )


def grantable_roles(scope: Scope) -> list[Role]:
    """Return the roles of which the scope's user has every permission somewhere."""
    return [
        role
        for role in Role
        if all(scope.has(one) for one in PERMISSIONS[role] | {Permission.MANAGE_ACCOUNTS})
    ]


def roles_of(user: User) -> list[RoleAssignment]:
    """Return the account's roles that count today."""
    today = timezone.localdate()
    held = RoleAssignment.objects.filter(user=user, revoked_at=None)
    return [one for one in held.select_related("organisation") if one.is_active(today)]


@transaction.atomic
def grant(
    by: User,
    user: User,
    role: Role,
    departement: str,
    organisation: Organisation | None,
    until: date | None,
) -> RoleAssignment:
    """Give a role. Raises GrantError."""
    check_grant(scope_of(by), role, departement, organisation, until)
    return assign(user, role, departement, organisation, until, by=by, author=str(by))


def assign(
    user: User,
    role: Role,
    departement: str,
    organisation: Organisation | None,
    until: date | None,
    *,
    by: User | None,
    author: str,
) -> RoleAssignment:
    """Store a role that was judged before, and write it down. Raises GrantError if it is held."""
    now = timezone.now()
    held = RoleAssignment.objects.select_for_update().filter(
        user=user, role=role, departement=departement, organisation=organisation, revoked_at=None
    )
    for one in held:
        if one.is_active(timezone.localdate()):
            raise GrantError(f"Ce compte a déjà ce rôle : {one}.")
        # One that ended counts no longer, and stands in the way of the new one.
        held.filter(pk=one.pk).update(revoked_at=now, revoked_by=author)
    made = RoleAssignment.objects.create(
        user=user,
        role=role,
        departement=departement,
        organisation=organisation,
        until=until,
        granted_by=author,
        granted_at=now,
    )
    what = f"rôle n° {made.pk} donné, {made}, {_until(until)}"
    record_access(user, f"{what}, par {_who(by, author)}", assignment=made.pk, by=by and by.pk)
    return made


@transaction.atomic
def prolong(by: User, assignment: RoleAssignment, until: date | None) -> None:
    """Change until when a role holds. Raises GrantError, also where it changed meanwhile."""
    role = Role(assignment.role)
    scope = scope_of(by)
    check_grant(scope, role, assignment.departement, assignment.organisation, until)
    unchanged = RoleAssignment.objects.filter(
        pk=assignment.pk, until=assignment.until, revoked_at=None
    )
    if not unchanged.update(until=until):
        raise GrantError("Ce rôle vient d’être changé ou retiré : rechargez la page.")
    what = (
        f"rôle n° {assignment.pk}, {assignment}, {_until(until)} ({_until(assignment.until)} avant)"
    )
    record_access(
        assignment.user,
        f"{what}, par le compte n° {by.pk}",
        assignment=assignment.pk,
        by=by.pk,
    )


@transaction.atomic
def revoke(by: User | None, assignment: RoleAssignment, author: str = "") -> None:
    """Take a role. Raises GrantError where it is not one's own to take, or is taken already.

    `by` None: a command on the server, by `author`.
    """
    if by is not None and not may_manage(scope_of(by), assignment):
        raise GrantError("Ce rôle n’est pas de votre ressort.")
    author = author or str(by)
    held = RoleAssignment.objects.filter(pk=assignment.pk, revoked_at=None)
    if not held.update(revoked_at=timezone.now(), revoked_by=author):
        raise GrantError("Ce rôle est déjà retiré.")
    record_access(
        assignment.user,
        f"rôle n° {assignment.pk} retiré, {assignment}, par {_who(by, author)}",
        assignment=assignment.pk,
        by=by and by.pk,
    )


def leaves_nobody(assignment: RoleAssignment) -> bool:
    """Return whether nobody would administer the accounts there without this role."""
    if Permission.MANAGE_ACCOUNTS not in PERMISSIONS[Role(assignment.role)]:
        return False
    others = RoleAssignment.objects.filter(
        role=assignment.role,
        departement=assignment.departement,
        organisation=assignment.organisation,
        revoked_at=None,
        user__is_active=True,
    ).exclude(user=assignment.user)
    today = timezone.localdate()
    return not any(one.is_active(today) for one in others)


def _covers(
    scope: Scope, permission: Permission, departement: str, organisation: Organisation | None
) -> bool:
    territory = scope.territory(permission)
    if territory.is_everything:
        return True
    if organisation is None:
        return departement in territory.departements
    return (
        organisation.departement in territory.departements
        or organisation.pk in territory.organisations
        or organisation.parent_id in territory.organisations
    )


def _not_covered_below(
    scope: Scope, permissions: Iterable[Permission], organisation: Organisation
) -> Organisation | None:
    """Return an organisation directly below, for which the user has not all the permissions."""
    children = Organisation.objects.filter(parent=organisation).order_by("pk")
    for one in permissions:
        outside = children.exclude(pk__in=scope.organisations(one).values("pk")).first()
        if outside is not None:
            return outside
    return None


def _own_end(
    scope: Scope,
    permissions: Iterable[Permission],
    departement: str,
    organisation: Organisation | None,
) -> date | None:
    """Return when the first of the user's permissions there ends; None: none does."""
    if scope.is_platform:
        return None
    there = [o for o in scope.assignments_held if _is_within(o, departement, organisation)]
    lasts = []
    for permission in permissions:
        ends = [one.until for one in there if permission in PERMISSIONS[Role(one.role)]]
        lasts.append(None if None in ends else max(filter(None, ends), default=None))
    return min(filter(None, lasts), default=None)


def _is_within(
    assignment: RoleAssignment, departement: str, organisation: Organisation | None
) -> bool:
    if organisation is None:
        return assignment.departement == departement
    ids: Iterable[int | None] = (organisation.pk, organisation.parent_id)
    in_departement = bool(assignment.departement) and (
        assignment.departement == organisation.departement
    )
    return in_departement or (
        assignment.organisation_id is not None and assignment.organisation_id in ids
    )


def _until(until: date | None) -> str:
    return f"jusqu’au {until:%d/%m/%Y}" if until else "sans fin"


def _who(by: User | None, author: str) -> str:
    return f"le compte n° {by.pk}" if by else author
