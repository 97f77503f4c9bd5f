"""Which recipients have left: a text that waits goes to nobody who is no contact of its commune."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.utils import timezone

from notifier.alerting.models import OF_ALERT, Notification
from notifier.alerting.notification.planned import AddressKey, address_key
from notifier.delivery.models import Message
from notifier.directory.recipients import active_people


def messages_to_nobody(messages: Sequence[Message]) -> set[int]:
    """Return the ids of those messages whose addresses are no present contact's of their communes.

    Two statements at most. What goes to no contact, as the duty officer's mails, is none of them,
    nor what tells of no alert.
    """
    communes = _communes_of([message.pk for message in messages])
    keys = present_keys({code for codes in communes.values() for code in codes})
    return {
        message.pk
        for message in messages
        if (codes := communes.get(message.pk))
        and not any(address_key(message.channel, message.address) in keys[code] for code in codes)
    }


def present_keys(communes: Iterable[str]) -> dict[str, set[AddressKey]]:
    """Return every channel and address of each commune's present contacts. One statement."""
    return {
        code: {address_key(*pair) for person in people for pair in person.addresses.items()}
        for code, people in active_people(sorted(communes), timezone.now()).items()
    }


def _communes_of(message_ids: Sequence[int]) -> dict[int, set[str]]:
    """The communes that each message tells of: one, or those of all alerts that a digest holds."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    told = Notification.objects.filter(message__in=message_ids, kind__in=OF_ALERT)
    for pk, code in told.values_list("message_id", "organisation"):
        if pk is not None:
            found[pk].add(code)
    return found
