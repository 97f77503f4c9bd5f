"""Moments as the database's own driver takes them, for the statements that are written out."""

from datetime import UTC, datetime
from typing import Any

from django.db import connection


def stored(moment: datetime) -> Any:
    """The aware moment in the driver's own form."""
    return connection.ops.adapt_datetimefield_value(moment)


def loaded(moment: datetime | None) -> datetime | None:
    """The aware moment that a statement written out has returned; SQLite's driver has no zones."""
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment
