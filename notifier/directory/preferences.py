"""How people want to be told of what is not urgent: by which channels, and when not by SMS.

What is urgent knows no preferences.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from notifier.directory.models import Preferences


def quiet_until(preferences: Preferences | None, zone: ZoneInfo, at: datetime) -> datetime | None:
    """Return when the quiet hours end in which `at` lies (aware, UTC); None outside them.

    They are hours of the organisation's own time zone, whatever the clock does that night: 2:30
    that is skipped is 3:30, and of one that comes twice the next is meant.
    """
    if preferences is None or preferences.quiet_from is None or preferences.quiet_until is None:
        return None
    begins, ends = preferences.quiet_from, preferences.quiet_until
    local = at.astimezone(zone)
    now = local.time()
    is_over_midnight = begins > ends
    is_quiet = (now >= begins or now < ends) if is_over_midnight else begins <= now < ends
    if not is_quiet:
        return None
    is_tomorrow = is_over_midnight and now >= begins
    day = local.date() + timedelta(days=1) if is_tomorrow else local.date()
    wall = datetime.combine(day, ends, zone)
    first, second = (wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    return first if first > at else second


def quiet_until_by_person(
    people: Collection[int], zone: ZoneInfo, at: datetime
) -> dict[int, datetime | None]:
    """Return the same of each of these people. One statement."""
    chosen = {row.person_id: row for row in Preferences.objects.filter(person__in=people)}
    return {person: quiet_until(chosen.get(person), zone, at) for person in people}
