"""How long something took, over many."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Delay:
    """Seconds, of which half of them took no more than the median."""

    median: float
    p95: float
    count: int
    """Of how many it is known."""
