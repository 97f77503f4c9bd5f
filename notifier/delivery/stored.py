"""Moments as the database's own driver takes them, for the statements that are written out."""

from datetime import datetime
from typing import Any

from django.db import connection


def stored(moment: datetime) -> Any:
    """The aware moment in the driver's own form."""
    return connection.ops.adapt_datetimefield_value(moment)
