"""Replacing a territory, without a database: the past stays, the list holds, twice is once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from notifier.directory.models import Zone, ZoneKind
from notifier.directory.zones.store import NewZone, ReplacementPlan

FIRST = date(2026, 1, 1)
DAYS = [FIRST + timedelta(days=number) for number in range(12)]
NAMES = st.sampled_from("ABCD")


def shape(radius_m: int) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [3.08, 45.77], "radius_m": radius_m}


LISTS = st.lists(
    st.tuples(NAMES, st.sampled_from([100, 200])), max_size=4, unique_by=lambda zone: zone[0]
).map(lambda zones: [NewZone(ZoneKind.SITE, name, shape(radius)) for name, radius in zones])


def stored_after(stored: Sequence[Zone], plan: ReplacementPlan) -> list[Zone]:
    """What the store writes: those that it ends are changed in place already."""
    zones = [zone for zone in stored if zone not in plan.removed]
    for zone, new in plan.changed:
        zone.shape, zone.ends_on = new.shape, new.ends_on
    number = max((zone.pk for zone in stored), default=0)
    return zones + [
        Zone(
            pk=number + place,
            kind=new.kind,
            name=new.name,
            shape=new.shape,
            starts_on=new.starts_on,
            ends_on=new.ends_on,
        )
        for place, new in enumerate(plan.added, 1)
    ]


def on(stored: Sequence[Zone], day: date) -> list[tuple[str, int]]:
    return sorted((zone.name, zone.shape["radius_m"]) for zone in stored if zone.is_active(day))


def of(wanted: Sequence[NewZone]) -> list[tuple[str, int]]:
    return sorted((new.name, new.shape["radius_m"]) for new in wanted if new.shape)


@given(st.lists(st.tuples(st.sampled_from(DAYS), LISTS), max_size=6))
def test_from_a_day_on_the_list_holds_and_no_earlier_day_changes(
    replacements: list[tuple[date, list[NewZone]]],
) -> None:
    stored: list[Zone] = []
    for day, wanted in replacements:
        before = {earlier: on(stored, earlier) for earlier in DAYS if earlier < day}
        stored = stored_after(stored, ReplacementPlan(stored, wanted, day))
        assert {earlier: on(stored, earlier) for earlier in before} == before
        for later in DAYS:
            if later >= day:
                assert on(stored, later) == of(wanted)
        again = ReplacementPlan(stored, wanted, day)
        assert not (again.added or again.changed or again.ended or again.removed)


@given(st.lists(st.tuples(st.sampled_from(DAYS), LISTS), max_size=4), LISTS)
def test_a_list_without_a_day_is_the_whole_truth(
    replacements: list[tuple[date, list[NewZone]]], wanted: list[NewZone]
) -> None:
    stored: list[Zone] = []
    for day, earlier in replacements:
        stored = stored_after(stored, ReplacementPlan(stored, earlier, day))
    stored = stored_after(stored, ReplacementPlan(stored, wanted, None))
    for day in DAYS:
        assert on(stored, day) == of(wanted)
