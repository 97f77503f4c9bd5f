"""Hide small counts from whoever may not see them, against differences between counts as well.

A count under MIN_SHOWN is not shown; every other one is rounded to the nearest multiple of
ROUNDED_TO, a total by itself, so that a total less the others, or a year less its months, gives no
small count back. Where the rounded ones together would still give one away, the total is left out.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

MIN_SHOWN = 5
ROUNDED_TO = 5
# How far a count may lie from the multiple that is shown for it.
_REACH = ROUNDED_TO // 2


@dataclass(frozen=True)
class Shown:
    """A count as one reader may see it: `value` is None where it is hidden."""

    value: int | None
    is_exact: bool = True

    def __str__(self) -> str:
        """Write it, hidden ones as the range that they lie in."""
        return f"moins de {MIN_SHOWN}" if self.value is None else str(self.value)


def shown(count: int, *, sees_all: bool) -> Shown:
    """Return a count as a reader sees it who `sees_all` counts, or only large and rounded ones."""
    if sees_all:
        return Shown(count)
    if count < MIN_SHOWN:
        return Shown(None, is_exact=False)
    return Shown((count + _REACH) // ROUNDED_TO * ROUNDED_TO, is_exact=False)


def gives_away(counts: Collection[int], total: int) -> bool:
    """Return whether a hidden one of these counts could be computed, were all and the total shown.

    The reader knows that the counts make up the total, and how they are hidden and rounded.
    """
    ranges = [_range(count) for count in counts]
    least, most = sum(low for low, _ in ranges), sum(high for _, high in ranges)
    total_least, total_most = _range(total)
    return any(
        max(low, total_least - (most - high)) >= min(high, total_most - (least - low))
        for low, high in ranges
        if high < MIN_SHOWN
    )


def _range(count: int) -> tuple[int, int]:
    """Return between which numbers a count lies, as far as its reader knows."""
    seen = shown(count, sees_all=False).value
    if seen is None:
        return 0, MIN_SHOWN - 1
    return max(MIN_SHOWN, seen - _REACH), seen + _REACH
