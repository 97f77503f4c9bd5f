"""Shifts on call: from a pattern in local time, who has one at a moment, gaps, swaps, overlaps.

Reads no database. Every moment of a shift is aware; a pattern is in the local time of its
organisation, so that a hand-over at 18:00 stays at 18:00 when the clock changes, and the shift over
that change is an hour longer or shorter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count, pairwise
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Shift:
    """Who is on call, from one moment up to, but not including, another."""

    starts_at: datetime
    ends_at: datetime
    mandate: int
    pk: int | None = None
    """The number under which it is stored; None if it is not."""

    def __contains__(self, at: datetime) -> bool:
        return self.starts_at <= at < self.ends_at

    def overlaps(self, other: Shift) -> bool:
        """Return whether both last at some moment; one that ends as the other starts does not."""
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


@dataclass(frozen=True)
class Pattern:
    """Members in turn, from hand-over to hand-over.

    `first_start` is naive and local. So is the day `ends_on`: what lasts then ends at the hour of
    the hand-over. None: there is no end.
    """

    first_start: datetime
    shift_days: int
    members: tuple[int, ...]
    time_zone: ZoneInfo
    ends_on: date | None = None


@dataclass(frozen=True)
class Gap:
    """A time during which nobody is on call; `ends_at` None: nobody is planned afterwards."""

    starts_at: datetime
    ends_at: datetime | None


class OverlapError(ValueError):
    """Two shifts of one organisation last at the same moment."""

    def __init__(self, first: Shift, second: Shift) -> None:
        super().__init__("shifts overlap")
        self.first = first
        self.second = second


def local_moment(naive: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment, in UTC, that a local date and time mean.

    As RFC 5545 § 3.3.5: a time that comes twice means the first; one that is skipped is read with
    the offset from before the change (2:30 in March is 3:30).
    """
    return naive.replace(tzinfo=zone, fold=0).astimezone(UTC)


def shifts_from(pattern: Pattern, since: datetime, until: datetime) -> Iterator[Shift]:
    """Yield the pattern's shifts that start before `until` and end after `since`, in order."""
    step = timedelta(days=pattern.shift_days)
    local_since = since.astimezone(pattern.time_zone).replace(tzinfo=None)
    # One shift early: around a change of the clock, local times and moments differ by an hour.
    first = max(0, (local_since - pattern.first_start) // step - 1)
    last = None
    if pattern.ends_on is not None:
        last_handover = datetime.combine(pattern.ends_on, pattern.first_start.time())
        last = local_moment(last_handover, pattern.time_zone)
    for turn in count(first):
        starts_at = local_moment(pattern.first_start + turn * step, pattern.time_zone)
        if starts_at >= until or (last is not None and starts_at >= last):
            return
        ends_at = local_moment(pattern.first_start + (turn + 1) * step, pattern.time_zone)
        if last is not None:
            ends_at = min(ends_at, last)
        if ends_at > since:
            yield Shift(starts_at, ends_at, pattern.members[turn % len(pattern.members)])


def on_call_at(shifts: Iterable[Shift], at: datetime) -> Shift | None:
    """Return the shift that lasts at the moment."""
    return next((shift for shift in shifts if at in shift), None)


def next_gap(shifts: Iterable[Shift], since: datetime) -> Gap | None:
    """Return the first time from `since` on at which nobody is on call; None without any shift.

    Without a shift that ends after `since` the gap is there already.
    """
    in_order = sorted(shifts, key=lambda shift: shift.starts_at)
    if not in_order:
        return None
    covered_until = since
    for shift in in_order:
        if shift.starts_at > covered_until:
            return Gap(covered_until, shift.starts_at)
        covered_until = max(covered_until, shift.ends_at)
    return Gap(covered_until, None)


def reassign(
    shifts: Iterable[Shift], starts_at: datetime, ends_at: datetime, mandate: int
) -> list[Shift]:
    """Return the shifts with those between the two moments given to `mandate`, in order.

    One that lasts beyond is cut, and its holder keeps the rest; where nobody was on call, nobody
    is. The first piece of a shift keeps its number.
    """
    pieces: list[Shift] = []
    for shift in sorted(shifts, key=lambda shift: shift.starts_at):
        starts, ends = max(shift.starts_at, starts_at), min(shift.ends_at, ends_at)
        if starts >= ends:
            pieces.append(shift)
            continue
        parts = [
            replace(shift, ends_at=starts),
            replace(shift, starts_at=starts, ends_at=ends, mandate=mandate),
            replace(shift, starts_at=ends),
        ]
        parts = [part for part in parts if part.starts_at < part.ends_at]
        pieces += [parts[0], *(replace(part, pk=None) for part in parts[1:])]
    return pieces


def without(shifts: Iterable[Shift], taken: Sequence[Shift]) -> list[Shift]:
    """Return the shifts where none of those in `taken` lasts, cut where one does, in order."""
    remaining: list[Shift] = []
    for shift in shifts:
        starts_at = shift.starts_at
        for other in sorted(filter(shift.overlaps, taken), key=lambda other: other.starts_at):
            if other.starts_at > starts_at:
                remaining.append(replace(shift, starts_at=starts_at, ends_at=other.starts_at))
            starts_at = max(starts_at, other.ends_at)
        if starts_at < shift.ends_at:
            remaining.append(replace(shift, starts_at=starts_at))
    return remaining


def require_no_overlap(shifts: Iterable[Shift]) -> None:
    """Raise OverlapError with the first two shifts that last at the same moment."""
    for first, second in pairwise(sorted(shifts, key=lambda shift: shift.starts_at)):
        if first.overlaps(second):
            raise OverlapError(first, second)
