"""Mail whoever administers an organisation that its rota will have a time without anybody."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from notifier.alerting.administrators import administrator_mail, mailboxes_of_organisation
from notifier.alerting.links import console_url
from notifier.alerting.models import RotaGapNotice
from notifier.alerting.policy.current import composer
from notifier.delivery.outbox import enqueue_messages
from notifier.directory.models import Organisation
from notifier.directory.on_call.gaps import organisations_with_rota, unplanned_gap
from notifier.directory.on_call.shifts import Gap
from notifier.moments import weekday_moment

log = structlog.get_logger(__name__)

WITHIN = timedelta(days=30)
NEAR = timedelta(days=3)
INTERVAL = timedelta(weeks=1)


def report_rota_gaps() -> None:
    """Mail each gap of the next 30 days: weekly at most, and once more in its last three days.

    May run anywhere, any number of times at once.
    """
    now = timezone.now()
    for organisation in organisations_with_rota(now).order_by("pk"):
        try:
            _look_at(organisation, now)
        except Exception:  # it must not hold up the others
            log.exception("rota cannot be looked at", organisation=str(organisation.ref))


def _look_at(organisation: Organisation, now: datetime) -> None:
    gap = unplanned_gap(organisation, now, WITHIN)
    is_near = gap is not None and gap.starts_at <= now + NEAR
    notices = RotaGapNotice.objects.filter(organisation=organisation)
    if not is_near:
        # The last days before another one are told anew.
        notices.filter(was_near=True).update(was_near=False)
    if gap is None:
        return
    RotaGapNotice.objects.get_or_create(organisation=organisation)
    due = Q(told_at=None) | Q(told_at__lte=now - INTERVAL)
    if is_near:
        due |= Q(was_near=False)
    with transaction.atomic():
        if notices.filter(due).update(told_at=now, was_near=is_near):
            _tell(organisation, gap, now, is_near=is_near)


def _tell(organisation: Organisation, gap: Gap, now: datetime, *, is_near: bool) -> None:
    addresses = mailboxes_of_organisation(organisation)
    if not addresses:
        log.error(
            "nobody who administers it has an e-mail, its rota has a gap",
            organisation=str(organisation.ref),
        )
        # Somebody may have one by the next round.
        transaction.set_rollback(True)
        return
    subject, body = composer().rota_gap(_facts(organisation, gap, is_near=is_near))
    enqueue_messages(administrator_mail(address, subject, body, now) for address in addresses)


def _facts(organisation: Organisation, gap: Gap, *, is_near: bool) -> dict[str, object]:
    zone = organisation.zone_info
    ref = organisation.ref
    return {
        "organisation": organisation.name,
        "moment": weekday_moment(gap.starts_at.astimezone(zone)),
        "until": weekday_moment(gap.ends_at.astimezone(zone)) if gap.ends_at else "",
        "is_near": is_near,
        "link": console_url("console:organisation-calendar", ref.kind, ref.code),
    }
