"""What an event costs in SQL statements, from the key to the receipt (the design's budgets)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from uuid import UUID

import pytest
from django.db import connection

from notifier.alerting.decision.pipeline import decide
from notifier.alerting.policy.narrowings import refresh
from notifier.alerting.sweep import sweep as decide_overdue
from notifier.alerting.sweep import upkeep as upkeep_of_alerts
from notifier.delivery import routing
from notifier.delivery.models import Lane, MessageState
from notifier.delivery.providers.base import Receipt
from notifier.delivery.receipts.apply import apply_receipt
from notifier.delivery.sending.sender import deliver
from notifier.delivery.sweep import sweep as deliver_due
from notifier.delivery.sweep import upkeep as upkeep_of_messages
from notifier.directory.tasks import upkeep_imports_task
from notifier.intake.access.api_keys import add_source, source_of
from notifier.intake.models import Report, ReportState, Source
from notifier.intake.receive import receive
from notifier.journal import counters
from tests.alerting.house import FIRE, MISSING, THEFT, contact, event, messages, number
from tests.alerting.organisations import member, told_by_convention

INTAKE, DECIDE, DELIVER, RECEIPT = 4, 8, 4, 2
BOUNDARIES = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


class Statements(list[str]):
    """The statements of a block; what opens and closes transactions apart."""

    def __init__(self) -> None:
        super().__init__()
        self.transactions = 0

    def __call__(self, execute, sql, params, many, context):
        if sql.startswith(BOUNDARIES):
            self.transactions += sql.startswith(("BEGIN", "SAVEPOINT"))
        else:
            # What goes by executemany() is run once for each.
            self.extend([sql] * (len(params) if many else 1))
        return execute(sql, params, many, context)


@contextmanager
def counted() -> Iterator[Statements]:
    statements = Statements()
    with connection.execute_wrapper(statements):
        yield statements


@pytest.fixture
def key(rules, db, provider) -> str:
    """A source's key; what is sent reaches a simulator. Narrowings are known, as to any worker."""
    refresh()
    return add_source("CORG 90", ["90"], service="Gendarmerie", duty_email="", signed=False).key


def received(key: str, reference: str = "R1") -> UUID:
    return receive(source_of(key), event(reference, category=FIRE)).report_id


def people(count: int) -> None:
    for n in range(count):
        contact("astreinte", rank=n + 1, mobile=number(n + 1))


def delivered(reference: str = "R1") -> Callable[[], None]:
    def receipts() -> None:
        for message in messages(reference):
            apply_receipt(message.pk, Receipt(message.provider_id, MessageState.DELIVERED))

    return receipts


def test_an_event_with_one_recipient_on_an_idle_service(key) -> None:
    people(1)
    with counted() as intake:
        event_id = received(key)
    with counted() as decision:
        decide(event_id)
    with counted() as delivery:
        assert deliver(Lane.URGENT) == 1
    (message,) = messages()
    assert message.state == MessageState.ACCEPTED
    with counted() as receipt:
        apply_receipt(message.pk, Receipt(message.provider_id, MessageState.DELIVERED))
    assert messages()[0].state == MessageState.DELIVERED
    found = [len(intake), len(decision), len(delivery), len(receipt)]
    assert found == [INTAKE, DECIDE, DELIVER, RECEIPT]
    assert intake.transactions == 1


def test_a_second_provider_costs_nothing_more(key, two_providers) -> None:
    """How the providers are doing is known, as to any worker."""
    routing.refresh()
    people(1)
    event_id = received(key)
    with counted() as decision:
        decide(event_id)
    with counted() as delivery:
        assert deliver(Lane.URGENT) == 1
    assert messages()[0].providers == "twilio,ovh"
    assert [len(decision), len(delivery)] == [DECIDE, DELIVER]


def test_to_ask_for_an_answer_costs_nothing_more(asking, provider) -> None:
    refresh()
    people(2)
    event_id = receive(asking, event(category=FIRE)).report_id
    with counted() as decision:
        decide(event_id)
    assert "/r/" in messages()[0].body
    assert len(decision) == DECIDE


def test_a_further_report_costs_one_statement_more_to_take(key) -> None:
    people(1)
    decide(received(key))
    with counted() as intake:
        receive(source_of(key), event(sequence=2, category=FIRE, severity="extreme"))
    assert len(intake) == INTAKE + 1


def test_each_further_recipient_costs_its_receipt_alone(key, provider) -> None:
    people(20)
    event_id = received(key)
    with counted() as decision:
        decide(event_id)
    assert len(messages()) == 20
    assert len(decision) == DECIDE
    with counted() as delivery:
        assert deliver(Lane.URGENT) == 20
    assert len(provider.messages()) == 20
    # One claim for all; those whose answers come together are recorded together.
    claims = [sql for sql in delivery if "attempt_count = attempt_count + 1" in sql]
    assert len(claims) == 1
    assert len(delivery) <= 1 + 3 * 20
    everyone = messages()
    with counted() as receipts:
        for message in everyone:
            apply_receipt(message.pk, Receipt(message.provider_id, MessageState.DELIVERED))
    assert len(receipts) == RECEIPT * 20


