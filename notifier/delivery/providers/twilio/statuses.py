"""Map Twilio's statuses to our states. Source: Twilio's Messages resource, `status`."""

from notifier.delivery.models import MessageState

STATES: dict[str, MessageState] = {
    "accepted": MessageState.ACCEPTED,
    "scheduled": MessageState.ACCEPTED,
    "queued": MessageState.ACCEPTED,
    "sending": MessageState.ACCEPTED,
    "sent": MessageState.ACCEPTED,
    "delivered": MessageState.DELIVERED,
    "read": MessageState.READ,
    # Some of several segments: nobody may count on a text of which a part is missing.
    "partially_delivered": MessageState.UNDELIVERED,
    "undelivered": MessageState.UNDELIVERED,
    "failed": MessageState.UNDELIVERED,
    "canceled": MessageState.UNDELIVERED,
}


def state_of(status: str) -> MessageState | None:
    """Return our state for Twilio's status; None if that is none of a sent message."""
    return STATES.get(status)
