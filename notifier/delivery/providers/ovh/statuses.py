"""Map OVHcloud's `deliveryReceipt` and `ptt` to our states.

Source: the guide « Tout savoir sur les utilisateurs SMS ». The first says how far a text has come,
the second why; where both speak, a receipt that is final counts.
"""

from notifier.delivery.models import MessageState

# In creation or pending, waiting, buffered: it goes on.
_UNDER_WAY = {0, 4, 8}
_DELIVERED, _FAILED = 1, {2, 16}
# Retried because of the telephone, because of the network, taken by the network; 6: never known.
_PTT_UNDER_WAY = {1, 2, 3, 6}
_PTT_DELIVERED = 4


def state_of(receipt: int | None, ptt: int | None) -> MessageState | None:
    """Return our state for what OVHcloud says of a text; None if neither is known."""
    if receipt == _DELIVERED:
        return MessageState.DELIVERED
    if receipt in _FAILED:
        return MessageState.UNDELIVERED
    if ptt == _PTT_DELIVERED:
        return MessageState.DELIVERED
    if receipt in _UNDER_WAY or ptt in _PTT_UNDER_WAY:
        return MessageState.ACCEPTED
    return None


def code_of(state: MessageState, ptt: int | None) -> str:
    """Return the reason why a text did not arrive; empty for any other."""
    return str(ptt) if state is MessageState.UNDELIVERED and ptt else ""
