"""The message of these tests, an urgent SMS to the mayor of Delle, and who got one."""

from django.utils import timezone

from notifier.delivery.models import Channel, Lane
from notifier.delivery.outbox import OutgoingMessage
from notifier.delivery.sweep import sweep, upkeep
from notifier.simulator.client import Simulator

PHONE, MAILBOX = "+33639980001", "maire@delle.example"
OUTGOING = OutgoingMessage(
    channel=Channel.SMS,
    address=PHONE,
    body="Gendarmerie - Delle : accident de la route. Réf. T-1",
    lane=Lane.URGENT,
    expires_at=timezone.now(),
    incident_id=1,
    recipient="person:1",
    title="maire",
)


def run_round() -> None:
    """What beat enqueues every two seconds, in the urgent lane and beside the lanes."""
    upkeep()
    sweep(Lane.URGENT)


def told(simulator: Simulator) -> list[str]:
    """The phones that the simulator holds an SMS for, in the order of their coming."""
    return [sms["to"] for sms in simulator.messages()]
