"""Until when, and for whom, an alert is read and answered by its link."""

from datetime import datetime, timedelta

from django.utils import timezone

from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert
from notifier.alerting.notification.recipients import recipient_key
from notifier.alerting.policy.expiry import CLOSING_LIFETIME
from notifier.directory.models import OrganisationRef
from notifier.directory.recipients import orders_of_telling

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


def is_of_organisation(recipient: str, ref: OrganisationRef) -> bool:
    """Return whether the recipient has a mandate in the organisation now, absent or not."""
    order = orders_of_telling([ref], timezone.now())[ref]
    people = [placed.person for placed in order.placed]
    people += [passed.person for passed in order.passed_over]
    return any(recipient_key(person) == recipient for person in people)
