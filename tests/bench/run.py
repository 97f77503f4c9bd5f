"""What the parts share: counts, the prepared database, and the figures measured so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import quantiles

from tests.bench.counts import Counts
from tests.bench.house import House
from tests.bench.prepared import Prepared
from tests.bench.progress import say

Figures = dict[str, float]


class NotExact(Exception):
    """Something was lost, doubled or refused: no figure is worth more than that."""


@dataclass
class Run:
    """One `make bench`."""

    counts: Counts
    prepared: Prepared
    figures: dict[str, Figures] = field(default_factory=dict)
    """By part; what each name means stands in the part's docstring."""
    details: dict[str, object] = field(default_factory=dict)
    """For the JSON only."""

    def house(self, database_url: str | None = None) -> House:
        """The service, on a fresh copy of the prepared database where no other is named."""
        return House(self.prepared, database_url or self.prepared.database(), self.counts.workers)

    def settle(self, house: House, part: str, texts_each: int = 1) -> Figures:
        """Check that all that was pushed was told once; `told`, `lost`, `doubled`, `refused`.

        Raises NotExact, after saying so.
        """
        tally = house.tally(texts_each)
        refused = sum(times for code, times in house.answers.items() if code != 202)
        if not tally.is_exact or refused:
            raise NotExact(
                f"{part} : {tally.lost} perdus, {tally.doubled} en double, {tally.unknown} "
                f"inattendus, {refused} refusés ({house.answers})"
            )
        say(f"{part} : {len(house.pushed)} événements, chacun dit une seule fois", step=True)
        return {
            "told": float(len(house.pushed)),
            "lost": float(tally.lost),
            "doubled": float(tally.doubled),
        }


def percentiles(values: Sequence[float]) -> tuple[float, float, float]:
    """The 50th, 95th and 99th percentile (inclusive method)."""
    cuts = quantiles(values, n=100, method="inclusive")
    return cuts[49], cuts[94], cuts[98]
