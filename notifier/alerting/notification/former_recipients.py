"""Find messages to former recipients: a text that waited goes to active contacts alone."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.utils import timezone

from notifier.alerting.models import OF_ALERT, Notification, NotificationState
from notifier.alerting.notification.planned import AddressKey, address_key
from notifier.delivery.models import Message
from notifier.directory.models import OrganisationRef
from notifier.directory.recipients import active_people


def messages_to_former_recipients(messages: Sequence[Message]) -> set[int]:
    """Return the ids of the messages whose address nobody active in their organisations has.

    Two statements at most. A message about no alert, such as a mail to the duty officer, is never
    among them.
    """
    organisations = _organisations_of([message.pk for message in messages])
    keys = active_address_keys({ref for refs in organisations.values() for ref in refs})
    return {
        message.pk
        for message in messages
        if (refs := organisations.get(message.pk))
        and not any(address_key(message.channel, message.address) in keys[ref] for ref in refs)
    }


def active_address_keys(
    organisations: Iterable[OrganisationRef],
) -> dict[OrganisationRef, set[AddressKey]]:
    """Return every channel and address of the people active in each. One statement."""
    return {
        ref: {address_key(*pair) for person in people for pair in person.addresses.items()}
        for ref, people in active_people(set(organisations), timezone.now()).items()
    }


def _organisations_of(message_ids: Sequence[int]) -> dict[int, set[OrganisationRef]]:
    """Return the organisations of each message: one, or those of all alerts in a digest.

    Not those whose people know by it: in these its reader may be somebody still.
    """
    organisations: defaultdict[int, set[OrganisationRef]] = defaultdict(set)
    notifications = Notification.objects.filter(
        message__in=message_ids, kind__in=OF_ALERT, state=NotificationState.QUEUED
    )
    rows = notifications.values_list("message_id", "organisation_kind", "organisation")
    for pk, kind, code in rows:
        if pk is not None:
            organisations[pk].add(OrganisationRef(kind, code))
    return organisations
