"""Find the message that a receipt names by its number at the provider alone."""

from notifier.delivery.models import Message, MessageState

# In which states an answer with the number may still be on its way, or never have come.
_WITHOUT_NUMBER = (MessageState.SENDING, MessageState.UNKNOWN)


def message_with(provider: str, provider_id: str) -> int | None:
    """Return the id of the message that has this number there; None: none known. One statement."""
    found = Message.objects.filter(provider=provider, provider_id=provider_id)
    return found.order_by().values_list("pk", flat=True).first()


def may_come_yet(provider: str) -> bool:
    """Whether a message of this provider has no number yet, though it may have left."""
    waiting = Message.objects.filter(state__in=_WITHOUT_NUMBER, due_at__isnull=False)
    return waiting.filter(provider=provider, provider_id="").exists()
