"""Find messages to former recipients: a text that waited goes to active contacts alone."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.utils import timezone

from notifier.alerting.models import OF_ALERT, Notification
from notifier.alerting.notification.planned import AddressKey, address_key
from notifier.delivery.models import Message
from notifier.directory.recipients import active_people


def messages_to_former_recipients(messages: Sequence[Message]) -> set[int]:
    """Return the ids of the messages whose address no active contact of their communes has.

    Two statements at most. A message about no alert, such as a mail to the duty officer, is never
    among them.
    """
    communes = _communes_of([message.pk for message in messages])
    keys = active_address_keys({code for codes in communes.values() for code in codes})
    return {
        message.pk
        for message in messages
        if (codes := communes.get(message.pk))
        and not any(address_key(message.channel, message.address) in keys[code] for code in codes)
    }


def active_address_keys(communes: Iterable[str]) -> dict[str, set[AddressKey]]:
    """Return every channel and address of each commune's active contacts. One statement."""
    return {
        code: {address_key(*pair) for person in people for pair in person.addresses.items()}
        for code, people in active_people(sorted(communes), timezone.now()).items()
    }


def _communes_of(message_ids: Sequence[int]) -> dict[int, set[str]]:
    """Return the communes of each message: one, or those of all alerts in a digest."""
    communes: defaultdict[int, set[str]] = defaultdict(set)
    notifications = Notification.objects.filter(message__in=message_ids, kind__in=OF_ALERT)
    for pk, code in notifications.values_list("message_id", "organisation"):
        if pk is not None:
            communes[pk].add(code)
    return communes
