"""A connection is known to be dead without asking the server; a living one is not asked either."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection


@pytest.fixture
def mine(db) -> Iterator:
    """A connection of its own to the tests' database."""
    if connection.vendor != "postgresql":
        pytest.skip("a matter of PostgreSQL's connections")
    own = connection.copy()
    own.health_check_enabled = True
    yield own
    own.close()


def backend(of) -> int:
    """The number of the server process at the other end."""
    with of.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (number,) = cursor.fetchone()
    return int(number)


def let_a_task_pass(of) -> None:
    of.close_if_unusable_or_obsolete()


def test_one_that_the_server_ended_is_replaced_before_the_next_statement(mine) -> None:
    before = backend(mine)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [before])
    let_a_task_pass(mine)
    assert backend(mine) != before


def test_a_living_one_is_kept_and_asked_nothing(mine) -> None:
    before = backend(mine)
    assert mine.is_usable()
    with connection.cursor() as cursor:
        cursor.execute("SELECT query FROM pg_stat_activity WHERE pid = %s", [before])
        assert cursor.fetchone() == ("SELECT pg_backend_pid()",)
    let_a_task_pass(mine)
    assert backend(mine) == before


def test_a_page_that_opens_the_connection_has_its_statements_planned_as_well(
    mine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from notifier.db import planning

    monkeypatch.setattr(planning, "connection", mine)
    assert mine.connection is None
    with planning.planned_for_values():
        assert mine.connection.prepare_threshold is None
    assert mine.connection.prepare_threshold is not None


@pytest.mark.django_db
def test_what_a_page_asks_is_planned_for_its_values_and_what_an_alert_runs_once() -> None:
    from notifier.db.planning import planned_for_values

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    before = getattr(connection.connection, "prepare_threshold", None)
    with pytest.raises(ZeroDivisionError), planned_for_values():
        assert getattr(connection.connection, "prepare_threshold", None) is None
        raise ZeroDivisionError
    assert getattr(connection.connection, "prepare_threshold", None) == before
    assert (before is None) == (connection.vendor == "sqlite")