def test_those_that_end_together_are_recorded_in_three_statements(key) -> None:
    from django.utils import timezone

    from notifier.delivery.providers.base import SendResult
    from notifier.delivery.sending.claim import claim_due
    from notifier.delivery.sending.record import record
    from tests.alerting.house import TAKEN

    people(20)
    decide(received(key))
    now = timezone.now()
    tries = [SendResult(message, TAKEN, now, now) for message in claim_due(Lane.URGENT)]
    assert len(tries) == 20
    with counted() as recording:
        record(tries)
    assert len(recording) == 3


def test_a_backlog_costs_a_further_event_nothing_more(key) -> None:
    people(1)
    for n in range(25):
        decide(received(key, f"BEFORE-{n}"))
    with counted() as intake:
        event_id = received(key)
    with counted() as decision:
        decide(event_id)
    assert [len(intake), len(decision)] == [INTAKE, DECIDE]
    with counted() as claim_and_records:
        assert deliver(Lane.URGENT) == 26
    assert sum("attempt_count = attempt_count + 1" in sql for sql in claim_and_records) == 1


def test_those_that_are_rung_for_together_share_the_statements_of_one(key) -> None:
    people(1)
    together = [received(key, f"T-{n}") for n in range(12)]
    with counted() as decision:
        decide(*together)
    assert len(decision) == DECIDE
    assert [len(messages(f"T-{n}")) for n in range(12)] == [1] * 12
    assert {i.state for i in Report.objects.all()} == {ReportState.DECIDED}


def test_neighbours_cost_nothing_more(key) -> None:
    """Their people are read and their alerts stored with those of the commune concerned."""
    people(1)
    for code in ("90043", "90045", "90046", "90056", "90063", "90096"):
        contact(commune=code, mobile=number(int(code[-3:])))
    missing = receive(source_of(key), event("R2", category=MISSING)).report_id
    with counted() as decision:
        decide(missing)
    assert len(messages("R2")) == 7
    assert len(decision) == DECIDE


def test_forty_organisations_cost_no_more_statements_than_one(key) -> None:
    """Nor do their later texts; who may be told is one statement, told or not."""
    people(1)
    # Django gives SQLite 999 values in a statement; thirty rows are fewer.
    forty = 40 if connection.vendor == "postgresql" else 30
    counts = []
    for reference, count in (("R1", 1), ("R2", forty - 1)):
        for n in range(count):
            partner = told_by_convention("partenaire", f"{reference}-{n}", f"Partenaire {n}")
            member(partner, mobile=100 + 50 * len(counts) + n)
        first = received(key, reference)
        with counted() as decision:
            decide(first)
        later = event(reference, sequence=2, category=FIRE, severity="extreme")
        update = receive(source_of(key), later).report_id
        with counted() as revision:
            decide(update)
        counts.append((len(decision), len(revision)))
        assert len(messages(reference, revision=1)) == 1 + (1 if count == 1 else forty)
    assert counts[0][0] == DECIDE
    assert counts[0] == counts[1]


def test_a_routine_event_costs_two_statements_more(key) -> None:
    """What its readers got lately, and what is gathered for them; urgent events never look."""
    contact(email="maire@delle.example")
    theft = receive(source_of(key), event("R1", category=THEFT)).report_id
    with counted() as decision:
        decide(theft)
    assert len(messages()) == 1
    assert len(decision) == DECIDE + 2


def test_a_quota_costs_two_statements_more_from_the_second_sms_of_the_day_on(key) -> None:
    people(1)
    Source.objects.update(sms_cap=10)
    decide(received(key, "BEFORE"))
    event_id = received(key)
    with counted() as decision:  # it is read under a lock, planned with, and counted
        decide(event_id)
    assert len(decision) == DECIDE + 2


def test_a_round_of_the_sweeps_that_finds_nothing_asks_and_opens_no_transaction(
    key, monkeypatch
) -> None:
    """What beat asks for every two seconds, of a service whose last alert has arrived."""
    monkeypatch.setattr(counters, "EVERY_S", inf)
    people(1)
    decide(received(key))
    deliver(Lane.URGENT)
    delivered()()

    def decide_and_deliver() -> None:
        for lane in Lane:
            decide_overdue(lane)
            deliver_due(lane)

    for work, statements in (
        # Of each lane: what is undecided, what is out of date, what is due.
        (decide_and_deliver, 2 * 3),
        # What waits too long: a text, an answer, a decision, resources; what is deferred, a quota
        # used, three for fan-outs; comparisons, webhooks, reviews.
        (upkeep_of_alerts, 4 + 1 + 1 + 3 + 3),
        # Leases, questions and receipts at once; pauses; what failed, what came late.
        (upkeep_of_messages, 1 + 1 + 2),
        # Lists that are read, changes that are taken back.
        (upkeep_imports_task, 1 + 1),
    ):
        with counted() as found:
            work()
        assert (len(found), found.transactions) == (statements, 0), "\n".join(found)
