"""Send the questions of campaigns of confirmation: by day, within quotas, and while nothing pauses.

Who is asked and when, the directory knows (notifier.directory.confirmation); what was sent is
counted in the transaction that stores the texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from notifier.alerting.content.gsm import sms_size
from notifier.alerting.policy.current import composer
from notifier.alerting.throttling.limits import (
    UsageChangedError,
    next_day,
    read_limits,
    store_usage,
)
from notifier.delivery.models import EVERYTHING, Channel, Lane, Pause
from notifier.delivery.outbox import OutgoingMessage, enqueue_messages
from notifier.directory.confirmation import (
    claim_sending,
    closing_time,
    due_requests,
    mandates_asked,
    new_link,
    postpone,
    reachable_addresses,
)
from notifier.directory.models import Address, AddressKind, ConfirmationRequest, Mandate
from notifier.intake.models import Source
from notifier.moments import written_day

log = structlog.get_logger(__name__)

# In one round; the clock comes every half minute.
BATCH_SIZE = 100
_PAUSED_FOR = timedelta(minutes=10)
_MAX_TITLE = 80


class _PostponedError(Exception):
    """Not now: at this moment."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


def send_due() -> None:
    """Ask whoever is to be asked now. May run anywhere, any number of times at once."""
    now = timezone.now()
    requests = due_requests(now, BATCH_SIZE)
    if not requests:
        return
    sources = list(Source.objects.filter(revoked_at=None).order_by("pk"))
    for request in requests:
        try:
            with transaction.atomic():
                if claim_sending(request, now):
                    _ask(request, _source_of(request, sources), now)
        except _PostponedError as reason:
            postpone(request, reason.until)
        except UsageChangedError:
            continue  # another worker counted at the same moment; the next round asks
        except Exception:  # the others are asked all the same
            log.exception("question cannot be sent", request=request.pk)
            postpone(request, now + timedelta(hours=1))


def _ask(request: ConfirmationRequest, source: Source | None, now: datetime) -> None:
    """Store the texts for one person, in the caller's transaction. Raises _PostponedError."""
    pause_key = str(source.pk) if source else EVERYTHING
    if Pause.objects.filter(pause_key__in={pause_key, EVERYTHING}).exists():
        raise _PostponedError(now + _PAUSED_FOR)
    mandates = mandates_asked(request, now)
    addresses = reachable_addresses(request)
    if not mandates or not addresses:
        return
    outgoing = [
        _message(request, mandates, address, source, now, pause_key) for address in addresses
    ]
    segments = sum(sms_size(one.body).segments for one in outgoing if one.channel == Channel.SMS)
    if source:
        limits = read_limits((), [source], lock=True)
        if not limits.has_room(source, segments):
            raise _PostponedError(next_day(now))
        limits.add(source, segments)
        store_usage(limits)
    enqueue_messages(outgoing)


def _source_of(request: ConfirmationRequest, sources: Sequence[Source]) -> Source | None:
    """Return the source that speaks for the organisation: its quota and its pause count."""
    departement = request.organisation.departement
    return next((one for one in sources if departement in one.departements), None)


def _message(
    request: ConfirmationRequest,
    mandates: Sequence[Mandate],
    address: Address,
    source: Source | None,
    now: datetime,
    pause_key: str,
) -> OutgoingMessage:
    first, campaign = mandates[0], request.campaign
    zone = first.organisation.zone_info
    facts = {
        "service": source.service if source else "Alerte Maires",
        "function": first.title,
        "organisation": first.organisation.name,
        "functions": [f"{one.title}, {one.organisation.name}" for one in mandates],
        "reminder": request.sent_count > 0,
        "until": written_day(campaign.ends_at.astimezone(zone).date()),
        "url": f"{settings.ENVIRONMENT.PUBLIC_URL.rstrip('/')}/c/{new_link(request, address, now)}",
    }
    is_sms = address.kind == AddressKind.MOBILE
    subject, body = (
        ("", composer().confirmation_sms(facts)) if is_sms else (composer().confirmation(facts))
    )
    return OutgoingMessage(
        channel=Channel.SMS if is_sms else Channel.EMAIL,
        address=address.value,
        recipient=f"person:{request.person_id}",
        title=first.title[:_MAX_TITLE],
        subject=subject,
        body=body,
        lane=Lane.ROUTINE,
        # Held up until the evening, it would wake somebody: the next question comes by day.
        expires_at=closing_time(now, request.organisation.zone_info),
        incident_id=None,
        pause_key=pause_key,
    )
