"""Plan mails to the duty officer of a source: an organisation not reached, a quota, a pause.

Each is sent once, by its dedup key. One to a source without an address is planned as well, and is
an error where it is queued (notifier.alerting.notification.store).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from notifier.alerting.models import Alert, FanOut, NotificationKind, QuotaUsage
from notifier.alerting.notification.planned import PlannedNotification
from notifier.alerting.notification.text_facts import parse_facts
from notifier.alerting.policy.current import composer
from notifier.delivery.models import Channel, Lane, Message
from notifier.directory.availability import makes_calls
from notifier.intake.models import Source
from notifier.territory.grammar import with_de

LIFETIME = timedelta(hours=24)
# Later somebody has read the mail, or it is of no more use to be woken for.
CALL_LIFETIME = timedelta(minutes=30)
# How many alerts a mail lists by name.
MAX_LISTED = 200
TITLE = "permanence du groupement"


def not_reached_mail(alerts: Sequence[Alert], why: str, dedup_key: str = "") -> PlannedNotification:
    """Plan one mail for all of these alerts of one source: nobody is reached, or nobody by SMS.

    `why` is in French. `dedup_key` says what the mail is about where that is not the first alert's
    present revision.
    """
    first = alerts[0]
    subject, body = composer().unreached(
        parse_facts(first.facts), [_as_listed(alert) for alert in alerts], why
    )
    of_first = f"{first.incident_id}-{first.organisation if not first.terms else first.ref}"
    keys = [f"unreached-{of_first}-{number}" for number in range(1, first.revision + 1)]
    return duty_mail(
        NotificationKind.DUTY,
        first.incident.source,
        dedup_key=f"unreached-{dedup_key}" if dedup_key else keys[-1],
        supersedes=() if dedup_key else tuple(keys[:-1]),
        incident_id=first.incident_id,
        revision=first.revision,
        subject=subject,
        body=body,
    )


def quota_mail(usage: QuotaUsage, quota: int, *, is_hard: bool) -> PlannedNotification:
    """Plan the mail saying that a source has reached its quota of the day."""
    source = usage.source
    subject, body = composer().quota(source.name, quota, is_hard=is_hard)
    which = "hard-quota" if is_hard else "quota"
    key = f"{which}-{source.pk}-{usage.day}"
    return duty_mail(NotificationKind.QUOTA, source, dedup_key=key, subject=subject, body=body)


def fan_out_mail(episode: FanOut, threshold: int, within: timedelta) -> PlannedNotification:
    """Plan the mail saying that a source alerts more than `threshold` communes within this time."""
    source, minutes = episode.source, int(within.total_seconds() // 60)
    subject, body = composer().fan_out(source.name, episode.alerts, threshold, minutes)
    key = f"fan-out-{episode.pk}"
    return duty_mail(NotificationKind.QUOTA, source, dedup_key=key, subject=subject, body=body)


def pause_mails(expired: Iterable[Message]) -> list[PlannedNotification]:
    """Plan one mail to each source's duty officer about what expired while sending was paused."""
    alerts = Alert.objects.filter(notification__message__in=[message.pk for message in expired])
    by_source: defaultdict[Source, list[Alert]] = defaultdict(list)
    for alert in alerts.distinct().select_related("incident__source"):
        by_source[alert.incident.source].append(alert)
    mails = []
    for source, own in by_source.items():
        listed = [f"{_as_listed(a)} : réf. {a.incident.reference}" for a in own[:MAX_LISTED]]
        subject, body = composer().pause(source.name, listed, len(own))
        key = f"pause-{source.pk}-{timezone.now():%Y%m%d%H%M%S%f}"
        mails.append(
            duty_mail(NotificationKind.QUOTA, source, dedup_key=key, subject=subject, body=body)
        )
    return mails


def duty_mail(
    kind: NotificationKind,
    source: Source,
    *,
    dedup_key: str,
    subject: str,
    body: str,
    incident_id: int | None = None,
    revision: int = 1,
    supersedes: tuple[str, ...] = (),
    expires_at: datetime | None = None,
) -> PlannedNotification:
    """Address a mail to the duty officer: urgent, past every pause.

    It expires after LIFETIME, or at `expires_at` (aware).
    """
    return PlannedNotification(
        kind=kind,
        source=source,
        incident_id=incident_id,
        alert=None,
        revision=revision,
        channel=Channel.EMAIL,
        address=source.duty_email,
        recipient="duty",
        title=TITLE,
        lane=Lane.URGENT,
        expires_at=expires_at or timezone.now() + LIFETIME,
        subject=subject,
        body=body,
        dedup_key=dedup_key,
        supersedes=supersedes,
    )


def duty_call(
    source: Source, *, dedup_key: str, incident_id: int, revision: int, body: str
) -> PlannedNotification | None:
    """Address a call to the duty officer that says `body`: urgent, past every pause.

    None where the source has no telephone, or the service no number to call from.
    """
    if not source.duty_phone or not makes_calls():
        return None
    return PlannedNotification(
        kind=NotificationKind.DUTY,
        source=source,
        incident_id=incident_id,
        alert=None,
        revision=revision,
        channel=Channel.VOICE,
        address=source.duty_phone,
        recipient="duty",
        title=TITLE,
        lane=Lane.URGENT,
        expires_at=timezone.now() + CALL_LIFETIME,
        body=body,
        dedup_key=dedup_key,
    )


def _as_listed(alert: Alert) -> str:
    """Name the organisation, and where it happens: "Joncherey, voisine de Delle"."""
    next_to = alert.facts.get("next_to")
    name = alert.organisation_name
    if alert.terms:
        return f"{name} ({alert.facts['commune']})"
    return f"{name}, voisine {with_de(next_to)}" if next_to else name
