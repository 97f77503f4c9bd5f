"""A report is decided: where it is, what each commune is told, to whom; one transaction.

lock the incident -> resolve the place -> rule for each commune -> letters to delivery -> journal

Those of one job walk together: each step is one statement for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any
from uuid import UUID

import structlog
from django.db import connection, transaction

from notifier.alerting.decision.affected import Affected, affected
from notifier.alerting.decision.plan import Case, Telling, tell
from notifier.alerting.models import Alert
from notifier.alerting.notification.dedup import Spoken
from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.current import categories, list_communes
from notifier.alerting.policy.rules import (
    Ruling,
    rule_on,
    rule_on_edge,
    rule_on_left_commune,
    rule_on_neighbour,
    withheld,
)
from notifier.alerting.review.decisions import supersede_older
from notifier.alerting.review.notices import ask_a_person, harmless
from notifier.alerting.review.superseded import show_overtaken
from notifier.alerting.throttling.throttle import throttle
from notifier.delivery.outbox import OutgoingMessage, enqueue_messages
from notifier.intake.incident import conclude, goes_behind, lock_incidents
from notifier.intake.models import Handling, Incident, Report, Source
from notifier.intake.schema.vocabulary import Status
from notifier.journal.models import Entry, Step
from notifier.journal.write import new_entry, write_entries
from notifier.territory.resolve import Commune, commune_by_code

log = structlog.get_logger(__name__)

# As many share a transaction.
BATCH_SIZE = 32
# A commune that was left reads of no more others than these; else that it is not concerned.
MAX_NAMED = 2


def decide_each(*report_ids: UUID) -> None:
    """Decide them together; if that fails, each by itself, the one at fault behind all others."""
    try:
        decide(*report_ids)
    except Exception as error:
        if len(report_ids) == 1:
            log.exception("report cannot be decided", report=str(report_ids[0]))
            goes_behind(report_ids[0])
            return
        log.warning("decided one by one, for together they cannot be", error=repr(error))
        for report_id in report_ids:
            decide_each(report_id)


@dataclass
class _Decision:
    """A report of an incident, on its way."""

    report: Report
    reports: list[Report]
    outcome: Affected
    entries: list[Entry]
    reasons: list[str]


def decide(*report_ids: UUID) -> None:
    """Decide every received report of the incidents that these belong to, by sequence.

    Does nothing for what is decided already, so it may be rung any number of times. They share one
    transaction and its statements: what raises for one of them undoes it for all.
    """
    with transaction.atomic():
        waiting = [
            [(report, reports) for report in reports if report.state == Handling.RECEIVED]
            for reports in lock_incidents(report_ids)
        ]
        # What an incident's second is ruled depends on what its first has told.
        for turn in zip_longest(*waiting):
            _decide_all([pair for pair in turn if pair is not None])


def _decide_all(pairs: Iterable[tuple[Report, list[Report]]]) -> None:
    """Decide reports of as many incidents."""
    decisions = [_locate(report, reports) for report, reports in pairs]
    letters, lines = tell(_cases(decisions))
    enqueue_messages(_let_through(letters, decisions))
    for decision in decisions:
        if decision.outcome.state is Handling.REVIEW:
            decision.entries += ask_a_person(
                decision.report, decision.outcome.reason, decision.reports
            )
        elif decision.outcome.state is Handling.SUPERSEDED:
            decision.entries += show_overtaken(decision.report, decision.reports)
    conclude((d.report, d.outcome.state, " ; ".join(d.reasons)) for d in decisions)
    entries = [line for decision in decisions for line in decision.entries] + lines
    for decision in decisions:
        if decision.outcome.is_placed:
            entries += supersede_older(decision.report, decision.reports)
    write_entries(entries)


def _locate(report: Report, reports: list[Report]) -> _Decision:
    outcome = affected(report, reports)
    entries = [_resolved(report, outcome.communes)] if outcome.communes else []
    if outcome.state is not Handling.DECIDED:
        entries += _undecided(report, outcome)
    reasons = [outcome.reason] if outcome.reason else []
    return _Decision(report, reports, outcome, entries, reasons)


def _cases(decisions: Iterable[_Decision]) -> list[Case]:
    """Whom each decision concerns may be told of it; the alerts of all are read at once."""
    telling = [
        (decision, category)
        for decision in decisions
        if decision.outcome.tells
        and (category := categories().get(decision.report.category)) is not None
    ]
    alerts = _locked_alerts(decision.report.incident for decision, _ in telling)
    cases = []
    for decision, category in telling:
        report = decision.report
        told = alerts[report.incident_id]
        tellings = rule_on_all(report, category, decision.outcome, told)
        decision.reasons += [f"{t.commune.name} : {t.ruling.reason}" for t in tellings]
        cases.append(Case(report, category, tellings, spoken_of(told, tellings)))
    return cases


def _let_through(
    letters: list[OutgoingMessage], decisions: list[_Decision]
) -> list[OutgoingMessage]:
    """What leaves now, source by source."""
    source_of: dict[int | None, Source] = {d.report.incident_id: d.report.source for d in decisions}
    now: list[OutgoingMessage] = []
    for source_id, source in {source.pk: source for source in source_of.values()}.items():
        theirs = [letter for letter in letters if source_of[letter.incident_id].pk == source_id]
        now += throttle(theirs, source)
    return now


def _locked_alerts(incidents: Iterable[Incident]) -> dict[int, list[Alert]]:
    """What was told of each so far, locked until commit; without incidents, no statement."""
    by_id = {incident.pk: incident for incident in incidents}
    found: dict[int, list[Alert]] = {pk: [] for pk in by_id}
    if found:
        lock = "FOR UPDATE" if connection.features.has_select_for_update else ""
        marks = ", ".join(["%s"] * len(found))
        # Written out, for Django takes longer to compile it than the database to answer.
        sql = f"SELECT * FROM alerting_alert WHERE incident_id IN ({marks}) ORDER BY id DESC {lock}"  # noqa: S608 - constants and marks
        for alert in Alert.objects.raw(sql, list(found)):
            alert.incident = by_id[alert.incident_id]
            found[alert.incident_id].append(alert)
    return found


def rule_on_all(
    report: Report, category: Category, outcome: Affected, alerts: list[Alert]
) -> list[Telling]:
    """The ruling for each commune concerned, and for each that was told and no longer is.

    In the order of telling: the communes concerned before their neighbours, of whom those are left
    out who have nothing to be told.
    """
    told = {alert.commune: alert for alert in alerts}
    said = report.status, report.severity, category
    tellings = []
    for here in outcome.communes:
        alert = told.pop(here.code, None)
        elsewhere = outcome.holders if here in outcome.close_by else []
        ruling = rule_on(*said, alert, exercise=report.exercise, is_close_by=bool(elsewhere))
        tellings.append(Telling(here, ruling, alert, holders=elsewhere))
    for near in outcome.neighbours:
        alert = told.pop(near.commune.code, None)
        ruling = rule_on_neighbour(*said, alert, exercise=report.exercise, next_to=near.next_to)
        if ruling.kind:
            tellings.append(Telling(near.commune, ruling, alert, near.next_to))
    for alert in told.values() if outcome.is_placed else ():
        left = commune_by_code(alert.commune)
        if alert.is_open and left is not None:
            ruling = _rule_on_left(report, category, alert)
            there = _moved_to(report, category, outcome)
            tellings.append(Telling(left, ruling, alert, moved_to=there))
    ruled = {telling.commune for telling in tellings}
    holders = list_communes(outcome.communes)
    tellings += [
        Telling(close, rule_on_edge(holders), None) for close in outcome.aside if close not in ruled
    ]
    return sorted(tellings, key=lambda t: (t.is_to_neighbour, not t.opens))


def _rule_on_left(report: Report, category: Category, alert: Alert) -> Ruling:
    """The ruling for a commune that was told and is not found any more.

    At an end no neighbours are looked for: it is theirs all the same.
    """
    said = report.status, report.severity, category
    if report.status in (Status.CLOSED, Status.CANCELLED) and alert.is_to_neighbour:
        return rule_on(*said, alert, exercise=report.exercise)
    return rule_on_left_commune()


def _moved_to(report: Report, category: Category, outcome: Affected) -> list[Commune]:
    """Where it is now, as the mayor of a commune that it left may know; empty if he may not.

    Never of what is withheld, nor of a place beyond the source's reach, nor in a category of which
    one commune's mayor is not told where in another's it happens.
    """
    if withheld(report.severity, category) or not category.may_name_commune:
        return []
    there = outcome.holders or outcome.communes
    is_ours = all(commune in outcome.communes for commune in there)
    return list(there) if is_ours and len(there) <= MAX_NAMED else []


def spoken_of(alerts: list[Alert], tellings: list[Telling]) -> Spoken:
    """Where the alerts that are open, and are not closed by these tellings, were told."""
    closed = {t.alert.pk for t in tellings if t.alert and t.ruling.kind and t.ruling.kind.closes}
    return Spoken([alert for alert in alerts if alert.is_open and alert.pk not in closed])


def _resolved(report: Report, communes: list[Commune]) -> Entry:
    return new_entry(
        report.incident_id,
        Step.RESOLVED,
        f"Commune : {list_communes(communes)}.",
        verdict=report.verdict,
        clues=[
            {name: clue[name] for name in ("kind", "communes", "marks") if name in clue}
            for clue in report.clues
        ],
    )


def _undecided(report: Report, outcome: Affected) -> list[Entry]:
    data: dict[str, Any] = {"report": str(report.pk), "verdict": report.verdict}
    lines = [
        new_entry(report.incident_id, Step.RESOLVED, harmless(clue), **data)
        for clue in report.clues
    ]
    step = Step.REVIEW if outcome.state is Handling.REVIEW else Step.DECIDED
    sentence = f"{outcome.reason[:1].upper()}{outcome.reason[1:]}."
    lines.append(new_entry(report.incident_id, step, sentence, state=outcome.state, **data))
    return lines
