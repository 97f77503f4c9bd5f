"""Twilio's words for a message's status, and ours. Source: Twilio's Messages resource, `status`."""

from notifier.delivery.models import State

STATES: dict[str, State] = {
    "accepted": State.ACCEPTED,
    "scheduled": State.ACCEPTED,
    "queued": State.ACCEPTED,
    "sending": State.ACCEPTED,
    "sent": State.ACCEPTED,
    "delivered": State.DELIVERED,
    "read": State.DELIVERED,
    "undelivered": State.UNDELIVERED,
    "failed": State.UNDELIVERED,
    "canceled": State.UNDELIVERED,
}


def state_of(status: str) -> State | None:
    """Our state for Twilio's status, None for a word that is not a status of a sent message."""
    return STATES.get(status)
