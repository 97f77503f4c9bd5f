"""What the provider was handed, counted by reference: nothing lost, nothing doubled."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from notifier.simulator.client import Sms

_REFERENCE = re.compile(r"BANC-\d{7}")


@dataclass(frozen=True)
class Tally:
    """How the provider's phones compare with what was pushed and answered 202."""

    lost: int
    """Texts that nobody got."""
    doubled: int
    """Texts too many."""
    unknown: int
    """Texts of events that were not answered 202."""
    created: dict[str, float] = field(repr=False)
    """When the provider took the first text of each reference, in seconds since 1970."""

    @property
    def first(self) -> float:
        """When the provider took the first of all."""
        return min(self.created.values())

    @property
    def last(self) -> float:
        """When it took the last."""
        return max(self.created.values())

    @property
    def is_exact(self) -> bool:
        """Every event told once to each, and nothing else."""
        return not (self.lost or self.doubled or self.unknown)


def tally(texts: Iterable[Sms], pushed: Iterable[str], texts_each: int) -> Tally:
    """Count the references in the texts; a text that gathers several counts for each of them."""
    created: dict[str, float] = {}
    times: Counter[str] = Counter()
    for sms in texts:
        moment = datetime.fromisoformat(sms["created"]).timestamp()
        for reference in _REFERENCE.findall(sms["body"]):
            times[reference] += 1
            created.setdefault(reference, moment)
    expected = set(pushed)
    return Tally(
        lost=sum(max(0, texts_each - times[reference]) for reference in expected),
        doubled=sum(max(0, times[reference] - texts_each) for reference in expected),
        unknown=sum(count for reference, count in times.items() if reference not in expected),
        created={reference: at for reference, at in created.items() if reference in expected},
    )
