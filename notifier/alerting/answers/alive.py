"""Until when an alert is read and answered by its link."""

from datetime import datetime, timedelta

from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert
from notifier.alerting.policy.expiry import CLOSING_LIFETIME

# After what an alert is of use for, and after its end: who opens it late learns that it is over.
READ_AFTER = timedelta(hours=2)


def readable_until(alert: Alert) -> datetime:
    """Return until when its link opens it (aware)."""
    is_over = not alert.is_open and Kind(alert.kind).closes
    useful_until = alert.expires_at - CLOSING_LIFETIME if is_over else alert.expires_at
    return useful_until + READ_AFTER


def takes_answers(alert: Alert, now: datetime) -> bool:
    """Return whether people answer it still: until its end, or its link opens nothing any more."""
    return alert.is_open and now <= readable_until(alert)
