"""Shifts on call: the hour of the hand-over, over both changes of the clock and overseas."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.directory.on_call.shifts import (
    Gap,
    OverlapError,
    Pattern,
    Shift,
    local_moment,
    next_gap,
    on_call_at,
    reassign,
    require_no_overlap,
    shifts_from,
    without,
)
from notifier.territory.reference import overseas

PARIS = ZoneInfo("Europe/Paris")
LEGAL_TIMES = sorted(
    {zone for zone, _ in overseas._BY_DEPARTEMENT.values()}
    | set(overseas._TIME_ZONE_BY_COMMUNE.values())
    | {"Europe/Paris"}
)
FIVE = (11, 12, 13, 14, 15)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def naive(*parts: int) -> datetime:
    return datetime(*parts)  # noqa: DTZ001 - a time of day in some zone


def friday_rota(first: datetime, zone: ZoneInfo = PARIS) -> Pattern:
    return Pattern(first, 7, FIVE, zone)


def hours(shift: Shift) -> float:
    return (shift.ends_at - shift.starts_at) / timedelta(hours=1)


# --- from a pattern ------------------------------------------------------------------------------


def test_friday_18_h_stays_18_h_when_summer_time_ends() -> None:
    rota = friday_rota(naive(2026, 10, 16, 18))
    shifts = list(shifts_from(rota, utc(2026, 10, 16, 16), utc(2026, 11, 6)))
    assert [shift.starts_at for shift in shifts] == [
        utc(2026, 10, 16, 16),
        utc(2026, 10, 23, 16),
        utc(2026, 10, 30, 17),
    ]
    assert [hours(shift) for shift in shifts] == [168, 169, 168]
    assert [shift.mandate for shift in shifts] == [11, 12, 13]


def test_friday_18_h_stays_18_h_when_summer_time_starts() -> None:
    rota = friday_rota(naive(2027, 3, 19, 18))
    shifts = list(shifts_from(rota, utc(2027, 3, 19, 17), utc(2027, 4, 9)))
    assert [shift.starts_at for shift in shifts] == [
        utc(2027, 3, 19, 17),
        utc(2027, 3, 26, 17),
        utc(2027, 4, 2, 16),
    ]
    assert [hours(shift) for shift in shifts] == [168, 167, 168]


def test_saint_pierre_changes_its_clock_on_other_days_than_paris() -> None:
    """Miquelon: 8 March 2026 and 1 November 2026, as Canada."""
    rota = friday_rota(naive(2026, 3, 6, 18), ZoneInfo("America/Miquelon"))
    first, second = shifts_from(rota, utc(2026, 3, 6, 21), utc(2026, 3, 20))
    assert (first.starts_at, first.ends_at) == (utc(2026, 3, 6, 21), utc(2026, 3, 13, 20))
    assert hours(first) == 167
    assert hours(second) == 168


@pytest.mark.parametrize(
    ("zone", "in_utc"),
    [
        ("Indian/Reunion", utc(2026, 10, 23, 14)),
        ("America/Guadeloupe", utc(2026, 10, 23, 22)),
        ("Pacific/Tahiti", utc(2026, 10, 24, 4)),
        ("Pacific/Noumea", utc(2026, 10, 23, 7)),
        ("Pacific/Marquesas", utc(2026, 10, 24, 3, 30)),
    ],
)
def test_overseas_every_week_has_168_hours(zone: str, in_utc: datetime) -> None:
    rota = friday_rota(naive(2026, 10, 23, 18), ZoneInfo(zone))
    shifts = list(shifts_from(rota, in_utc, in_utc + timedelta(weeks=53)))
    assert shifts[0].starts_at == in_utc
    assert {hours(shift) for shift in shifts} == {168}
    assert len(shifts) == 53


def test_a_time_that_is_skipped_is_an_hour_later_that_day_alone() -> None:
    """28 March 2027: 2:00 becomes 3:00 in Paris."""
    rota = Pattern(naive(2027, 3, 27, 2, 30), 1, (1, 2), PARIS)
    shifts = list(shifts_from(rota, utc(2027, 3, 27, 1, 30), utc(2027, 3, 30)))
    assert [shift.starts_at for shift in shifts] == [
        utc(2027, 3, 27, 1, 30),  # 2:30, UTC+1
        utc(2027, 3, 28, 1, 30),  # 3:30, UTC+2
        utc(2027, 3, 29, 0, 30),  # 2:30, UTC+2
    ]


def test_a_time_that_comes_twice_is_the_first() -> None:
    """25 October 2026: 3:00 becomes 2:00 in Paris."""
    rota = Pattern(naive(2026, 10, 24, 2, 30), 1, (1, 2), PARIS)
    shifts = list(shifts_from(rota, utc(2026, 10, 24, 0, 30), utc(2026, 10, 27)))
    assert [shift.starts_at for shift in shifts] == [
        utc(2026, 10, 24, 0, 30),
        utc(2026, 10, 25, 0, 30),  # the one of summer time
        utc(2026, 10, 26, 1, 30),
    ]


def test_it_ends_on_its_last_day_at_the_hour_of_the_hand_over() -> None:
    until_friday = Pattern(naive(2026, 12, 4, 18), 7, FIVE, PARIS, ends_on=date(2026, 12, 18))
    assert [s.ends_at for s in shifts_from(until_friday, utc(2026, 12, 1), utc(2027, 3, 1))] == [
        utc(2026, 12, 11, 17),
        utc(2026, 12, 18, 17),
    ]
    until_tuesday = Pattern(naive(2026, 12, 4, 18), 7, FIVE, PARIS, ends_on=date(2026, 12, 15))
    assert [s.ends_at for s in shifts_from(until_tuesday, utc(2026, 12, 1), utc(2027, 3, 1))] == [
        utc(2026, 12, 11, 17),
        utc(2026, 12, 15, 17),
    ]


def test_from_the_middle_on_the_turns_go_on_in_the_same_order() -> None:
    rota = friday_rota(naive(2026, 1, 2, 18))
    whole = list(shifts_from(rota, utc(2026, 1, 1), utc(2028, 1, 1)))
    since = utc(2027, 5, 12, 3)
    assert list(shifts_from(rota, since, utc(2028, 1, 1))) == [
        shift for shift in whole if shift.ends_at > since
    ]


patterns = st.builds(
    Pattern,
    first_start=st.datetimes(naive(2024, 1, 1), naive(2030, 1, 1)).map(
        lambda at: at.replace(second=0, microsecond=0)
    ),
    shift_days=st.integers(1, 31),
    members=st.lists(st.integers(1, 9), min_size=1, max_size=6).map(tuple),
    time_zone=st.sampled_from(LEGAL_TIMES).map(ZoneInfo),
    ends_on=st.none() | st.dates(date(2024, 1, 1), date(2031, 1, 1)),
)
moments = st.datetimes(naive(2024, 1, 1), naive(2030, 1, 1), timezones=st.just(UTC))


@given(patterns, moments, st.integers(0, 400))
def test_shifts_follow_each_other_without_gap_and_change_hands_at_the_local_hour(
    rota: Pattern, since: datetime, days: int
) -> None:
    until = since + timedelta(days=days)
    shifts = list(shifts_from(rota, since, until))
    for before, after in pairwise(shifts):
        assert before.ends_at == after.starts_at
    zone, hour = rota.time_zone, rota.first_start.time()
    for shift in shifts:
        assert since < shift.ends_at
        assert shift.starts_at < min(until, shift.ends_at)
        local = shift.starts_at.astimezone(zone)
        if local.time() == hour:
            # Of a time that comes twice, the first.
            assert local.fold == 0
        else:
            # Skipped: the clock went on by an hour, and so does the hand-over.
            before = (shift.starts_at - timedelta(hours=2)).astimezone(zone)
            assert local.utcoffset() - before.utcoffset() == timedelta(hours=1)
            assert (local - timedelta(hours=1)).time() == hour
        turn, rest = divmod((local.date() - rota.first_start.date()).days, rota.shift_days)
        assert rest == 0
        assert shift.mandate == rota.members[turn % len(rota.members)]


@given(patterns, moments)
def test_whenever_it_is_asked_for_a_shift_is_the_same(rota: Pattern, at: datetime) -> None:
    a_week_before = on_call_at(
        shifts_from(rota, at - timedelta(days=7), at + timedelta(days=7)), at
    )
    assert on_call_at(shifts_from(rota, at, at + timedelta(seconds=1)), at) == a_week_before


@given(patterns, moments)
def test_somebody_is_on_call_from_the_first_hand_over_to_the_last(
    rota: Pattern, at: datetime
) -> None:
    first = local_moment(rota.first_start, rota.time_zone)
    runs = at >= first
    if rota.ends_on is not None:
        last = datetime.combine(rota.ends_on, rota.first_start.time())
        runs = runs and at < local_moment(last, rota.time_zone)
    found = on_call_at(shifts_from(rota, at, at + timedelta(seconds=1)), at)
    assert (found is not None) == runs


# --- what is there: at a moment, gaps, swaps, overlaps -------------------------------------------

WEEK = [
    Shift(utc(2026, 12, 4, 17), utc(2026, 12, 11, 17), 11, pk=1),
    Shift(utc(2026, 12, 11, 17), utc(2026, 12, 18, 17), 12, pk=2),
    Shift(utc(2026, 12, 25, 17), utc(2027, 1, 1, 17), 13, pk=3),
]


@pytest.mark.parametrize(
    ("at", "mandate"),
    [
        (utc(2026, 12, 4, 16, 59, 59), None),
        (utc(2026, 12, 4, 17), 11),
        (utc(2026, 12, 11, 16, 59, 59), 11),
        (utc(2026, 12, 11, 17), 12),
        (utc(2026, 12, 20), None),
    ],
)
def test_the_hand_over_belongs_to_the_next_shift(at: datetime, mandate: int | None) -> None:
    shift = on_call_at(WEEK, at)
    assert (shift.mandate if shift else None) == mandate


def test_the_next_gap() -> None:
    assert next_gap(WEEK, utc(2026, 12, 5)) == Gap(utc(2026, 12, 18, 17), utc(2026, 12, 25, 17))
    assert next_gap(WEEK, utc(2026, 12, 20)) == Gap(utc(2026, 12, 20), utc(2026, 12, 25, 17))
    assert next_gap(WEEK, utc(2026, 12, 26)) == Gap(utc(2027, 1, 1, 17), None)
    assert next_gap(WEEK, utc(2027, 2, 1)) == Gap(utc(2027, 2, 1), None)
    assert next_gap(WEEK, utc(2026, 12, 1)) == Gap(utc(2026, 12, 1), utc(2026, 12, 4, 17))
    assert next_gap([], utc(2026, 12, 1)) is None


def test_a_whole_shift_given_to_somebody_else_keeps_its_number() -> None:
    changed = reassign(WEEK, WEEK[1].starts_at, WEEK[1].ends_at, 15)
    assert changed == [WEEK[0], Shift(WEEK[1].starts_at, WEEK[1].ends_at, 15, pk=2), WEEK[2]]


def test_one_night_of_a_shift_given_to_somebody_else_leaves_the_rest() -> None:
    evening, morning = utc(2026, 12, 7, 19), utc(2026, 12, 8, 6)
    assert reassign(WEEK[:1], evening, morning, 15) == [
        Shift(utc(2026, 12, 4, 17), evening, 11, pk=1),
        Shift(evening, morning, 15),
        Shift(morning, utc(2026, 12, 11, 17), 11),
    ]


def test_two_shifts_at_once_are_refused_and_named() -> None:
    other = Shift(utc(2026, 12, 18, 16), utc(2026, 12, 19), 14)
    with pytest.raises(OverlapError) as refused:
        require_no_overlap([other, *WEEK])
    assert (refused.value.first, refused.value.second) == (WEEK[1], other)
    require_no_overlap([Shift(utc(2026, 12, 18, 17), utc(2026, 12, 25, 17), 14), *WEEK])


def test_what_is_planned_keeps_off_what_is_there() -> None:
    planned = [Shift(utc(2026, 12, 10), utc(2026, 12, 31), 20)]
    assert without(planned, WEEK) == [Shift(utc(2026, 12, 18, 17), utc(2026, 12, 25, 17), 20)]


shift_lists = st.lists(st.integers(0, 2000), min_size=2, max_size=20, unique=True).map(
    lambda hours: [
        Shift(
            utc(2026, 1, 1) + timedelta(hours=start),
            utc(2026, 1, 1) + timedelta(hours=end),
            index % 4,
            pk=index,
        )
        for index, (start, end) in enumerate(pairwise(sorted(hours)))
        if index % 3
    ]
)
hours_of_year = st.integers(0, 2000).map(lambda hour: utc(2026, 1, 1) + timedelta(hours=hour))


@given(shift_lists, hours_of_year, hours_of_year, hours_of_year)
def test_a_swap_changes_who_and_never_when(
    shifts: list[Shift], start: datetime, end: datetime, at: datetime
) -> None:
    changed = reassign(shifts, start, end, 99)
    require_no_overlap(changed)
    before, after = on_call_at(shifts, at), on_call_at(changed, at)
    expected = before.mandate if before else None
    if before and start <= at < end:
        expected = 99
    assert (after.mandate if after else None) == expected
    kept = [shift.pk for shift in changed if shift.pk is not None]
    assert sorted(kept) == sorted(shift.pk for shift in shifts)


@given(shift_lists, shift_lists, hours_of_year)
def test_what_is_left_of_a_plan_is_all_that_nobody_has(
    planned: list[Shift], taken: list[Shift], at: datetime
) -> None:
    left = without(planned, taken)
    require_no_overlap([*left, *taken])
    found, wanted = on_call_at(left, at), on_call_at(planned, at)
    free = wanted is not None and on_call_at(taken, at) is None
    assert (found is not None) == free
    if found is not None:
        assert found.mandate == wanted.mandate


@given(shift_lists, hours_of_year)
def test_the_next_gap_is_the_first_moment_without_anybody(
    shifts: list[Shift], since: datetime
) -> None:
    gap = next_gap(shifts, since)
    if not shifts:
        assert gap is None
        return
    assert gap is not None
    assert on_call_at(shifts, gap.starts_at) is None
    hour = since
    while hour < gap.starts_at:
        assert on_call_at(shifts, hour) is not None
        hour += timedelta(hours=1)
    if gap.ends_at:
        assert on_call_at(shifts, gap.ends_at) is not None
