"""A list of invented mayors of 2,000 communes: imported, changed, undone.

`python -m tests.bench.lists` measures the same with every commune of France.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifier.directory.imports.importer import import_list
from notifier.directory.models import Mandate, Person
from notifier.directory.undoing.undo import undo
from tests.directory.public_lists import MAYORS_HEADER, mayors, write

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fiction")]

COUNT = 2_000
ELECTION = date(2026, 3, 21)


def test_a_long_list_is_imported_followed_by_the_next_and_taken_back(tmp_path: Path) -> None:
    path = write(tmp_path / "maires.csv", MAYORS_HEADER, mayors(COUNT, seed=1))
    assert import_list(path, author="essai").added == COUNT
    before = everybody()
    with CaptureQueriesContext(connection) as queries:
        assert import_list(path, author="essai").unchanged == COUNT
    assert len(queries) < 10
    summary = import_list(
        write(path, MAYORS_HEADER, mayors(COUNT, seed=2, since=ELECTION)), author="essai"
    )
    # A few keep their office: of two draws of a name some are the same.
    assert summary.added + summary.unchanged == COUNT
    assert summary.added == summary.ended > COUNT * 0.9
    assert Mandate.objects.filter(ends_on=None).count() == COUNT
    assert Person.objects.count() == COUNT + summary.added
    assert summary.change is not None
    with CaptureQueriesContext(connection) as queries:
        undone = undo(summary.change, "essai")
    assert undone.kept == []
    # SQLite takes few values in a statement that inserts; none goes by row.
    assert len(queries) < COUNT / 5
    assert everybody() == before


def everybody() -> list[tuple[Any, ...]]:
    return list(Mandate.objects.order_by("pk").values_list("pk", "person__name_key", "ends_on"))
