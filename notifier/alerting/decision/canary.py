"""Send the text of an end-to-end test to the test number, once its report is decided."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.utils import timezone

from notifier.alerting.canary_source import LATE_AFTER, is_canary, run_of
from notifier.alerting.models import CANARY, CanaryRun
from notifier.alerting.policy.current import composer
from notifier.delivery.models import EXEMPT, Channel, Lane
from notifier.delivery.outbox import OutgoingMessage, enqueue_messages
from notifier.intake.models import Report
from notifier.moments import short_hour

TITLE = "numéro d’essai"


def text_test_number(reports: Iterable[Report]) -> None:
    """Queue the text of each report that is an end-to-end test, in the caller's transaction.

    No statement for any other.
    """
    for report in reports:
        if is_canary(report.source):
            _text(report)


def _text(report: Report) -> None:
    phone = settings.ENVIRONMENT.CANARY_PHONE
    run = run_of(report)
    if not phone or run is None:
        return
    now = timezone.now()
    facts = {"number": run.pk, "hour": short_hour(timezone.localtime(now))}
    (message,) = enqueue_messages(
        [
            OutgoingMessage(
                channel=Channel.SMS,
                address=phone,
                recipient=CANARY,
                title=TITLE,
                body=composer().canary_sms(facts),
                lane=Lane.URGENT,
                # Later it counts as lost, and the next one is on its way.
                expires_at=run.sent_at + LATE_AFTER,
                incident_id=report.incident_id,
                # It tells of nothing, and a pause is not to be taken for a breakdown.
                pause_key=EXEMPT,
            )
        ]
    )
    CanaryRun.objects.filter(pk=run.pk, message=None).update(message=message)
