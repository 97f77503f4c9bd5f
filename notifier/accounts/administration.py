"""Close and open accounts, and help a colleague who lost the second factor."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.db import transaction

from notifier.accounts.access_log import record_access
from notifier.accounts.grants import GrantError, may_manage, roles_of
from notifier.accounts.log_in.sessions import end_sessions
from notifier.accounts.models import User
from notifier.accounts.scope import Scope, scope_of


def may_administer(scope: Scope, user: User) -> bool:
    """Return whether the user may close the account: not his own, and each role his to take."""
    if user == scope.user or (user.is_superuser and not scope.is_platform):
        return False
    return all(may_manage(scope, one) for one in roles_of(user))


@transaction.atomic
def deactivate(by: User, user: User) -> None:
    """Close an account and its sessions; its roles stay, for whoever opens it again."""
    _check(by, user)
    if User.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
        end_sessions(user)
        record_access(user, f"compte désactivé par le compte n° {by.pk}", by=by.pk)


@transaction.atomic
def reactivate(by: User, user: User) -> None:
    """Open an account again."""
    _check(by, user)
    if User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
        record_access(user, f"compte réactivé par le compte n° {by.pk}", by=by.pk)


@transaction.atomic
def remove_second_factors(by: User, user: User) -> None:
    """Let somebody who lost telephone or key log in by password and set up another one."""
    _check(by, user)
    removed, _ = Authenticator.objects.filter(user=user).delete()
    if removed:
        end_sessions(user)
        record_access(user, f"seconds facteurs retirés par le compte n° {by.pk}", by=by.pk)


def _check(by: User, user: User) -> None:
    if not may_administer(scope_of(by), user):
        raise GrantError(
            "Ce compte n’est pas de votre ressort : il a des rôles que vous n’avez pas, "
            "ou c’est le vôtre."
        )
