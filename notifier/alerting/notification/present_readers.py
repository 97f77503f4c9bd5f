"""Whose readers have left: a text that waits goes to nobody who is no contact of its commune."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.utils import timezone

from notifier.alerting.models import Alert, Held
from notifier.alerting.notification.history import DIGEST_TOPIC
from notifier.alerting.notification.messages import letter_key
from notifier.delivery.models import Message
from notifier.directory.recipients import active_people


def gone(messages: Sequence[Message]) -> set[int]:
    """The ids of those messages whose addresses are no present contact's of their communes.

    Three statements at the most. What goes to no contact, as the duty's mails, is none of them, nor
    what is of no alert that is known.
    """
    to_contacts = [m for m in messages if m.recipient.startswith("contact:")]
    communes = _communes_of({m.topic for m in to_contacts})
    keys = keys_in({code for codes in communes.values() for code in codes})
    return {
        m.pk
        for m in to_contacts
        if (codes := communes.get(m.topic))
        and not any(letter_key(m.channel, m.address) in keys[code] for code in codes)
    }


def keys_in(communes: Iterable[str]) -> dict[str, set[tuple[str, str]]]:
    """Every channel and address of each commune's present contacts. One statement."""
    return {
        code: {letter_key(*pair) for person in people for pair in person.addresses.items()}
        for code, people in active_people(list(communes), timezone.now()).items()
    }


def _communes_of(topics: set[str]) -> dict[str, set[str]]:
    """The communes that each topic tells of: an alert's own, those of all that a digest holds."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    digests = {topic for topic in topics if topic.startswith(DIGEST_TOPIC)}
    alerts = Alert.objects.filter(pk__in=[int(topic) for topic in topics - digests])
    for pk, code in alerts.values_list("pk", "commune"):
        found[str(pk)].add(code)
    if digests:
        rows = Held.objects.filter(told_in__in=digests)
        for topic, code in rows.values_list("told_in", "alert__commune"):
            found[topic].add(code)
    return found
