"""Pushes that come while another is being stored share a transaction; each has its own answer."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from threading import Event
from typing import Any

import pytest
from django.db import IntegrityError, connection

from notifier.alerting.service import accept
from notifier.intake import receive as intake
from notifier.intake.models import Incident, Report, Source
from notifier.intake.receive import ContradictionError, Reception, received
from notifier.journal.models import Entry, Step
from tests.alerting.house import dispatch_centre, event


@pytest.fixture
def source(rules, real_commits) -> Source:
    return dispatch_centre()


def accepted(source: Source, **fields: Any) -> Reception:
    try:
        return accept(source, event(**fields))
    finally:
        connection.close()


@contextmanager
def first_held(reference: str) -> Iterator[Event]:
    """The transaction of this reference's push lasts until all others wait behind it."""
    is_in, may_go = Event(), Event()

    def hold(report: Report, **_: object) -> None:
        if report.reference == reference:
            is_in.set()
            assert may_go.wait(30)

    received.connect(hold)
    try:
        yield is_in
    finally:
        may_go.set()
        received.disconnect(hold)


def pushed_behind_one(source: Source, *pushes: dict[str, Any]) -> list[Future[Reception]]:
    with ThreadPoolExecutor(len(pushes) + 1) as threads:
        with first_held("FIRST") as is_in:
            first = threads.submit(accepted, source, reference="FIRST")
            assert is_in.wait(30)
            others = [threads.submit(accepted, source, **fields) for fields in pushes]
            while len(intake._store_jointly._pending) < len(others):
                assert not any(other.done() and other.result() for other in others)
        return [first, *others]


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many were stored in each transaction that was tried."""
    sizes: list[int] = []
    store = intake._store_jointly._handle

    def counting(arrivals: list[intake._Arrival]) -> list[bool]:
        sizes.append(len(arrivals))
        return store(arrivals)

    monkeypatch.setattr(intake._store_jointly, "_handle", counting)
    return sizes


def test_each_is_stored_once_and_told_what_became_of_it(source: Source, batches: list[int]) -> None:
    moment = event().occurred_at.isoformat()
    first, one, two, again, other = pushed_behind_one(
        source,
        {"reference": "ONE"},
        {"reference": "TWO", "occurred_at": moment},
        {"reference": "TWO", "occurred_at": moment},
        {"reference": "TWO", "occurred_at": moment, "severity": "minor"},
    )
    assert batches == [1, 4]
    assert first.result().is_new
    assert one.result().is_new
    # Which of the three came first is theirs to settle: one is stored, and what it says stands.
    answers = [done.exception() or done.result() for done in (two, again, other)]
    stored = Report.objects.get(incident__reference="TWO")
    same = [answer for answer in answers if isinstance(answer, Reception)]
    refused = [answer for answer in answers if isinstance(answer, ContradictionError)]
    assert {answer.report_id for answer in same} == {stored.pk}
    assert [answer.is_new for answer in same].count(True) == 1
    assert (len(same), len(refused)) == ((1, 2) if stored.severity == "minor" else (2, 1))
    lines = Entry.objects.filter(step=Step.RECEIVED).values_list("incident_id", flat=True)
    assert sorted(lines) == sorted(Report.objects.values_list("incident", flat=True))
    assert len(lines) == 3


def test_one_that_the_database_refuses_fails_alone(
    source: Source, batches: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    as_row = intake._Arrival.as_row

    def of_no_incident(arrival: intake._Arrival, incident: Incident, now: datetime) -> Report:
        row = as_row(arrival, incident, now)
        if row.reference == "BAD":
            row.incident_id = None
        return row

    monkeypatch.setattr(intake._Arrival, "as_row", of_no_incident)
    first, one, bad, two = pushed_behind_one(
        source, {"reference": "ONE"}, {"reference": "BAD"}, {"reference": "TWO"}
    )
    assert [done.result().is_new for done in (first, one, two)] == [True] * 3
    assert isinstance(bad.exception(), IntegrityError)
    assert batches == [1, 3, 1, 1, 1]
    stored = set(Incident.objects.values_list("reference", flat=True))
    assert stored == {"FIRST", "ONE", "TWO"}
    assert Report.objects.count() == 3
    assert Entry.objects.filter(step=Step.RECEIVED).count() == 3
