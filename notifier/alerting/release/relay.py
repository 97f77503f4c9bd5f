"""Relay to a quarter: what its residents may read leaves once a person releases it."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from notifier.alerting.models import Alert, DeferralReason, Notification, NotificationState
from notifier.alerting.notification.journal import alert_entry
from notifier.alerting.policy.terms import parse_terms
from notifier.journal.models import Step
from notifier.journal.write import write_entries


def waiting_relays(incident_id: int) -> list[Alert]:
    """Return the alerts of an incident of which something waits for a person, the oldest first."""
    waiting = _waiting().filter(incident=incident_id)
    return list(Alert.objects.filter(pk__in=waiting.values("alert")).order_by("pk"))


def relays_under(rules: Collection[int], alerts: QuerySet[Alert]) -> list[Alert]:
    """Return those of the alerts that wait for a person and are told under one of the rules."""
    waiting = alerts.filter(pk__in=_waiting().values("alert")).select_related("incident")
    wanted = set(rules)
    return [
        alert
        for alert in waiting.order_by("pk")
        if not wanted.isdisjoint(parse_terms(alert.terms).rules)
    ]


def relay(alert: Alert, who: str) -> int:
    """Release what waits of the alert, in the name of `who`; return to how many addresses.

    The next sweep sends it, as the alert then stands.
    """
    with transaction.atomic():
        released = (
            _waiting().filter(alert=alert).update(released_by=who, deferred_until=timezone.now())
        )
        if released:
            what = f"relais décidé par {who}, {released} adresse{'s' if released > 1 else ''}"
            write_entries([alert_entry(alert, Step.DECIDED, what, alert=alert.pk, rule="relay")])
    return released


def _waiting() -> QuerySet[Notification]:
    return Notification.objects.filter(
        state=NotificationState.DEFERRED,
        reason=DeferralReason.RELAY,
        released_by="",
        expires_at__gt=timezone.now(),
    )
