"""Keep the directory's addresses right by what became of the messages that went there."""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from notifier.delivery.models import (
    DELIVERED_STATES,
    Channel,
    Message,
    MessageState,
)
from notifier.delivery.providers.base import AddressFault
from notifier.delivery.providers.registry import address_fault, explain_error
from notifier.directory import addresses
from notifier.directory.models import AddressKind
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

log = structlog.get_logger(__name__)

# A mobile that cannot be called may take texts still, and the other way round.
_KIND: dict[str, str] = {
    Channel.SMS: AddressKind.MOBILE,
    Channel.EMAIL: AddressKind.EMAIL,
    Channel.VOICE: AddressKind.LANDLINE,
}
_REFUSED = (MessageState.FAILED, MessageState.UNDELIVERED)
# A mail has no receipt: one that did not come back within this arrived.
BOUNCES_WITHIN = timedelta(days=1)


def note_failure(message: Message) -> None:
    """Count a failure that is the address's own, once for an incident.

    Two texts of one incident within minutes are not two signs that a number is dead. Whatever came
    through since the first failure starts the count anew.
    """
    try:
        with transaction.atomic():
            _note(message)
    except Exception:  # whatever happens here, the next person is told
        log.exception("failure is not counted", message=message.pk)


def _note(message: Message) -> None:
    fault = address_fault(message) if message.state in _REFUSED else None
    kind, now = _KIND[message.channel], timezone.now()
    if fault is AddressFault.OPTED_OUT and addresses.note_opt_out(kind, message.address, now):
        _write_entry(message, "refuse les messages, plus rien n’y est envoyé")
    if fault is not AddressFault.DEAD:
        return
    known = addresses.failing(kind, message.address)
    if known is not None:
        if _arrived([message.address]).filter(ended_at__gt=known.since).exists():
            addresses.note_success(kind, message.address, now)
        elif _has_failed_before(message):
            return
    reason = explain_error(message)
    if addresses.note_failure(kind, message.address, reason, now):
        _write_entry(message, f"est en échec définitif, {reason} : passée jusqu’à confirmation")


def forget_recovered() -> None:
    """Forget the failures of addresses where something arrived since."""
    failing = {(one.kind, one.value): one.since for one in addresses.all_failing()}
    if not failing:
        return
    arrived = _arrived([value for _, value in failing]).filter(ended_at__gt=min(failing.values()))
    latest = arrived.order_by().values_list("channel", "address").annotate(Max("ended_at"))
    for channel, value, at in latest:
        since = failing.get((_KIND[channel], value))
        if since is not None and at > since:
            addresses.note_success(_KIND[channel], value, at)


def _has_failed_before(message: Message) -> bool:
    """Return whether another message of the same incident failed there."""
    if message.incident_id is None:
        return False
    same = Message.objects.filter(address=message.address, incident_id=message.incident_id)
    return same.filter(state__in=_REFUSED, is_followed_up=True).exclude(pk=message.pk).exists()


def _arrived(values: list[str]) -> QuerySet[Message]:
    mails = Q(
        channel=Channel.EMAIL,
        state=MessageState.ACCEPTED,
        ended_at__lt=timezone.now() - BOUNCES_WITHIN,
    )
    return Message.objects.filter(mails | Q(state__in=DELIVERED_STATES), address__in=values)


def _write_entry(message: Message, what: str) -> None:
    log.warning("address is passed over from now on", message=message.pk, code=message.error_code)
    text = f"{message.journal_label} : cette adresse {what}."
    entry = new_entry(message.incident_id, Step.UNREACHED, text, message_id=message.pk)
    write_entries([entry])
