"""Begin and record a person's action: under the incident's lock, with who and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.db import transaction
from django.utils import timezone

from notifier.alerting.decision.apply import PlanOutdatedError
from notifier.alerting.escalation.failover import store_throttled
from notifier.alerting.models import (
    ActionKind,
    Alert,
    DeferralReason,
    ManualAction,
    Notification,
    NotificationState,
)
from notifier.alerting.notification.journal import recipients_in_words
from notifier.alerting.notification.planned import PlannedNotification
from notifier.alerting.throttling.limits import UsageChangedError
from notifier.intake.incident import lock_incident
from notifier.intake.models import Report

T = TypeVar("T")

# How often a plan may turn out outdated.
MAX_PLANS = 3


class ManualActionError(Exception):
    """It cannot be done. The message is French, for the person who acts."""


@dataclass(frozen=True)
class Actor:
    """Who acts, and why; the reason is kept beside the journal."""

    who: str
    why: str


def act(incident_id: int, actor: Actor, action: Callable[[list[Report]], T]) -> T:
    """Do the action in one transaction, given the incident's reports, locked, by sequence.

    Raises ManualActionError without a reason, and what the action raises.
    """
    if not actor.why.strip():
        raise ManualActionError("dites pourquoi : c’est gardé avec l’intervention, hors du journal")
    for plans_left in reversed(range(MAX_PLANS)):
        try:
            with transaction.atomic():
                return action(lock_incident(incident_id))
        except (PlanOutdatedError, UsageChangedError):
            if not plans_left:
                raise
    raise AssertionError


def locked_alert(alert_id: int, reports: list[Report]) -> Alert:
    """Return the alert of the incident of these reports, locked until commit."""
    incident = reports[0].incident
    rows = Alert.objects.select_related("report").select_for_update(of=("self",))
    alert = rows.get(pk=alert_id, incident=incident.pk)
    alert.incident = incident
    return alert


def record(incident_id: int, kind: ActionKind, actor: Actor, title: str = "") -> None:
    """Keep who did it and why, in the caller's transaction."""
    ManualAction.objects.create(
        incident_id=incident_id,
        kind=kind,
        who=actor.who,
        why=actor.why,
        title=title,
        at=timezone.now(),
    )


def send_now(
    alert: Alert, planned: Sequence[PlannedNotification], earlier: dict[int, list[Notification]]
) -> str:
    """Queue the texts as for a decision; say to whom they go, and why they wait if they do."""
    store_throttled(planned, earlier)
    whom = recipients_in_words(planned)
    waiting = Notification.objects.filter(
        alert=alert.pk,
        state=NotificationState.DEFERRED,
        address__in=[n.address for n in planned],
    ).first()
    return f"{whom}, retenu : {DeferralReason(waiting.reason).label}" if waiting else whom
