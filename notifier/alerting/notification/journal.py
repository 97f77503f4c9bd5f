"""Word the journal entries about alerts and their notifications."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from notifier.alerting.models import Alert, DeferralReason, Notification
from notifier.alerting.notification.history import alert_of
from notifier.alerting.notification.planned import Deferral, NotificationPlan, PlannedNotification
from notifier.journal.models import Entry, Step
from notifier.journal.write import new_entry
from notifier.moments import written_hour


def alert_entry(
    alert: Alert, step: Step, what: str, /, *, message_id: int | None = None, **data: Any
) -> Entry:
    """Return the entry that says `what`, in French, of the alert's commune."""
    text = f"{alert.organisation_name} : {what}."
    return new_entry(alert.incident_id, step, text, message_id=message_id, **data)


def notification_entries(
    notifications: Iterable[Notification], step: Step, what: str
) -> list[Entry]:
    """Return for each notification the entry that says `what` of its alert's commune."""
    return [alert_entry(alert_of(n), step, what, notification=n.pk) for n in notifications]


def recipients_in_words(planned: Iterable[PlannedNotification]) -> str:
    """Name the recipients: "maire (SMS +33 6 •• •• •• 12), …"."""
    return ", ".join(f"{n.title} ({n.channel.label} {n.masked})" for n in planned)


def deferral_entries(plan: NotificationPlan) -> list[Entry]:
    """Return an entry for each alert, reason and hour of what does not leave at once."""
    joined = _by_alert([planned for planned, _ in plan.joined])
    entries = [
        _deferral_entry(alert, own, "s’ajoute à ce qui est déjà retenu") for alert, own in joined
    ]
    deferrals = dict.fromkeys(n.deferral for n in plan.deferred if n.deferral)
    for deferral in deferrals:
        alike = [n for n in plan.deferred if n.deferral == deferral]
        for alert, own in _by_alert(alike):
            zone = ZoneInfo(alert.facts["time_zone"])
            entries.append(_deferral_entry(alert, own, deferral_in_words(deferral, zone)))
    return entries


def _by_alert(
    planned: Iterable[PlannedNotification],
) -> list[tuple[Alert, list[PlannedNotification]]]:
    by_id: dict[int, tuple[Alert, list[PlannedNotification]]] = {}
    for notification in planned:
        alert = notification.alert
        if alert is not None:
            by_id.setdefault(id(alert), (alert, []))[1].append(notification)
    return list(by_id.values())


def deferral_in_words(deferral: Deferral, zone: ZoneInfo) -> str:
    """Say why a text waits and until when, in this time zone: "retenu jusqu’à 3 h 30"."""
    hour = written_hour(deferral.until.astimezone(zone)) if deferral.until else ""
    return {
        DeferralReason.STORM: f"retenu pour un récapitulatif à {hour}",
        DeferralReason.FLAPPING: f"reprise annoncée il y a peu, retenu jusqu’à {hour}",
        DeferralReason.QUOTA: "retenu, le plafond de SMS du jour est atteint",
        DeferralReason.HARD_QUOTA: "retenu, le plafond absolu de la source est atteint, "
        "une personne peut le libérer",
        DeferralReason.RELAY: "retenu, en attente d’un relais par une personne",
        DeferralReason.QUIET: f"heures calmes de son destinataire, retenu jusqu’à {hour}",
    }[deferral.reason]


def _deferral_entry(alert: Alert, planned: Iterable[PlannedNotification], what: str) -> Entry:
    whom = recipients_in_words(planned)
    return new_entry(alert.incident_id, Step.HELD, f"{whom} : {what}.", alert=alert.pk)
