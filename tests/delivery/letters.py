"""The letter of these tests: an urgent SMS to the mayor of Delle."""

from django.utils import timezone

from notifier.delivery.models import Channel, Lane
from notifier.delivery.outbox import Letter

PHONE, MAILBOX = "+33639980001", "maire@delle.example"
LETTER = Letter(
    topic="1",
    revision=1,
    channel=Channel.SMS,
    address=PHONE,
    body="Gendarmerie - Delle : accident de la route. Réf. T-1",
    lane=Lane.URGENT,
    expires_at=timezone.now(),
    thread="1/T-1",
    recipient="contact:1",
    title="maire",
)
