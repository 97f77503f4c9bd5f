"""Tell everyone who was told of an alert that somebody has taken it in hand, and who."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import timezone

from notifier.alerting.content.composer import Texts
from notifier.alerting.escalation.failed_people import with_article
from notifier.alerting.models import Alert, Notification, NotificationKind
from notifier.alerting.notification.history import notifications_of
from notifier.alerting.notification.journal import alert_entry, recipients_in_words
from notifier.alerting.notification.planned import PlannedNotification, wording
from notifier.alerting.notification.recipients import not_failed
from notifier.alerting.notification.store import queue_once
from notifier.alerting.notification.text_facts import parse_facts
from notifier.alerting.policy.current import composer
from notifier.delivery.models import Channel, Lane
from notifier.journal.models import Step
from notifier.journal.write import write_entries

# By which of the channels somebody was told, the text goes.
_PREFERENCE = (Channel.SMS, Channel.EMAIL)


def tell_taken(alert: Alert) -> None:
    """Queue one text for each of those whom the alert told, but for who has taken it.

    In the caller's transaction, after `taken_at` was set. Whoever was told on the telephone alone
    is not called a second time.
    """
    if alert.taken_at is None:
        raise ValueError(f"nobody has taken alert {alert.pk}")
    told = notifications_of(alert.pk).get(alert.pk, [])
    told = [n for n in not_failed(told) if n.revision >= alert.opened_revision]
    knowing = _addresses_that_know(alert)
    others = [n for n in told if n.recipient != alert.taken_by and n.address.lower() not in knowing]
    at = alert.taken_at.astimezone(ZoneInfo(alert.facts["time_zone"]))
    texts = composer().taken(parse_facts(alert.facts), with_article(alert.taken_title), at)
    planned = [_planned(alert, n, texts) for n in _one_for_each(others)]
    if not planned:
        return
    what = f"pris en charge par {alert.taken_title}, dit à {recipients_in_words(planned)}"
    write_entries([alert_entry(alert, Step.DECIDED, what, alert=alert.pk, rule="taken")])
    queue_once(planned)


def _addresses_that_know(alert: Alert) -> set[str]:
    """Return those of who has taken it, and those that heard so of another organisation's alert.

    The directory may hold one telephone under two people, one for each organisation.
    """
    of_incident = Notification.objects.filter(incident=alert.incident_id)
    own = Q(recipient=alert.taken_by)
    told = Q(kind=NotificationKind.TAKEN, dedup_key__startswith=_key(alert))
    rows = of_incident.filter(own | told).values_list("address", flat=True)
    return {address.lower() for address in rows}


def _key(alert: Alert) -> str:
    return f"taken-{alert.incident_id}-{alert.opened_revision}-{alert.taken_by}-"


def _one_for_each(told: Iterable[Notification]) -> list[Notification]:
    """Return one notification for each person and address, by SMS where there is one."""
    by_person: dict[str, Notification] = {}
    by_address: set[str] = set()
    usable = [n for n in told if n.channel in _PREFERENCE]
    for n in sorted(usable, key=lambda n: _PREFERENCE.index(Channel(n.channel))):
        if n.recipient not in by_person and n.address.lower() not in by_address:
            by_person[n.recipient] = n
            by_address.add(n.address.lower())
    return list(by_person.values())


def _planned(alert: Alert, told: Notification, texts: Texts) -> PlannedNotification:
    return PlannedNotification(
        kind=NotificationKind.TAKEN,
        source=alert.incident.source,
        incident_id=alert.incident_id,
        alert=alert,
        revision=alert.revision,
        channel=Channel(told.channel),
        address=told.address,
        recipient=told.recipient,
        title=told.title,
        # It keeps a second person from setting out: it must not wait behind anything.
        lane=Lane.URGENT,
        expires_at=max(alert.expires_at, timezone.now()),
        **wording(texts, Channel(told.channel), alert, told.recipient),
        # Of two organisations whose texts one person read, the second says nothing new.
        dedup_key=f"{_key(alert)}{told.recipient}",
    )
