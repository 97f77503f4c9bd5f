"""Mail administrators what is wrong with the directory: on Fridays, and when something breaks."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.utils import timezone

from notifier.alerting.administrators import administrator_mail, mailboxes_of_departement
from notifier.alerting.links import console_url
from notifier.alerting.policy.current import composer
from notifier.delivery.outbox import OutgoingMessage, enqueue_messages
from notifier.directory.coverage_checks import Checked, checking
from notifier.intake.models import Source
from notifier.moments import weekday_moment

log = structlog.get_logger(__name__)

# Next Friday's says it anew.
_MAX_LISTED = 200


def report_coverage() -> None:
    """Look at every département that a source speaks for, and mail what its administrators miss.

    May run anywhere, any number of times at once.
    """
    now = timezone.now()
    sources = list(Source.objects.filter(revoked_at=None))
    for departement in sorted({code for source in sources for code in source.departements}):
        with checking(departement, now) as checked:
            if checked is None or not checked.problems:
                continue
            addresses = mailboxes_of_departement(departement)
            if not addresses:
                log.error(
                    "no administrator of the directory has an e-mail", departement=departement
                )
            enqueue_messages(_mail(checked, address, now) for address in addresses)


def _mail(checked: Checked, address: str, now: datetime) -> OutgoingMessage:
    found = checked.coverage
    listed = checked.problems[:_MAX_LISTED]
    subject, body = composer().coverage(
        {
            "departement": found.departement,
            "is_weekly": checked.is_weekly,
            "moment": weekday_moment(found.at),
            "by_phone": len(found.by_phone),
            "by_mail_only": len(found.by_mail_only),
            "by_nobody": len(found.by_nobody),
            "problems": list(listed),
            "count": len(checked.problems),
            "link": console_url("console:territory", departement=found.departement),
        }
    )
    return administrator_mail(address, subject, body, now)
