"""Invite a colleague by e-mail: a link that opens an account with one role, once, within days."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from datetime import date, timedelta

from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone

from notifier.accounts.access_log import record_access, record_invitation
from notifier.accounts.grants import GrantError, assign, check_grant, may_manage
from notifier.accounts.log_in.links import public_url
from notifier.accounts.log_in.mail import send_private
from notifier.accounts.models import Invitation, User
from notifier.accounts.roles import Role
from notifier.accounts.scope import Scope, scope_of
from notifier.directory.models import Organisation

LASTS = timedelta(days=3)


def invite(
    by: User | None,
    email: str,
    role: Role,
    departement: str,
    organisation: Organisation | None,
    until: date | None,
    author: str = "",
) -> Invitation:
    """Send the link. `by` None: a command on the server, by `author`. Raises GrantError.

    Whether an account has the address already makes no difference to whoever invites.
    """
    if by is not None:
        check_grant(scope_of(by), role, departement, organisation, until)
    key, now = secrets.token_urlsafe(32), timezone.now()
    with transaction.atomic():
        invitation = Invitation.objects.create(
            email=email.strip(),
            role=role,
            departement=departement,
            organisation=organisation,
            until=until,
            digest=_digest(key),
            invited_by=by,
            author=author or str(by),
            invited_at=now,
            expires_at=now + LASTS,
        )
        record_invitation(by, f"invitation n° {invitation.pk} envoyée, {invitation}", invitation.pk)
        send_private(
            invitation.email,
            "Alerte Maires : invitation",
            render_to_string(
                "account/email/invitation.txt",
                {"invitation": invitation, "link": public_url(f"/invitation/{key}")},
            ),
            LASTS,
        )
    return invitation


def invitation_by_key(key: str) -> Invitation | None:
    """Return the invitation of a link that still opens something; None for any other."""
    found = Invitation.objects.select_related("organisation", "invited_by")
    invitation = found.filter(digest=_digest(key)).first()
    return invitation if invitation and _is_open(invitation) else None


def account_of(invitation: Invitation) -> User | None:
    """Return the account that has the address already, active or not."""
    return User.objects.filter(email__iexact=invitation.email).first()


@transaction.atomic
def accept(invitation: Invitation, first_name: str, last_name: str, password: str) -> User:
    """Open the account with its role. Raises GrantError where the link has just served."""
    _take(invitation)
    if account_of(invitation) is not None:
        raise GrantError("Un compte a déjà cette adresse : connectez-vous pour accepter.")
    user = User(
        username=_new_username(first_name, last_name),
        first_name=first_name,
        last_name=last_name,
        email=invitation.email,
    )
    user.set_password(password)
    user.save()
    record_access(user, f"compte ouvert sur l’invitation n° {invitation.pk}")
    _assign(invitation, user)
    return user


@transaction.atomic
def accept_with(invitation: Invitation, user: User) -> None:
    """Give the role to the account that has the address. Raises GrantError."""
    if user.email.casefold() != invitation.email.casefold():
        raise GrantError("Cette invitation est pour une autre adresse que celle de votre compte.")
    _take(invitation)
    _assign(invitation, user)


@transaction.atomic
def withdraw(by: User, invitation: Invitation) -> None:
    """Take an invitation back. Raises GrantError where it is not one's own to take."""
    if not may_manage(scope_of(by), invitation):
        raise GrantError("Cette invitation n’est pas de votre ressort.")
    waiting = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None)
    if waiting.update(withdrawn_at=timezone.now()):
        record_invitation(by, f"invitation n° {invitation.pk} retirée", invitation.pk)


def waiting_invitations(scope: Scope) -> list[Invitation]:
    """Return what the scope's user may withdraw, the latest first."""
    now = timezone.now()
    waiting = Invitation.objects.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=now)
    return [one for one in waiting.select_related("organisation") if may_manage(scope, one)]


def _take(invitation: Invitation) -> None:
    """Use the link up. Raises GrantError where it was, or its inviter may give this no more."""
    now = timezone.now()
    waiting = Invitation.objects.filter(
        pk=invitation.pk, accepted_at=None, withdrawn_at=None, expires_at__gt=now
    )
    if not _is_open(invitation) or not waiting.update(accepted_at=now):
        raise GrantError("Cette invitation a déjà servi ou n’est plus valable.")


def _is_open(invitation: Invitation) -> bool:
    if invitation.accepted_at or invitation.withdrawn_at:
        return False
    if invitation.expires_at <= timezone.now():
        return False
    if invitation.invited_by is None:
        return True
    try:
        check_grant(
            scope_of(invitation.invited_by),
            Role(invitation.role),
            invitation.departement,
            invitation.organisation,
            invitation.until,
        )
    except GrantError:
        return False
    return True


def _assign(invitation: Invitation, user: User) -> None:
    assign(
        user,
        Role(invitation.role),
        invitation.departement,
        invitation.organisation,
        invitation.until,
        by=invitation.invited_by,
        author=invitation.author,
    )


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _new_username(first_name: str, last_name: str) -> str:
    """Return "jeanne.aubry", or "jeanne.aubry2" where somebody has that name."""
    plain = unicodedata.normalize("NFKD", f"{first_name}.{last_name}".casefold())
    base = (
        "".join(one for one in plain if one.isalnum() or one in ".-")[:140].strip(".-") or "compte"
    )
    taken = set(User.objects.filter(username__istartswith=base).values_list("username", flat=True))
    names = (base if number == 1 else f"{base}{number}" for number in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)
