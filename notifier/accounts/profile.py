"""What people change of their own account: the name, and the address that a mail has proved."""

from __future__ import annotations

from datetime import timedelta

from django.core import signing
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string

from notifier.accounts.access_log import record_access
from notifier.accounts.log_in.links import public_url
from notifier.accounts.log_in.mail import send_private
from notifier.accounts.models import User

_SALT = "notifier.accounts.email"
LASTS = timedelta(hours=1)


class EmailError(Exception):
    """An address is not changed; says why in French."""


@transaction.atomic
def rename(user: User, first_name: str, last_name: str) -> None:
    """Change the name under which others read what the account does from now on."""
    User.objects.filter(pk=user.pk).update(first_name=first_name, last_name=last_name)
    record_access(user, "nom changé")


@transaction.atomic
def ask_for_email(user: User, email: str) -> None:
    """Mail a link to the new address, and word of it to the present one."""
    key = signing.dumps({"account": user.pk, "from": user.email, "to": email}, salt=_SALT)
    link = public_url(f"/compte/adresse/{key}")
    body = render_to_string("account/email/new_email.txt", {"link": link, "account": user})
    send_private(email, "Alerte Maires : confirmer votre adresse", body, LASTS)
    if user.email:
        body = render_to_string("account/email/old_email.txt", {"account": user})
        send_private(user.email, "Alerte Maires : changement d’adresse demandé", body, LASTS)
    record_access(user, "changement d’adresse électronique demandé")


def is_link(key: str) -> bool:
    """Return whether a mail of ours held this, be it too old."""
    try:
        signing.loads(key, salt=_SALT)
    except signing.BadSignature:
        return False
    return True


def confirm_email(user: User, key: str) -> None:
    """Take the address that the link of the mail names. Raises EmailError."""
    try:
        asked = signing.loads(key, salt=_SALT, max_age=LASTS)
    except signing.BadSignature:
        raise EmailError("Ce lien n’est plus valable : demandez-en un autre.") from None
    if asked["account"] != user.pk:
        raise EmailError("Ce lien est celui d’un autre compte que le vôtre.")
    unchanged = User.objects.filter(pk=user.pk, email=asked["from"])
    try:
        with transaction.atomic():
            if not unchanged.update(email=asked["to"]):
                raise EmailError("Ce lien a déjà servi.")
            record_access(user, "adresse électronique changée")
    except IntegrityError:
        raise EmailError("Un autre compte a cette adresse.") from None
