"""Twilio's words for a message's status, and ours. Source: Twilio's Messages resource, `status`."""

from notifier.delivery.models import MessageState

STATES: dict[str, MessageState] = {
    "accepted": MessageState.ACCEPTED,
    "scheduled": MessageState.ACCEPTED,
    "queued": MessageState.ACCEPTED,
    "sending": MessageState.ACCEPTED,
    "sent": MessageState.ACCEPTED,
    "delivered": MessageState.DELIVERED,
    "read": MessageState.READ,
    # Of a text in several segments, some: nobody may count on what he did not get.
    "partially_delivered": MessageState.UNDELIVERED,
    "undelivered": MessageState.UNDELIVERED,
    "failed": MessageState.UNDELIVERED,
    "canceled": MessageState.UNDELIVERED,
}


def state_of(status: str) -> MessageState | None:
    """Our state for Twilio's status, None for a word that is not a status of a sent message."""
    return STATES.get(status)
