"""Tell the owners of a convention before it ends, or before notice must be given."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from notifier.alerting.links import console_url
from notifier.alerting.notification.recipients import recipient_key
from notifier.alerting.policy.current import composer
from notifier.delivery.models import EXEMPT, Channel, Lane
from notifier.delivery.outbox import OutgoingMessage, enqueue_messages
from notifier.directory.conventions.deadlines import (
    Deadline,
    claim_notice,
    next_deadline,
    owners,
)
from notifier.directory.models import Convention, ConventionRule
from notifier.directory.organisations import organisation
from notifier.directory.recipients import Recipient
from notifier.moments import written_day

log = structlog.get_logger(__name__)

# A mail is still of use days later: the deadline is a month off at least.
LIFETIME = timedelta(days=7)


def tell_owners() -> None:
    """Mail the owners of every convention in force of which a deadline comes up, once for each.

    May run anywhere, any number of times at once.
    """
    now = timezone.now()
    in_force = ConventionRule.objects.filter(ends_at=None) | ConventionRule.objects.filter(
        ends_at__gt=now
    )
    for convention in Convention.objects.filter(pk__in=in_force.values("convention")):
        if deadline := next_deadline(convention, timezone.localdate(now)):
            _tell(convention, deadline, now)


def _tell(convention: Convention, deadline: Deadline, now: datetime) -> None:
    left = (deadline.day - timezone.localdate(now)).days
    people = owners(convention, now)
    with transaction.atomic():
        if not claim_notice(convention, deadline, now, left):
            return
        if people:
            told = _organisations_told(convention, now)
            enqueue_messages(_mail(convention, deadline, left, told, each, now) for each in people)
        else:
            log.error("no owner of a convention has an e-mail", convention=convention.reference)
            # Somebody may have one by the next round.
            transaction.set_rollback(True)


def _organisations_told(convention: Convention, now: datetime) -> list[str]:
    rules = convention.rules.exclude(ends_at__lte=now).select_related("organisation")
    return sorted({rule.organisation.name for rule in rules})


def _mail(
    convention: Convention,
    deadline: Deadline,
    left: int,
    told: list[str],
    person: Recipient,
    now: datetime,
) -> OutgoingMessage:
    facts = {
        "title": convention.title,
        "reference": convention.reference,
        "renewed": deadline.is_renewed,
        "day": written_day(deadline.day),
        "ends_on": written_day(deadline.ends_on),
        "when": {0: "aujourd’hui", 1: "demain"}.get(left, f"dans {left} jours"),
        "told": told,
        "owner": organisation(person.organisation).name,
        "link": console_url("console:convention", convention.reference),
    }
    subject, body = composer().deadline(facts)
    return OutgoingMessage(
        channel=Channel.EMAIL,
        address=person.addresses[Channel.EMAIL],
        recipient=recipient_key(person),
        title=person.title,
        subject=subject,
        body=body,
        lane=Lane.ROUTINE,
        expires_at=now + LIFETIME,
        incident_id=None,
        # It is no alert, and no pause of alerts holds it.
        pause_key=EXEMPT,
    )
