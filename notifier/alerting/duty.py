"""A commune that cannot be told, or cannot be named: a person at dispatch's groupement is told."""

from datetime import timedelta

import structlog
from django.utils import timezone

from notifier.alerting.in_force import composer
from notifier.alerting.letters import facts_told_now
from notifier.alerting.models import Alert, Spending
from notifier.delivery.models import Channel, Lane
from notifier.delivery.outbox import Letter

log = structlog.get_logger(__name__)

LIFETIME = timedelta(hours=24)
UNREACHED_TOPIC, REVIEW_TOPIC, CAP_TOPIC = "duty-", "review-", "cap-"
# What is nobody's alert: it has no next person to go to.
TO_DUTY = (UNREACHED_TOPIC, REVIEW_TOPIC, CAP_TOPIC)
TITLE = "permanence du groupement"


def letter_to_duty(alert: Alert, why: str, about: str = "") -> list[Letter]:
    """The e-mail to the source's duty address; none, loudly, if the source has no such address.

    `about`: what it is about when that is more than this alert; told once.
    """
    duty_email = alert.intervention.source.duty_email
    if not duty_email:
        log.error("nobody told and no duty address", alert=alert.pk, commune=alert.commune)
        return []
    subject, body = composer().unreached(facts_told_now(alert.facts), why)
    return [
        Letter(
            topic=f"{UNREACHED_TOPIC}{about or alert.pk}",
            revision=1 if about else alert.revision,
            channel=Channel.EMAIL,
            address=duty_email,
            body=body,
            subject=subject,
            lane=Lane.URGENT,
            expires_at=timezone.now() + LIFETIME,
            thread=alert.thread,
            recipient="duty",
            title=TITLE,
        )
    ]


def letter_about_cap(spending: Spending) -> list[Letter]:
    """The e-mail that a source has come to its cap of the day; none, loudly, without an address."""
    source = spending.source
    if not source.duty_email:
        log.error("SMS cap reached and no duty address", source=source.name)
        return []
    subject, body = composer().cap(source.name, source.sms_cap or 0)
    topic = f"{CAP_TOPIC}{source.pk}-{spending.day}"
    return [
        Letter(
            topic=topic,
            revision=1,
            channel=Channel.EMAIL,
            address=source.duty_email,
            body=body,
            subject=subject,
            lane=Lane.URGENT,
            expires_at=timezone.now() + LIFETIME,
            # No intervention's: the source's own.
            thread=topic.replace("-", "/", 1),
            recipient="duty",
            title=TITLE,
        )
    ]
