"""Whether PostgreSQL plans a statement once for a connection, or for its values each time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def planned_for_values() -> Iterator[None]:
    """Have each statement of the block planned for its own values, and none of them prepared.

    A page's search by a rare state, planned without knowing it, took 400 ms where 20 are enough: a
    million rows were walked for what an index finds. What an alert runs is small and alike each
    time, and is prepared (`notifier.settings`).
    """
    if connection.vendor != "postgresql":
        yield
        return
    connection.ensure_connection()
    raw = connection.connection
    before, raw.prepare_threshold = raw.prepare_threshold, None
    try:
        yield
    finally:
        raw.prepare_threshold = before
