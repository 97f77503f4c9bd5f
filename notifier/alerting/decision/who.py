"""Say who would be told of an incident at a moment, by which rule, in which order; or who was.

Stores nothing. What was told is read from its rows; the order of the others is that of the moment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from notifier.alerting.decision.alert_plan import AlertPlan
from notifier.alerting.decision.plan import DecisionPlan, plan
from notifier.alerting.decision.rulings import place_and_rule
from notifier.alerting.decision.situation import read_situation
from notifier.alerting.models import (
    OF_ALERT,
    Alert,
    DeferralReason,
    Notification,
    NotificationState,
)
from notifier.alerting.notification.journal import deferral_in_words
from notifier.alerting.notification.recipients import recipient_key
from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.terms import parse_terms
from notifier.delivery.address import mask
from notifier.directory.availability import Order
from notifier.directory.models import OrganisationRef
from notifier.directory.recipients import Recipient, orders_of_telling
from notifier.intake.models import Incident, Report, Source
from notifier.territory.resolve import Commune


@dataclass(frozen=True)
class Reader:
    """Somebody on one channel, without a name, and what becomes of their text, in French."""

    title: str
    address: str
    """As logs show it, with its channel: "SMS +33 6 •• •• •• 12"."""
    fate: str = ""


@dataclass(frozen=True)
class Answer:
    """Who of one organisation is told, and who is not; in French and without names."""

    organisation: str
    reason: str
    """By which rule it is told, or why not."""
    readers: Sequence[Reader] = ()
    next_in_order: Sequence[str] = ()
    """The functions of those who are told when none of the readers is reached."""
    passed_over: Sequence[str] = ()
    ref: OrganisationRef | None = None
    """The organisation; None of a place that is uncertain."""
    asks: str = ""
    """How many answers are wanted, and within what; "" where none is."""


def who_would_be_told(
    commune: Commune,
    category: str,
    severity: str,
    at: datetime,
    point: tuple[float, float] | None = None,
) -> list[Answer]:
    """Return who would be told of an incident in the commune at `at` (aware).

    `point`: its latitude and longitude, which sites need.
    """
    report = _imagined(commune, category, severity, at, point)
    ruled = place_and_rule([(report, [])], lock=False, at=at)
    if not ruled[0].placement.is_placed:
        return [Answer(commune.label, "le point est ailleurs : une personne trancherait d’abord")]
    decision_plan = plan(ruled, read_situation(ruled, lock=False, at=at))
    plans = [a for report_plan in decision_plan.report_plans for a in report_plan.alert_plans]
    orders = orders_of_telling([one.organisation_ruling.organisation for one in plans], at)
    zone = ZoneInfo(commune.time_zone)
    return [
        _planned(one, decision_plan, orders[one.organisation_ruling.organisation], zone)
        for one in plans
    ]


def who_was_told(incident: Incident) -> list[Answer]:
    """Return who was told of an incident, and which organisations were not."""
    rows = Notification.objects.filter(incident=incident, kind__in=OF_ALERT).order_by("id")
    alerts = Alert.objects.filter(incident=incident).order_by("id")
    return answers(list(alerts), list(rows.select_related("message")))


def answers(alerts: Sequence[Alert], notifications: Sequence[Notification]) -> list[Answer]:
    """Return who was told of these alerts, and which organisations of the notifications were not.

    The notifications have their messages. Two statements for all alerts of one decision.
    """
    refs: defaultdict[datetime, list[OrganisationRef]] = defaultdict(list)
    for alert in alerts:
        refs[alert.opened_at].append(alert.ref)
    orders = {at: orders_of_telling(of_moment, at) for at, of_moment in refs.items()}
    told = [
        _stored(
            alert,
            [n for n in notifications if n.alert_id == alert.pk],
            orders[alert.opened_at][alert.ref],
        )
        for alert in alerts
    ]
    silent = dict.fromkeys((n.ref, n.explanation) for n in notifications if n.alert_id is None)
    return [*told, *(Answer(str(ref), reason, ref=ref) for ref, reason in silent)]


def _imagined(
    commune: Commune,
    category: str,
    severity: str,
    at: datetime,
    point: tuple[float, float] | None,
) -> Report:
    where = dict(zip(("latitude", "longitude"), point, strict=True)) if point else {}
    source = Source(name="essai", departements=[commune.departement])
    return Report(
        incident=Incident(source=source, reference="ESSAI"),
        sequence=1,
        status="engaged",
        category=category,
        severity=severity,
        occurred_at=at,
        received_at=at,
        # With its name: there are codes that are postal codes of other communes as well.
        location={"insee": commune.code, "name": commune.name, **where},
    )


def _planned(
    one: AlertPlan, decision_plan: DecisionPlan, order: Order[Recipient], zone: ZoneInfo
) -> Answer:
    ruling = one.organisation_ruling
    readers = [
        Reader(
            n.title,
            f"{n.channel.label} {n.masked}",
            deferral_in_words(d, zone) if (d := decision_plan.notifications.deferral_of(n)) else "",
        )
        for n in one.notifications
    ]
    readers += [
        Reader(n.title, f"{n.channel.label} {n.masked}", f"le sait déjà par {known.name}")
        for known in one.known
        for n in (known.planned,)
    ]
    named = _named(ruling.name, ruling.organisation)
    if one.alert is None:
        return Answer(named, ruling.ruling.reason, ref=ruling.organisation)
    told = {n.recipient for n in one.notifications} | {k.planned.recipient for k in one.known}
    then, passed_over = _others(order, told, zone)
    return Answer(
        named,
        ruling.ruling.reason,
        readers,
        then,
        passed_over,
        ruling.organisation,
        _asks(one.alert, ruling.category),
    )


def _asks(alert: Alert, category: Category) -> str:
    if not alert.answers_wanted:
        return ""
    minutes = int(category.answer_within.total_seconds() // 60)
    within = "en une minute" if minutes == 1 else f"en {minutes} minutes"
    if alert.answers_wanted == 1:
        return f"une réponse est attendue {within}"
    return f"{alert.answers_wanted} réponses sont attendues {within}"


def _stored(alert: Alert, notifications: Sequence[Notification], order: Order[Recipient]) -> Answer:
    readers = [
        Reader(n.title, f"{n.get_channel_display()} {mask(n.address)}", _fate(n))
        for n in notifications
    ]
    zone = ZoneInfo(alert.facts["time_zone"])
    then, passed_over = _others(order, {n.recipient for n in notifications}, zone)
    terms = parse_terms(alert.terms)
    reason = alert.facts["legal_basis"] if terms.is_by_law else terms.in_words
    named = _named(alert.organisation_name, alert.ref)
    return Answer(named, reason, readers, then, passed_over, alert.ref)


def _fate(notification: Notification) -> str:
    """Say what became of a text, and which it was where an alert has several."""
    if notification.state == NotificationState.SUPPRESSED:
        return notification.explanation
    state = notification.get_state_display()
    if notification.message is not None:
        state = notification.message.get_state_display()
    elif notification.state == NotificationState.DEFERRED:
        state = f"{state}, {DeferralReason(notification.reason).label}"
    return f"n° {notification.revision}, {state}"


def _others(
    order: Order[Recipient], told: Iterable[str], zone: ZoneInfo
) -> tuple[list[str], list[str]]:
    """Return who comes next, and who is passed over and why."""
    known = set(told)
    then = [
        placed.person.title for placed in order.placed if recipient_key(placed.person) not in known
    ]
    passed_over = [
        f"{one.person.title}, {one.in_french(zone)}"
        + (f", remplacé par {one.stand_in.title}" if one.stand_in else "")
        for one in order.passed_over
    ]
    return then, passed_over


def _named(name: str, ref: OrganisationRef) -> str:
    return f"{name} ({ref})"
