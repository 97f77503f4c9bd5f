"""When a text with a STOP clause leaves, as OVHcloud holds it."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from notifier.simulator.ovh_hours import may_leave

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("moment", "leaves"),
    [
        ("2026-11-27 08:00", True),  # a Friday
        ("2026-11-27 21:59", True),
        ("2026-11-27 22:00", False),
        ("2026-11-27 07:59", False),
        ("2026-11-28 12:00", True),  # a Saturday
        ("2026-11-29 12:00", False),  # a Sunday
        ("2026-11-11 12:00", False),
        ("2026-04-06 12:00", False),  # Easter Monday
        ("2026-05-14 12:00", False),  # Ascension Day
        ("2027-05-17 12:00", False),  # Whit Monday
        ("2027-05-18 12:00", True),
    ],
)
def test_by_day_and_on_working_days_alone(moment: str, leaves: bool) -> None:
    assert may_leave(datetime.fromisoformat(moment).replace(tzinfo=PARIS)) is leaves
