"""Two who bring lists in at the same moment: each is written once, or shown anew."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from threading import Barrier

import pytest
import time_machine
from django.db import connection

from notifier.directory.imports import jobs
from notifier.directory.models import Change, ImportJob, ImportState, Mandate
from notifier.territory.resolve import commune_by_code
from tests.directory.public_lists import MAYORS_HEADER, mayor
from tests.directory.test_import_jobs import BELFORT, DELLE, NINETY, listed, state, submit

pytestmark = pytest.mark.usefixtures("real_commits", "fiction")


@pytest.fixture
def november() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 11, 28, 12, tzinfo=UTC)):
        yield


def test_two_confirm_at_the_same_moment_and_one_writes() -> None:
    job = submit(listed(DELLE, BELFORT))
    together = Barrier(2)

    def one(_: int) -> bool:
        try:
            mine = ImportJob.objects.get(pk=job.pk)
            together.wait(10)
            return jobs.confirm(mine, NINETY)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(one, range(2))) == [False, True]
    assert Change.objects.count() == 1
    assert Mandate.objects.count() == 2


@pytest.mark.usefixtures("november")
def test_two_lists_of_one_commune_at_once_leave_one_mayor() -> None:
    delle = commune_by_code("90033")
    assert delle
    since = (date(2026, 3, 21), date(2026, 5, 21))
    names = ("NOYER", "SORBIER")
    both = [
        submit(listed(mayor(delle, name, "Anne", day), header=MAYORS_HEADER))
        for name, day in zip(names, since, strict=True)
    ]

    def one(job: ImportJob) -> str:
        try:
            jobs.confirm(job, NINETY)
            return state(job)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        states = sorted(threads.map(one, both))
    # The second is shown what has become of its commune meanwhile.
    assert states == [ImportState.DONE, ImportState.READY]
    assert Mandate.objects.filter(ends_on=None).count() == 1
