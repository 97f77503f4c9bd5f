"""SMS quotas of sources: find what has room again, report quotas reached, mark as released.

A source's quota defers routine SMS; its hard quota everything, urgent texts and mails too, until a
person releases it. Segments are counted as messages are queued
(notifier.alerting.throttling.limits).
"""

import structlog
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from notifier.alerting.content.template_names import MAX_SEGMENTS
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
    if not QuotaUsage.objects.filter(day=today()).exists():
        return
    _report(DeferralReason.QUOTA, "alarmed_at", "SMS quota reached, routine SMS are deferred")
    _report(
        DeferralReason.HARD_QUOTA,
        "hard_alarmed_at",
        "hard quota reached, urgent texts are deferred as well",
    )


def _report(reason: DeferralReason, alarmed_at: str, what: str) -> None:
    unreported = reached_today(reason).filter(**{alarmed_at: None})
    for usage in unreported.select_related("source"):
        quota = getattr(usage.source, QUOTAS[reason])
        with transaction.atomic():
            unreported_usage = QuotaUsage.objects.filter(pk=usage.pk, **{alarmed_at: None})
            is_first = unreported_usage.update(**{alarmed_at: timezone.now()})
            if is_first:
                is_hard = reason is DeferralReason.HARD_QUOTA
                queue_duty_mails([quota_mail(usage, quota, is_hard=is_hard)])
        if is_first:
            log.error(what, source=usage.source.name, segments=usage.segments, quota=quota)


def mark_all_released(source: Source, who: str) -> int:
    """Mark all that a quota of the source defers as released; return how many notifications.

    The next sweep sends them, as their alerts then stand, whatever they cost.
    """
    return mark_released(Notification.objects.filter(source=source), who)


def mark_released(notifications: QuerySet[Notification], who: str) -> int:
    """Mark those that a quota defers as released by `who`, due now; return how many."""
    with transaction.atomic():
        deferred = notifications.filter(
            state=NotificationState.DEFERRED, reason__in=QUOTAS, released_by=""
        )
        rows = list(deferred.select_for_update().values_list("pk", "incident_id"))
        Notification.objects.filter(
            pk__in=[pk for pk, _ in rows], state=NotificationState.DEFERRED
        ).update(released_by=who, deferred_until=timezone.now())
        text = f"Texte retenu par le plafond, libéré par {who}."
        write_entries(
            new_entry(incident_id, Step.HELD, text, notification=pk) for pk, incident_id in rows
        )
    return len(rows)


def _deferred_by(reason: DeferralReason) -> QuerySet[Notification]:
    return Notification.objects.filter(state=NotificationState.DEFERRED, reason=reason)
