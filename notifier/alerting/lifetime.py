"""Until when a text can still help its reader."""

from datetime import datetime, timedelta

from notifier.alerting.categories import Category
from notifier.intake.models import Intervention
from notifier.intake.words import Status

# An end or a cancellation is still worth reading long after the alert itself has expired.
CLOSING_LIFETIME = timedelta(hours=12)
# Of a doubt whose category is not in the configuration.
REVIEW_LIFETIME = timedelta(hours=2)


def useful_until(intervention: Intervention, category: Category | None) -> datetime:
    """Until when what it reports helps: its category's lifetime, or less where the source says so.

    From the reception on: what waited through an outage, or for a decision, may be past its time.
    """
    lifetime = category.lifetime if category else REVIEW_LIFETIME
    until = intervention.received_at + lifetime
    is_over = intervention.status in (Status.CLOSED, Status.CANCELLED)
    if is_over or intervention.expires_at is None:
        return until
    return min(until, intervention.expires_at)


def closing_until(intervention: Intervention) -> datetime:
    """Until when its end or cancellation is worth reading."""
    return intervention.received_at + CLOSING_LIFETIME
