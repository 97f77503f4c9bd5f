"""Move texts that wait at a provider that is set aside to the next one in their order.

Only `pending`: of those it is certain that they did not leave. What a provider may have accepted is
asked about there, and nowhere else sent meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from django.utils import timezone

from notifier.delivery import routing
from notifier.delivery.models import Channel, Lane, Message, MessageState, ProviderHealth
from notifier.delivery.providers.registry import LABELS
from notifier.delivery.sending.claim import lock_and_update
from notifier.jobs.enqueue import enqueue_after_commit
from notifier.journal.models import Entry, Step
from notifier.journal.write import new_entry

BATCH_SIZE = 200


def move_waiting(set_aside: Iterable[ProviderHealth]) -> int:
    """Move them and return how many that was; urgent ones are due at once, the others as before.

    `set_aside` is what `routing.set_aside` returned. May run anywhere, any number of times at once.
    """
    return sum(_move_from(row.provider) for row in set_aside)


def _move_from(provider: str) -> int:
    waiting = Message.objects.filter(
        channel=Channel.SMS, state=MessageState.PENDING, provider=provider
    ).exclude(providers="")
    moved = 0
    for order in waiting.order_by().values_list("providers", flat=True).distinct():
        target = routing.next_provider(Message(provider=provider, providers=order))
        if target is None:
            continue
        for lane in Lane:
            due = {"due_at": timezone.now()} if lane == Lane.URGENT else {}
            of_lane = waiting.filter(providers=order, lane=lane)
            changes = {"provider": target, "error_code": "", **due}
            batch = lock_and_update(of_lane, BATCH_SIZE, partial(_entry, provider), **changes)
            if batch and due:
                enqueue_after_commit("delivery.deliver", lane, queue_name=lane)
            moved += len(batch)
    return moved


def moves_to(provider: str) -> str:
    """Say in French, for the journal, which provider tries next."""
    return f"l’essai suivant passe par {LABELS[provider]}"


def _entry(before: str, message: Message) -> Entry:
    return new_entry(
        message.incident_id,
        Step.ATTEMPT,
        f"{message.journal_label} : {LABELS[before]} est mis de côté, "
        f"{moves_to(message.provider)}.",
        message_id=message.pk,
    )
