"""When nobody of a commune can be told, a person at dispatch's own groupement is."""

from datetime import timedelta

import structlog
from django.utils import timezone

from notifier.alerting.letters import facts_told_now
from notifier.alerting.models import Alert
from notifier.alerting.wording import composer
from notifier.delivery.models import Channel, Lane
from notifier.delivery.outbox import Letter

log = structlog.get_logger(__name__)

LIFETIME = timedelta(hours=24)
TOPIC_PREFIX = "duty-"


def letter_to_duty(alert: Alert, why: str) -> list[Letter]:
    """The e-mail to the source's duty address; none, loudly, if the source has no such address."""
    duty_email = alert.intervention.source.duty_email
    if not duty_email:
        log.error("nobody told and no duty address", alert=alert.pk, commune=alert.commune)
        return []
    subject, body = composer().unreached(facts_told_now(alert.facts), why)
    return [
        Letter(
            topic=f"{TOPIC_PREFIX}{alert.pk}",
            revision=alert.revision,
            channel=Channel.EMAIL,
            address=duty_email,
            body=body,
            subject=subject,
            lane=Lane.URGENT,
            expires_at=timezone.now() + LIFETIME,
            thread=alert.thread,
            recipient="duty",
            title="permanence du groupement",
        )
    ]
