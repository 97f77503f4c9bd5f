"""Mail last month's figures to the organisations that a convention gives a figure only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter

import structlog
from django.db import transaction
from django.utils import timezone

from notifier.alerting.content.facts import agreement_clause
from notifier.alerting.figures.count import Figure, Month, figure_rules, figures_of
from notifier.alerting.models import FiguresMail
from notifier.alerting.notification.recipients import first_recipients, recipient_key
from notifier.alerting.policy.current import composer
from notifier.alerting.policy.terms import Addressing
from notifier.delivery.models import EVERYTHING, Channel, Lane
from notifier.delivery.outbox import OutgoingMessage, enqueue_messages
from notifier.directory.conventions.deadlines import add_months
from notifier.directory.models import ConventionRule, Organisation
from notifier.directory.recipients import Recipient, active_people
from notifier.moments import written_month

log = structlog.get_logger(__name__)

# Of as many past months the figures are still sent, where the service was down.
_MONTHS_BACK = 3
LIFETIME = timedelta(days=14)


def mail_figures() -> None:
    """Mail each organisation the figures of past months that it was not told of yet.

    From 8 h on the first of the month in its own time zone; to whom a rule gives figures that was
    in force until the month's end. May run anywhere, any number of times at once.
    """
    now = timezone.now()
    for organisation, rules in groupby(figure_rules(), attrgetter("organisation")):
        given = list(rules)
        told = set(
            FiguresMail.objects.filter(
                organisation_kind=organisation.kind, organisation=organisation.code
            ).values_list("month", flat=True)
        )
        for month in _months_due(organisation, now):
            giving = [rule for rule in given if month.is_closed_under(rule)]
            if giving and month.first not in told:
                _tell(month, giving, now)


def _months_due(organisation: Organisation, now: datetime) -> Iterator[Month]:
    this = now.astimezone(organisation.zone_info).date().replace(day=1)
    for back in range(_MONTHS_BACK, 0, -1):
        month = Month(add_months(this, -back), organisation)
        if month.mailed_from <= now:
            yield month


def _tell(month: Month, rules: Sequence[ConventionRule], now: datetime) -> None:
    """Mail a month's figures, once, whoever comes first; where there are none, note just that."""
    figures = figures_of(month)
    people = _people(month.organisation, rules, now) if figures else []
    if figures and not people:
        # Somebody may have an address by the next round.
        log.error("nobody to mail figures to has an e-mail", to=str(month.organisation.ref))
        return
    with transaction.atomic():
        if _claim(month, now):
            subject, body = _compose(month, rules, figures) if figures else ("", "")
            enqueue_messages(_mail(person, subject, body, now) for person in people)


def _people(
    organisation: Organisation, rules: Sequence[ConventionRule], now: datetime
) -> list[Recipient]:
    """Return whom an alert under these rules would tell, of those who have an e-mail address."""
    people = active_people([organisation.ref], now)[organisation.ref]
    with_mail = [person for person in people if Channel.EMAIL in person.addresses]
    functions = list(dict.fromkeys(name for rule in rules for name in rule.functions))
    addressing = Addressing(functions, [Channel.EMAIL], Lane.ROUTINE, is_one_of_each=True)
    chosen = first_recipients(with_mail, addressing)
    return list({person.addresses[Channel.EMAIL]: person for person in chosen}.values())


def _claim(month: Month, now: datetime) -> bool:
    """Note that a month is told; whether nobody did before."""
    _, is_new = FiguresMail.objects.get_or_create(
        organisation_kind=month.organisation.kind,
        organisation=month.organisation.code,
        month=month.first,
        defaults={"told_at": now},
    )
    return is_new


def _compose(
    month: Month, rules: Sequence[ConventionRule], figures: Sequence[Figure]
) -> tuple[str, str]:
    written = written_month(month.first)
    titles = list(dict.fromkeys(rule.convention.title for rule in rules))
    return composer().figures(
        {
            "organisation": month.organisation.name,
            "month": written,
            "of_month": f"d’{written}" if written[0] in "ao" else f"de {written}",
            "agreement": agreement_clause(titles),
            "has_hidden": not all(figure.may_be_exact for figure in figures),
            "communes": [
                {
                    "name": commune,
                    "figures": [{"category": f.category, "count": f.in_words} for f in of_commune],
                }
                for commune, of_commune in groupby(figures, attrgetter("commune"))
            ],
        }
    )


def _mail(person: Recipient, subject: str, body: str, now: datetime) -> OutgoingMessage:
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
        # Of no source's alerts alone, but of what dispatch reports: a pause of everything holds it.
        pause_key=EVERYTHING,
    )
