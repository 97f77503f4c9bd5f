"""Plan past incidents again under other narrowings or conventions, and count what would have left.

The same rulings and the same plan as of a decision, on what is stored: who is there now, under the
conventions in force now. What was told of an incident stays in memory, and nothing is stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from notifier.alerting.decision.alert_plan import AlertPlan
from notifier.alerting.decision.plan import plan
from notifier.alerting.decision.rulings import RuledReport, place, rule
from notifier.alerting.decision.situation import Situation
from notifier.alerting.models import KNOWN, Alert, Notification, NotificationState, PolicyNarrowing
from notifier.alerting.notification.planned import PlannedNotification
from notifier.alerting.policy.current import categories
from notifier.alerting.policy.narrowings import narrowings_at
from notifier.alerting.policy.text_kind import withheld
from notifier.alerting.throttling.limits import Limits
from notifier.delivery.models import Channel, Message, MessageState
from notifier.directory.conventions.rules import AgreementRule, rules_for
from notifier.directory.models import OrganisationRef
from notifier.directory.recipients import Recipient, active_people
from notifier.intake.models import Report

# Night, by the hour of the commune.
NIGHT_FROM, NIGHT_UNTIL = 22, 6
# Texts of which the throttle would make a digest are counted one by one.
_NO_STORM = 10**6

# By name: `sms`, `mails`, `night_sms`, `not_told` (organisations that a narrowing keeps it from),
# and `forbidden` (what would leave although the configuration has it told to nobody, or not to
# this reader: always 0).
Tally = Counter[str]


def replay(
    incidents: Sequence[Sequence[Report]],
    before: Sequence[PolicyNarrowing],
    after: Sequence[PolicyNarrowing],
    at: datetime,
) -> tuple[Tally, Tally]:
    """Return what leaves of these incidents under the one and under the other narrowings.

    Of each all decided reports by sequence. People and conventions are those at `at` (aware). Two
    or three statements for all.
    """
    placed = [_place_all(reports) for reports in incidents]
    rules = rules_for(_communes_of(placed), at)
    people = active_people(_told_of(placed, rules), at)
    tallies = Tally(), Tally()
    for reports in placed:
        allowed = _Past(rules, (), people, at).play(reports)
        for tally, narrowings in zip(tallies, (before, after), strict=True):
            past = _Past(rules, narrowings, people, at).play(reports) if narrowings else allowed
            tally.update(past.tally)
            tally["forbidden"] += len(past.readers - allowed.readers)
    return tallies


@dataclass(frozen=True, order=True)
class Told:
    """One organisation and one category of incidents, by which texts are counted."""

    organisation: OrganisationRef
    name: str
    category: str


@dataclass
class Texts:
    """How many incidents an organisation was told of, and by how many texts."""

    incidents: int = 0
    sms: int = 0
    mails: int = 0


def replay_convention(
    incidents: Sequence[Sequence[Report]], reference: str, at: datetime
) -> tuple[dict[Told, Texts], dict[Told, Texts]]:
    """Return what each organisation is told of these incidents without a convention, and with it.

    As `replay`: people, narrowings and conventions are those at `at` (aware).
    """
    placed = [_place_all(reports) for reports in incidents]
    rules = rules_for(_communes_of(placed), at)
    others = [one for one in rules if one.convention_reference != reference]
    narrowings = narrowings_at(at)
    people = active_people(_told_of(placed, rules), at)
    found: tuple[dict[Told, Texts], dict[Told, Texts]] = {}, {}
    for reports in placed:
        for texts, in_force in zip(found, (others, rules), strict=True):
            past = _Past(in_force, narrowings, people, at).play(reports)
            for told, counted in past.texts.items():
                total = texts.setdefault(told, Texts())
                total.incidents += 1
                total.sms += counted.sms
                total.mails += counted.mails
    return found


def _place_all(reports: Sequence[Report]) -> list[RuledReport]:
    """Return where each was, as it was when nothing of the later ones was known."""
    return [place(report, list(reports[: n + 1])) for n, report in enumerate(reports)]


def _communes_of(placed: Iterable[Sequence[RuledReport]]) -> list[str]:
    return sorted(
        {commune.code for of in placed for ruled in of for commune in ruled.placement.communes}
    )


def _told_of(
    placed: Iterable[Sequence[RuledReport]], rules: Sequence[AgreementRule]
) -> set[OrganisationRef]:
    """Return everybody who may be told: who is without any alert so far and any narrowing."""
    return {
        ruling.organisation
        for of in placed
        for ruled in of
        for ruling in rule(ruled, [], rules, ()).rulings
    }


@dataclass
class _Past:
    """One incident as it is told under certain narrowings."""

    rules: Sequence[AgreementRule]
    narrowings: Sequence[PolicyNarrowing]
    people: Mapping[OrganisationRef, list[Recipient]]
    at: datetime
    alerts: list[Alert] = field(default_factory=list)
    earlier: dict[int, list[Notification]] = field(default_factory=dict)
    tally: Tally = field(default_factory=Counter)
    readers: set[tuple[OrganisationRef, str]] = field(default_factory=set)
    """Who read anything of it, in which organisation."""
    texts: dict[Told, Texts] = field(default_factory=dict)

    def play(self, reports: Iterable[RuledReport]) -> _Past:
        """Plan the reports in turn; what leaves of each has arrived before the next."""
        for placed in reports:
            ruled = rule(placed, list(map(copy, self.alerts)), self.rules, self.narrowings)
            (report_plan,) = plan([ruled], self._situation(ruled)).report_plans
            for one in report_plan.alert_plans:
                self._note(placed.report, one)
        return self

    def _situation(self, ruled: RuledReport) -> Situation:
        storm, now = categories().storm, ruled.report.received_at
        limits = Limits(now, _NO_STORM, storm.window, storm.reopening)
        people = {
            ruling.organisation: self.people.get(ruling.organisation, [])
            for ruling in ruled.notifying
        }
        return Situation(now, people, {pk: list(of) for pk, of in self.earlier.items()}, limits)

    def _note(self, report: Report, one: AlertPlan) -> None:
        ruling = one.organisation_ruling
        self.tally["not_told"] += ruling.ruling.rule == "narrowed"
        if one.alert is None:
            return
        if not one.alert.pk:
            one.alert.pk = len(self.alerts) + 1
        self.alerts = [alert for alert in self.alerts if alert.pk != one.alert.pk] + [one.alert]
        rows = self.earlier.setdefault(one.alert.pk, [])
        rows += [_sent(one.alert, n, len(rows)) for n in one.notifications]
        rows += [_known(one.alert, known.planned, len(rows)) for known in one.known]
        is_news = ruling.kind is not None and not ruling.kind.closes
        configured = ruling.category.configured or ruling.category
        if is_news and withheld(report.severity, configured):
            self.tally["forbidden"] += len(one.notifications)
        hour = report.received_at.astimezone(ZoneInfo(ruling.audience.commune.time_zone)).hour
        is_night = hour >= NIGHT_FROM or hour < NIGHT_UNTIL
        told = Told(ruling.organisation, ruling.name, report.category)
        for n in one.notifications:
            self.readers.add((ruling.organisation, n.recipient))
            if n.channel is Channel.VOICE:
                continue
            is_sms = n.channel is Channel.SMS
            texts = self.texts.setdefault(told, Texts())
            texts.sms += is_sms
            texts.mails += not is_sms
            self.tally["sms" if is_sms else "mails"] += 1
            self.tally["night_sms"] += is_sms and is_night


def _sent(alert: Alert, n: PlannedNotification, number: int) -> Notification:
    """Return the row of a text that arrived."""
    message = Message(
        pk=number + 1, channel=n.channel, address=n.address, state=MessageState.DELIVERED
    )
    return _row(alert, n, NotificationState.QUEUED, message)


def _known(alert: Alert, n: PlannedNotification, number: int) -> Notification:
    row = _sent(alert, n, number)
    row.state, row.reason = NotificationState.SUPPRESSED, KNOWN
    return row


def _row(
    alert: Alert, n: PlannedNotification, state: NotificationState, message: Message
) -> Notification:
    return Notification(
        kind=n.kind,
        state=state,
        alert=alert,
        revision=n.revision,
        organisation_kind=alert.organisation_kind,
        organisation=alert.organisation,
        channel=n.channel,
        address=n.address,
        recipient=n.recipient,
        title=n.title,
        message=message,
    )
