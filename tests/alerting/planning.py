"""Decide reports in memory: what was told stays between them, no database is asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from unittest import mock
from uuid import uuid4

from django.utils import timezone

from notifier.alerting.decision import rulings
from notifier.alerting.decision.plan import AlertPlan, ReportPlan, plan
from notifier.alerting.decision.rulings import place_and_rule
from notifier.alerting.decision.situation import Situation
from notifier.alerting.models import (
    KNOWN,
    Alert,
    Notification,
    NotificationState,
    PolicyNarrowing,
)
from notifier.alerting.notification.planned import PlannedNotification
from notifier.alerting.policy import narrowings
from notifier.alerting.policy.current import categories
from notifier.alerting.throttling.limits import Limits
from notifier.delivery.models import Message, MessageState
from notifier.directory.conventions.rules import AgreementRule, Site
from notifier.directory.models import OrganisationRef
from notifier.directory.recipients import Recipient
from notifier.intake.models import Incident, Report, ReportState, Source
from notifier.territory.zones.shapes import Circle
from tests.alerting.house import ACCIDENT, DELLE, DUTY, number

METROPOLE = OrganisationRef("epci", "200069052")
LANDLORD = OrganisationRef("partenaire", "habitat-des-tilleuls")
PREFECTURE = OrganisationRef("prefecture", "90")
ALL_CATEGORIES = tuple(f"{family}{n:02d}" for family in "CL" for n in range(1, 12))
# In Delle, and so much of it that the border is far.
POINT = {"insee": "90033", "latitude": 47.509, "longitude": 6.998}


def rule(told: OrganisationRef = METROPOLE, rule_id: int = 1, **more: Any) -> AgreementRule:
    """A rule that tells an organisation everything that happens in Delle, unless said otherwise."""
    usual = {
        "convention_id": 1,
        "convention_reference": "CM-2026",
        "convention_title": "Convention métropolitaine de sécurité",
        "organisation_name": {METROPOLE: "Grand Belfort", LANDLORD: "Habitat des Tilleuls"}.get(
            told, "Préfecture du Territoire de Belfort"
        ),
        "functions": (),
        "categories": ALL_CATEGORIES,
        "from_severity": "",
        "communes": ("90033",),
        "sites": (),
        "lane": "",
        "detail": "complet",
        "needs_release": False,
    }
    return AgreementRule(rule_id=rule_id, organisation=told, **{**usual, **more})


def site(name: str = "Résidence des Tilleuls", radius_m: int = 200, **at: float) -> Site:
    """A circle around POINT, unless said otherwise."""
    where = {"latitude": POINT["latitude"], "longitude": POINT["longitude"], **at}
    return Site(name, Circle(**where, radius_m=radius_m), ("90033",))


def somebody(
    last: int, function: str = "maire", rank: int = 1, email: str = "", mobile: str | None = None
) -> Recipient:
    """A person with the number that ends so; the same number is the same person."""
    mobile = number(last) if mobile is None else mobile
    reachable_at = (("sms", mobile), ("email", email))
    return Recipient(
        mandate_id=last,
        person_id=last,
        organisation=METROPOLE,
        function=function,
        rank=rank,
        reachable_at=tuple((channel, address) for channel, address in reachable_at if address),
    )


@dataclass
class World:
    """Rules and people, and what was told of one incident so far."""

    rules: Sequence[AgreementRule] = ()
    people: dict[OrganisationRef, list[Recipient]] = field(default_factory=dict)
    departements: Sequence[str] = ("90",)
    narrowings: Sequence[PolicyNarrowing] = ()
    reports: list[Report] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    earlier: dict[int, list[Notification]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        source = Source(
            pk=1, name="CORG 90", service="Gendarmerie", departements=list(self.departements),
            duty_email=DUTY, duty_phone="+33353010090",
        )  # fmt: skip
        self.incident = Incident(pk=1, source=source, reference="CORG90-2026-1")

    def push(self, **body: Any) -> ReportPlan:
        """Plan a grave road accident in Delle, unless said otherwise; what leaves is delivered."""
        now = timezone.now()
        usual = {
            "status": "engaged", "category": ACCIDENT, "severity": "severe", "occurred_at": now,
            "location": DELLE,
        }  # fmt: skip
        report = Report(
            id=uuid4(), incident=self.incident, sequence=len(self.reports) + 1, received_at=now,
            **{**usual, **body},
        )  # fmt: skip
        self.reports.append(report)
        with self._read():
            (ruled,) = place_and_rule([(report, list(self.reports))], lock=False)
            told = {ruling.organisation for ruling in ruled.notifying}
            people = {ref: self.people.get(ref, []) for ref in told}
            storm = categories().storm
            limits = Limits(now, 10**6, storm.window, storm.reopening)
            earlier = {k: list(v) for k, v in self.earlier.items()}
            (report_plan,) = plan([ruled], Situation(now, people, earlier, limits)).report_plans
        self._apply(report_plan)
        return report_plan

    @contextmanager
    def _read(self):
        alerts = {self.incident.pk: [copy(alert) for alert in self.alerts]}
        with (
            mock.patch.object(rulings, "rules_for", return_value=list(self.rules)),
            mock.patch.object(rulings, "_alerts_of", return_value=alerts),
            mock.patch.object(rulings, "narrowings_at", return_value=list(self.narrowings)),
            mock.patch.object(narrowings, "narrowings_at", return_value=list(self.narrowings)),
        ):
            yield

    def _apply(self, report_plan: ReportPlan) -> None:
        report = report_plan.report
        report.state, report.handled_at = ReportState.DECIDED, timezone.now()
        self.reports[-1] = report
        for one in report_plan.alert_plans:
            if one.alert is None:
                continue
            if one.alert.pk is None:
                one.alert.pk = len(self.alerts) + 1
            self.alerts = [a for a in self.alerts if a.pk != one.alert.pk] + [one.alert]
            rows = self.earlier.setdefault(one.alert.pk, [])
            rows += [self._row(one.alert, n) for n in one.notifications]
            for known in one.known:
                row = self._row(one.alert, known.planned)
                row.state, row.reason = NotificationState.SUPPRESSED, KNOWN
                rows.append(row)

    def _row(self, alert: Alert, n: PlannedNotification) -> Notification:
        message = Message(
            pk=sum(map(len, self.earlier.values())) + 1, channel=n.channel, address=n.address,
            state=MessageState.DELIVERED,
        )  # fmt: skip
        return Notification(
            kind=n.kind, state=NotificationState.QUEUED, alert=alert, revision=n.revision,
            organisation_kind=alert.organisation_kind, organisation=alert.organisation,
            channel=n.channel, address=n.address, recipient=n.recipient, title=n.title,
            message=message,
        )  # fmt: skip


def of(report_plan: ReportPlan, told: OrganisationRef) -> AlertPlan | None:
    """What an organisation gets of a report; None where nothing is ruled on it."""
    plans = [a for a in report_plan.alert_plans if a.organisation_ruling.organisation == told]
    return plans[0] if plans else None


def commune(code: str = "90033") -> OrganisationRef:
    """A commune, as a plan names it."""
    return OrganisationRef("commune", code)


def addresses(planned: Iterable[PlannedNotification]) -> list[tuple[str, str]]:
    """Channel and address of planned texts."""
    return [(n.channel.value, n.address) for n in planned]


def narrowing(category: str, **what: Any) -> PolicyNarrowing:
    """A narrowing of the Territoire de Belfort, in force, unless said otherwise."""
    usual = {"departement": "90", "reason": "à la demande des maires", "author": "A. Dupont"}
    since = datetime(2026, 11, 28, 8, tzinfo=UTC)
    return PolicyNarrowing(category=category, starts_at=since, **{**usual, **what})
