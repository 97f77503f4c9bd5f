"""What Twilio's statuses of a call mean. Source: Twilio's Calls resource, `status`.

A call that was taken and ended has reached nobody: only a key that was pressed says that it has,
and it comes by a callback of its own (`notifier.api.telephone`).
"""

from notifier.delivery.models import MessageState
from notifier.delivery.providers.base import AddressFault
from notifier.delivery.providers.twilio import errors

STATES: dict[str, MessageState] = {
    "queued": MessageState.ACCEPTED,
    "initiated": MessageState.ACCEPTED,
    "ringing": MessageState.ACCEPTED,
    "in-progress": MessageState.ACCEPTED,
    "completed": MessageState.UNDELIVERED,
    "busy": MessageState.UNDELIVERED,
    "no-answer": MessageState.UNDELIVERED,
    "failed": MessageState.UNDELIVERED,
    "canceled": MessageState.UNDELIVERED,
}

NO_KEY, MACHINE, NO_CALLER, UNASSIGNED = "no-key", "machine", "no-caller", "unassigned"
_MEANINGS = {
    NO_KEY: "décroché, aucune touche pressée",
    MACHINE: "un répondeur a décroché",
    NO_CALLER: "aucun numéro d’appelant (TWILIO_VOICE_FROM)",
    UNASSIGNED: "numéro non attribué",
    "busy": "occupé",
    "no-answer": "sans réponse",
    "failed": "l’appel n’a pu être établi",
    "canceled": "appel annulé",
}
# SIP's answers by which the network says that nobody has this number (RFC 3261: 404 not found, 484
# address incomplete, 604 does not exist anywhere).
_UNASSIGNED_SIP = ("404", "484", "604")


def state_of(status: str) -> MessageState | None:
    """Return our state for the status of a call; None if that is none."""
    return STATES.get(status)


def code_of(status: str, answered_by: str = "", sip_code: str = "") -> str:
    """Return why a call that ended with this status reached nobody; "" while it goes on.

    `answered_by`: what Twilio took whoever answered for, if it says so.
    """
    if state_of(status) is not MessageState.UNDELIVERED:
        return ""
    if status == "completed":
        return MACHINE if answered_by.startswith(("machine", "fax")) else NO_KEY
    return UNASSIGNED if status == "failed" and sip_code in _UNASSIGNED_SIP else status


def explain(code: str) -> str:
    """Explain in French why a call reached nobody."""
    return _MEANINGS.get(code) or errors.explain(code)


def address_fault(code: str) -> AddressFault | None:
    """Return what a code says of the number itself; None: nothing."""
    return AddressFault.DEAD if code == UNASSIGNED else errors.address_fault(code)
