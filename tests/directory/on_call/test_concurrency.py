"""Several administrators and clocks at once: shifts never overlap, and none is stored twice."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from threading import Barrier

import pytest
from django.db import connection

from notifier.directory.models import CalendarFeed, Mandate, OnCallRotation, OnCallShift
from notifier.directory.on_call import planning
from notifier.directory.on_call.feeds import open_feed, read_feed
from notifier.directory.on_call.planning import NewRotation, OnCallError
from tests.directory.people import organisation, somebody

NOW = datetime(2026, 10, 12, 8, tzinfo=UTC)
FIRST = datetime(2026, 10, 16, 18)  # noqa: DTZ001 - local


def at_once(*works: Callable[[], object]) -> list[object]:
    """What each returns or raises, in threads that begin together on connections of their own."""
    start = Barrier(len(works))

    def run(work: Callable[[], object]) -> object:
        try:
            start.wait()
            return work()
        except OnCallError as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(run, works))


@pytest.fixture
def members(real_commits: None) -> list[Mandate]:
    delle = organisation()
    return [somebody(delle, name) for name in ("Merisier", "Tilleul", "Aulne", "Sorbier")]


def test_of_several_rotations_planned_at_once_one_is_stored(members: list[Mandate]) -> None:
    where = members[0].organisation
    results = at_once(
        *(
            lambda member=member: planning.plan_rotation(where, NewRotation([member], FIRST), NOW)
            for member in members
        )
    )
    assert sum(isinstance(result, OnCallError) for result in results) == 3
    assert OnCallRotation.objects.count() == 1
    shifts = list(OnCallShift.objects.order_by("starts_at"))
    assert len(shifts) == 53
    assert all(before.ends_at <= after.starts_at for before, after in pairwise(shifts))


def test_two_clocks_extend_once(members: list[Mandate]) -> None:
    planning.plan_rotation(members[0].organisation, NewRotation(members, FIRST), NOW)
    later = NOW + timedelta(weeks=10)
    results = at_once(*[lambda: planning.extend_rotations(later)] * 4)
    assert sorted(results) == [0, 0, 0, 10]
    assert OnCallShift.objects.count() == 63


def test_of_two_addresses_made_at_once_one_opens(members: list[Mandate]) -> None:
    where = members[0].organisation
    secrets = at_once(*[lambda: open_feed(where, "administratrice", NOW)] * 3)
    assert sum(read_feed(str(secret), NOW) is not None for secret in secrets) == 1
    assert CalendarFeed.objects.filter(revoked_at=None).count() == 1
