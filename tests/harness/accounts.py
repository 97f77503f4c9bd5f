"""Accounts with a role, and browsers in which they are logged in."""

from __future__ import annotations

from datetime import date

from django.test import Client
from django.utils import timezone

from notifier.accounts.models import RoleAssignment, User
from notifier.accounts.roles import Role
from notifier.directory.models import Organisation


def add_account(
    role: Role, where: str | Organisation, *, until: date | None = None, name: str = ""
) -> User:
    """Create an account with one role, in a département ("90") or for an organisation."""
    number = User.objects.count() + 1
    user = User.objects.create_user(
        name or f"{role.value}-{number}", email=f"{role.value}-{number}@exemple.fr"
    )
    grant(user, role, where, until=until)
    return user


def grant(
    user: User, role: Role, where: str | Organisation, *, until: date | None = None
) -> RoleAssignment:
    """Give an account one more role."""
    return RoleAssignment.objects.create(
        user=user,
        role=role,
        departement=where if isinstance(where, str) else "",
        organisation=where if isinstance(where, Organisation) else None,
        until=until,
        granted_by="tests",
        granted_at=timezone.now(),
    )


def add_superuser(name: str = "exploitant") -> User:
    """Create an account of the platform."""
    return User.objects.create_superuser(name, email=f"{name}@exemple.fr")


def logged_in(user: User) -> Client:
    """Return a browser in which the account is logged in, its second factor given."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client
