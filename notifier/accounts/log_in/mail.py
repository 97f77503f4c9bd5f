"""Mail to accounts: Django's e-mail backend that hands to the service's own outbox.

So a mail to an account is retried, and seen in the simulator's inbox, as an alert is. It leaves in
the routine lane, which holds little, for throttling gathers a storm's texts; urgent alerts never
wait behind it. Its body is a secret: no page shows it, and it is erased once the server has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from notifier.delivery.models import EXEMPT, PRIVATE, Channel, Lane
from notifier.delivery.outbox import OutgoingMessage, enqueue_messages

# A link of a mail that Django sends is of no use for longer; another is asked for in a moment.
LIFETIME = timedelta(hours=1)
TITLE = "titulaire d’un compte"


class OutboxBackend(BaseEmailBackend):
    """Store mails to accounts as messages, within the caller's transaction."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Enqueue each mail for each of its addresses; return how many mails that was."""
        for mail in email_messages:
            for address in mail.recipients():
                send_private(address, str(mail.subject), str(mail.body), LIFETIME)
        return len(email_messages)


def send_private(address: str, subject: str, body: str, lifetime: timedelta) -> None:
    """Mail somebody what nobody else may read, in the caller's transaction."""
    enqueue_messages(
        [
            OutgoingMessage(
                channel=Channel.EMAIL,
                address=address,
                recipient=PRIVATE,
                title=TITLE,
                subject=subject,
                body=body,
                lane=Lane.ROUTINE,
                expires_at=timezone.now() + lifetime,
                incident_id=None,
                # It is no alert, and no pause of alerts holds it.
                pause_key=EXEMPT,
            )
        ]
    )
