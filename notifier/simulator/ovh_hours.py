"""When OVHcloud lets a text with a STOP clause leave: from 8 to 22 h, on no Sunday or holiday.

A text is advertising for it unless `noStopClause` says otherwise. Source: its page « API SMS »; the
hours are those of France.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

_PARIS = ZoneInfo("Europe/Paris")
_BEGINS_H, _ENDS_H = 8, 22
_SUNDAY = 6
# Month and day; article L3133-1 of the labour code.
_FIXED = {(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)}
# Easter Monday, Ascension Day, Whit Monday.
_AFTER_EASTER = (1, 39, 50)


def may_leave(at: datetime) -> bool:
    """Whether a text with a STOP clause leaves at this moment."""
    local = at.astimezone(_PARIS)
    is_by_day = _BEGINS_H <= local.hour < _ENDS_H
    return is_by_day and local.weekday() != _SUNDAY and not _is_holiday(local.date())


def _is_holiday(day: date) -> bool:
    easter = _easter(day.year)
    return (day.month, day.day) in _FIXED or any(
        day == easter + timedelta(days=after) for after in _AFTER_EASTER
    )


def _easter(year: int) -> date:
    """Return Easter Sunday (the anonymous Gregorian computus)."""
    golden = year % 19
    century, rest = divmod(year, 100)
    leap, no_leap = divmod(century, 4)
    moon = (19 * golden + century - leap - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    week = (32 + 2 * no_leap + 2 * (rest // 4) - moon - rest % 4) % 7
    shift = (golden + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * shift + 114, 31)
    return date(year, month, day + 1)
