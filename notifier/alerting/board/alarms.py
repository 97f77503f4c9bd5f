"""When the duty officer was alarmed about alerts, and for want of what: from the rows alone."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from notifier.alerting.escalation.duty_alarm import Want, parse_alarm_key
from notifier.alerting.models import Alert, Notification, NotificationKind

IN_WORDS = {
    Want.UNANSWERED: "personne n’a répondu, plus personne à prévenir",
    Want.ENDED: "périmée sans réponse",
    Want.CONTESTED: "pour décider de la commune",
}
# A mail and a call of one alarm are planned together.
_TOGETHER = timedelta(seconds=2)
_ASKS = re.compile(r"review-[0-9a-f]{32}-contested-")


@dataclass(frozen=True)
class Alarm:
    """One alarm: a mail, a call or both."""

    at: datetime
    want: Want

    @property
    def in_words(self) -> str:
        """Say in French for want of what it was."""
        return IN_WORDS[self.want]


@dataclass(frozen=True)
class Alarms:
    """The alarms about several alerts, read together."""

    _of_alert: Mapping[tuple[int, int], Sequence[Alarm]] = field(default_factory=dict)
    """By alert and the revision at which it was opened."""
    _asked: Mapping[int, Sequence[datetime]] = field(default_factory=dict)
    """When a mail asked where it is, by incident."""

    def of(self, alert: Alert, contested_at: datetime | None) -> list[Alarm]:
        """Return those about one alert since it was opened, the oldest first.

        `contested_at`: when a reader first said that it is elsewhere.
        """
        alarms = list(self._of_alert.get((alert.pk, alert.opened_revision), ()))
        if contested_at:
            asked = self._asked.get(alert.incident_id, ())
            alarms += [Alarm(at, Want.CONTESTED) for at in asked if at >= contested_at]
        return list(_each_once(sorted(alarms, key=lambda alarm: alarm.at)))


def read_alarms(alerts: Iterable[Alert]) -> Alarms:
    """Read the alarms about these alerts. One statement."""
    of_alert: defaultdict[tuple[int, int], list[Alarm]] = defaultdict(list)
    asked: defaultdict[int, list[datetime]] = defaultdict(list)
    rows = Notification.objects.filter(
        incident__in={alert.incident_id for alert in alerts},
        recipient="duty",
        kind__in=(NotificationKind.DUTY, NotificationKind.REVIEW),
    )
    for incident, key, at in rows.values_list("incident", "dedup_key", "created_at"):
        if parsed := parse_alarm_key(key):
            want, alert_id, opened_revision = parsed
            of_alert[alert_id, opened_revision].append(Alarm(at, want))
        elif _ASKS.match(key):
            asked[incident].append(at)
    return Alarms(of_alert, asked)


def _each_once(alarms: Sequence[Alarm]) -> Iterable[Alarm]:
    before: Alarm | None = None
    for alarm in alarms:
        if before is None or alarm.want != before.want or alarm.at - before.at > _TOGETHER:
            yield alarm
        before = alarm
