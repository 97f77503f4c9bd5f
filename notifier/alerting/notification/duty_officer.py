"""A commune that cannot be told, or cannot be named: a person at dispatch's groupement is told."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import structlog
from django.db.models import Q
from django.utils import timezone

from notifier.alerting.models import Alert, FanOut, Spending
from notifier.alerting.notification.messages import facts_told_now
from notifier.alerting.policy.current import composer
from notifier.delivery.models import EXEMPT, Channel, Lane, Message
from notifier.delivery.outbox import OutgoingMessage
from notifier.intake.models import Source
from notifier.territory.grammar import with_de

log = structlog.get_logger(__name__)

LIFETIME = timedelta(hours=24)
UNREACHED_TOPIC, REVIEW_TOPIC, CAP_TOPIC, PAUSE_TOPIC = "duty-", "review-", "cap-", "pause-"
FAN_OUT_TOPIC = "fanout-"
# What is nobody's alert: it has no next person to go to.
TO_DUTY = (UNREACHED_TOPIC, REVIEW_TOPIC, CAP_TOPIC, PAUSE_TOPIC, FAN_OUT_TOPIC)
# How many alerts a mail lists by name.
MAX_LISTED = 200
TITLE = "permanence du groupement"


def letter_to_duty(alerts: Sequence[Alert], why: str, about: str = "") -> list[OutgoingMessage]:
    """One e-mail to the source's duty address for all of these alerts of one report.

    None without an alert; none, loudly, if the source has no such address. `about`: what it is
    about when that is more than these alerts; told once.
    """
    if not alerts:
        return []
    first = alerts[0]
    duty_email = first.incident.source.duty_email
    if not duty_email:
        codes = [alert.commune for alert in alerts]
        log.error("nobody told and no duty address", alert=first.pk, communes=codes)
        return []
    communes = [_as_listed(alert) for alert in alerts]
    subject, body = composer().unreached(facts_told_now(first.facts), communes, why)
    return [
        mail_to_duty(
            duty_email,
            topic=f"{UNREACHED_TOPIC}{about or first.pk}",
            revision=1 if about else first.revision,
            incident_id=first.incident_id,
            subject=subject,
            body=body,
        )
    ]


def letter_about_cap(spending: Spending, cap: int, *, is_hard: bool) -> list[OutgoingMessage]:
    """The e-mail that a source has come to its cap of the day; none, loudly, without an address."""
    source = spending.source
    subject, body = composer().cap(source.name, cap, is_hard=is_hard)
    which = "hard-" if is_hard else ""
    return _letter(source, f"{CAP_TOPIC}{which}{source.pk}-{spending.day}", subject, body)


def letter_about_fan_out(episode: FanOut, usual: int, within: timedelta) -> list[OutgoingMessage]:
    """The e-mail that a source tells unusually many communes; none, loudly, without an address."""
    source, minutes = episode.source, int(within.total_seconds() // 60)
    subject, body = composer().fan_out(source.name, episode.alerts, usual, minutes)
    return _letter(source, f"{FAN_OUT_TOPIC}{episode.pk}", subject, body)


def letters_about_pause(expired: Iterable[Message]) -> list[OutgoingMessage]:
    """To each source's duty one e-mail of all that has expired while sending was paused.

    None, loudly, to a source without an address.
    """
    topics = {message.topic for message in expired}
    alerts = Q(pk__in=[int(topic) for topic in topics if topic.isdecimal()])
    alerts |= Q(held__told_in__in=[topic for topic in topics if not topic.isdecimal()])
    by_source: defaultdict[Source, list[Alert]] = defaultdict(list)
    for alert in Alert.objects.filter(alerts).distinct().select_related("incident__source"):
        by_source[alert.incident.source].append(alert)
    letters = []
    for source, theirs in by_source.items():
        listed = [f"{_as_listed(a)} : réf. {a.incident.reference}" for a in theirs[:MAX_LISTED]]
        subject, body = composer().pause(source.name, listed, len(theirs))
        topic = f"{PAUSE_TOPIC}{source.pk}-{timezone.now():%Y%m%d%H%M%S%f}"
        letters += _letter(source, topic, subject, body)
    return letters


def _letter(source: Source, topic: str, subject: str, body: str) -> list[OutgoingMessage]:
    """To the source's duty, about no incident; none, loudly, without an address."""
    if not source.duty_email:
        log.error("no duty address", source=source.name, about=topic)
        return []
    return [
        mail_to_duty(source.duty_email, topic=topic, incident_id=None, subject=subject, body=body)
    ]


def mail_to_duty(
    address: str,
    *,
    topic: str,
    incident_id: int | None,
    subject: str,
    body: str,
    revision: int = 1,
    expires_at: datetime | None = None,
) -> OutgoingMessage:
    """Address a mail to the duty: urgent, past every pause, worth reading for LIFETIME.

    `expires_at` is aware and says otherwise.
    """
    return OutgoingMessage(
        topic=topic,
        revision=revision,
        channel=Channel.EMAIL,
        address=address,
        body=body,
        subject=subject,
        lane=Lane.URGENT,
        expires_at=expires_at or timezone.now() + LIFETIME,
        incident_id=incident_id,
        recipient="duty",
        source=EXEMPT,
        title=TITLE,
    )


def _as_listed(alert: Alert) -> str:
    """The commune, and where it happens when that is next door: "Joncherey, voisine de Delle"."""
    next_to = alert.facts.get("next_to")
    return f"{alert.commune_name}, voisine {with_de(next_to)}" if next_to else alert.commune_name
