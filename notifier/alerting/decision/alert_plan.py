"""What one organisation gets of a report, as planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from notifier.alerting.content.composer import Texts
from notifier.alerting.decision.ruling import OrganisationRuling
from notifier.alerting.models import Alert, Notification
from notifier.alerting.notification.planned import KnownNotification, PlannedNotification


@dataclass(frozen=True)
class AlertPlan:
    """What one organisation gets of a report, and why; or why it gets nothing."""

    organisation_ruling: OrganisationRuling
    alert: Alert | None = None
    """As it will stand; None where the organisation gets nothing."""
    texts: Texts | None = None
    notifications: list[PlannedNotification] = field(default_factory=list)
    known: Sequence[KnownNotification] = ()
    """What is not sent, for its readers get the text of another organisation."""
    to_former: Sequence[Notification] = ()
    """The earlier notifications of former recipients."""
    unreachable_reason: str | None = None
    """Why it reaches nobody, or no telephone; in French."""
    alarms_duty: bool = True
    """Whether the duty officer is told so."""

    @property
    def is_known_already(self) -> bool:
        """Whether all of its recipients get the text of another organisation."""
        return bool(self.known) and not self.notifications
