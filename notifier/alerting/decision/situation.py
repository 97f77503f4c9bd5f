"""Read what a plan goes by besides the rulings: people, notifications so far, limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from notifier.alerting.decision.rulings import RuledReport
from notifier.alerting.models import Notification
from notifier.alerting.notification.history import notifications_of
from notifier.alerting.policy.terms import addressing
from notifier.alerting.throttling.limits import Limits, read_limits
from notifier.delivery.models import Channel, Lane
from notifier.directory.models import OrganisationRef
from notifier.directory.recipients import Recipient, active_people


@dataclass(frozen=True)
class Situation:
    """What is known when a plan is made."""

    now: datetime
    people: dict[OrganisationRef, list[Recipient]]
    """The active people of each organisation."""
    earlier: dict[int, list[Notification]]
    """The notifications so far by alert."""
    limits: Limits


def read_situation(
    ruled: Sequence[RuledReport], *, lock: bool, at: datetime | None = None
) -> Situation:
    """Read the people active at `at` (now, if nothing is said), the notifications so far, limits.

    `lock`: what is deferred, and today's quotas, are locked until commit. One statement for first
    alerts of sources without a quota.
    """
    notifying = [report for report in ruled if report.notifying]
    rulings = [ruling for report in notifying for ruling in report.notifying]
    now = at or timezone.now()
    people = active_people({ruling.organisation for ruling in rulings}, now)
    alert_ids = [alert.pk for report in notifying for alert in report.alerts]
    earlier = notifications_of(*alert_ids, lock=lock)
    routine_addresses = {
        address
        for report in notifying
        for ruling in report.notifying
        if addressing(ruling.category, ruling.terms).lane is Lane.ROUTINE
        for person in people[ruling.organisation]
        for channel, address in person.addresses.items()
        # Nothing routine calls anybody.
        if channel != Channel.VOICE
    }
    sources = [report.report.source for report in notifying]
    return Situation(now, people, earlier, read_limits(routine_addresses, sources, lock=lock))
