"""Keep what would be released within its reader's quiet hours until they end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from notifier.alerting.models import DeferralReason, Notification, NotificationState
from notifier.alerting.notification.history import alert_of
from notifier.alerting.notification.journal import deferral_in_words, notification_entries
from notifier.alerting.notification.planned import Deferral, readable_after_quiet
from notifier.alerting.notification.recipients import person_of
from notifier.alerting.release.send import expires_at, lane_of
from notifier.delivery.models import Channel, Lane
from notifier.directory.preferences import quiet_until_by_person
from notifier.journal.models import Step
from notifier.journal.write import write_entries


def keep_quiet(rows: Sequence[Notification], now: datetime) -> bool:
    """Defer the rows of one address further, if all its readers want quiet; return whether.

    What is urgent, is read in a mailbox, or was released by a person leaves.
    """
    first = rows[0]
    is_text = first.channel == Channel.SMS
    if not is_text or lane_of(rows) is Lane.URGENT or any(row.released_by for row in rows):
        return False
    people = {person for row in rows if (person := person_of(row.recipient)) is not None}
    zone = ZoneInfo(alert_of(first).facts["time_zone"])
    ends = quiet_until_by_person(people, zone, now).values() if people else []
    until = min((end for end in ends if end), default=None)
    if until is None or not all(ends):
        return False
    for row in rows:
        Notification.objects.filter(pk=row.pk, state=NotificationState.DEFERRED).update(
            reason=DeferralReason.QUIET,
            deferred_until=until,
            expires_at=readable_after_quiet(expires_at(row), until),
        )
    newly = [row for row in rows if row.reason != DeferralReason.QUIET]
    what = deferral_in_words(Deferral(DeferralReason.QUIET, until), zone)
    write_entries(notification_entries(newly, Step.HELD, what))
    return True
