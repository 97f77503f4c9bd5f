"""Periods of days, either end of which may be open."""

from datetime import date


def is_within(day: date, starts_on: date | None, ends_on: date | None) -> bool:
    """Return whether the day is in the period, both ends included; None is without limit."""
    return (starts_on is None or starts_on <= day) and (ends_on is None or day <= ends_on)
