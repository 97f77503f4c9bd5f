"""SMS quotas of sources: find what has room again, report quotas reached, release by hand.

A source's quota defers routine SMS; its hard quota everything, urgent texts and mails too, until a
person releases it. Segments are counted as messages are queued
(notifier.alerting.throttling.limits).
"""

import structlog
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from notifier.alerting.content.composer import MAX_SEGMENTS
from notifier.alerting.models import (
    DeferralReason,
    Notification,
    NotificationState,
    QuotaUsage,
)
from notifier.alerting.notification.duty_officer import quota_mail
from notifier.alerting.notification.store import queue_duty_mails
from notifier.alerting.throttling.limits import today
from notifier.intake.models import Source
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

log = structlog.get_logger(__name__)

# By the reason of a deferral: the field of the source that holds the quota.
QUOTAS = {DeferralReason.QUOTA: "sms_cap", DeferralReason.HARD_QUOTA: "hard_cap"}


def with_room() -> Q:
    """Select, of deferred notifications, those whose quota has room for any message again."""
    selected = Q(pk__in=[])
    for reason, quota in QUOTAS.items():
        waiting = _deferred_by(reason).values("source")
        full = QuotaUsage.objects.filter(
            day=today(), source__in=waiting, segments__gt=F(f"source__{quota}") - MAX_SEGMENTS
        )
        selected |= Q(reason=reason) & ~Q(source__in=full.values("source"))
    return selected


def reached_today(reason: DeferralReason = DeferralReason.QUOTA) -> QuerySet[QuotaUsage]:
    """Select today's usage of the sources at their quota, or with notifications deferred by it."""
    at_quota = Q(segments__gte=F(f"source__{QUOTAS[reason]}"))
    return QuotaUsage.objects.filter(
        at_quota | Q(source__in=_deferred_by(reason).values("source")), day=today()
    )


def report_reached() -> None:
    """Report each source at a quota to its duty officer and the log, once a day."""
    _report(DeferralReason.QUOTA, "alarmed_at", "SMS cap reached, routine SMS are held")
    _report(
        DeferralReason.HARD_QUOTA,
        "hard_alarmed_at",
        "hard cap reached, urgent texts are held as well",
    )


def _report(reason: DeferralReason, alarmed_at: str, what: str) -> None:
    unreported = reached_today(reason).filter(**{alarmed_at: None})
    for usage in unreported.select_related("source"):
        quota = getattr(usage.source, QUOTAS[reason])
        with transaction.atomic():
            mine = QuotaUsage.objects.filter(pk=usage.pk, **{alarmed_at: None})
            is_mine = mine.update(**{alarmed_at: timezone.now()})
            if is_mine:
                is_hard = reason is DeferralReason.HARD_QUOTA
                queue_duty_mails([quota_mail(usage, quota, is_hard=is_hard)])
        if is_mine:
            log.error(what, source=usage.source.name, segments=usage.segments, cap=quota)


def release_all(source: Source, who: str) -> int:
    """Release all that a quota of the source defers, and return how many notifications that is.

    The next sweep sends them, as their alerts then stand, whatever they cost.
    """
    return release(Notification.objects.filter(source=source), who)


def release(notifications: QuerySet[Notification], who: str) -> int:
    """Release those of the notifications that a quota defers, and return how many there were."""
    with transaction.atomic():
        deferred = notifications.filter(
            state=NotificationState.DEFERRED, reason__in=QUOTAS, released_by=""
        )
        mine = list(deferred.select_for_update().values_list("pk", "incident_id"))
        Notification.objects.filter(
            pk__in=[pk for pk, _ in mine], state=NotificationState.DEFERRED
        ).update(released_by=who, deferred_until=timezone.now())
        text = f"Texte retenu par le plafond, libéré par {who}."
        write_entries(
            new_entry(incident_id, Step.HELD, text, notification=pk) for pk, incident_id in mine
        )
    return len(mine)


def _deferred_by(reason: DeferralReason) -> QuerySet[Notification]:
    return Notification.objects.filter(state=NotificationState.DEFERRED, reason=reason)
