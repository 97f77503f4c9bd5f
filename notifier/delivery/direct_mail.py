"""Hand a mail to the mail server at once, from this process: no row, no queue, no retry.

For what must be said although queue, workers or sweeps stand still, and for nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from django.utils import timezone

from notifier.delivery.models import Channel, Lane, Message, Result
from notifier.delivery.providers.registry import PROVIDER_OF, provider_named

log = structlog.get_logger(__name__)


def mail_now(addresses: Iterable[str], subject: str, body: str) -> int:
    """Mail each address; return how many the server took. Takes seconds for each; never raises."""
    return sum(_mail(address, subject, body) for address in addresses)


def _mail(address: str, subject: str, body: str) -> bool:
    now = timezone.now()
    # Never stored: a bounce of it finds no message, and is none of an alert.
    message = Message(
        pk=0,
        channel=Channel.EMAIL,
        address=address,
        lane=Lane.URGENT,
        subject=subject,
        body=body,
        created_at=now,
        expires_at=now,
    )
    outcome = provider_named(PROVIDER_OF[Channel.EMAIL]).send(message)
    is_taken = outcome.result in (Result.ACCEPTED, Result.UNKNOWN)
    if not is_taken:
        log.error("mail without a queue was not taken", why=outcome.detail, code=outcome.code)
    return is_taken
