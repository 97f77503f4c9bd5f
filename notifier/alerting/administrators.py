"""Whom a mail about the service itself goes to; accounts, which stand above, say who they are."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.dispatch import Signal

from notifier.delivery.models import EXEMPT, Channel, Lane
from notifier.directory.models import Organisation
from notifier.intake.models import Source

if TYPE_CHECKING:
    from notifier.delivery.outbox import OutgoingMessage

# Sent with one of `departement` (code) and `organisation` (Organisation), or with neither for the
# platform; receivers return the mailboxes of those who administer it.
asking_administrators = Signal()

LIFETIME = timedelta(days=3)
TITLE = "administrateur de l’annuaire"


def administrator_mail(address: str, subject: str, body: str, now: datetime) -> OutgoingMessage:
    """Return a mail about the directory to one of those who administer it."""
    # Every process passes here, to answer who administers; sending is slow to load.
    from notifier.delivery.outbox import OutgoingMessage

    return OutgoingMessage(
        channel=Channel.EMAIL,
        address=address,
        recipient="administrator",
        title=TITLE,
        subject=subject,
        body=body,
        lane=Lane.ROUTINE,
        expires_at=now + LIFETIME,
        incident_id=None,
        # It is no alert, and no pause of alerts holds it.
        pause_key=EXEMPT,
    )


def mailboxes_of_platform() -> list[str]:
    """Return the mailboxes of the accounts of the platform."""
    return _asked()


def mailboxes_of_departement(departement: str) -> list[str]:
    """Return the mailboxes of whoever administers a département; else of its duty officers."""
    found = _asked(departement=departement)
    if not found:
        sources = Source.objects.filter(revoked_at=None)
        found = sorted({s.duty_email for s in sources if departement in s.departements} - {""})
    return found


def mailboxes_of_organisation(organisation: Organisation) -> list[str]:
    """Return the mailboxes of whoever administers an organisation.

    If there is nobody: of its département; of the platform, where it is of none.
    """
    if found := _asked(organisation=organisation):
        return found
    if not organisation.departement:
        return mailboxes_of_platform()
    return mailboxes_of_departement(organisation.departement)


def _asked(**of: object) -> list[str]:
    answers = asking_administrators.send(sender=None, **of)
    return sorted({mailbox for _, mailboxes in answers for mailbox in mailboxes or ()} - {""})
