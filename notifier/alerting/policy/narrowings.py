"""Which narrowings hold at a moment: `narrowings_at`, without a statement for each event.

Each process keeps them, and reads them anew with every heartbeat, or when asked after MAX_AGE_S. A
change is in force IN_FORCE_AFTER its adoption, which is longer: no process decides by what it does
not know yet.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from notifier.alerting.models import Alert, PolicyNarrowing
from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.current import categories
from notifier.alerting.policy.narrowing import narrowed

MAX_AGE_S = 15.0
IN_FORCE_AFTER = timedelta(seconds=30)


@dataclass(frozen=True)
class _Known:
    """What was read at a moment: all that held then, or is to hold."""

    narrowings: tuple[PolicyNarrowing, ...]
    since: datetime
    read_at: float


_known: _Known | None = None


def narrowings_at(at: datetime | None = None) -> Sequence[PolicyNarrowing]:
    """Return the narrowings in force at `at` (aware) or now; of a past moment as the rows say."""
    known = _known
    if known is None or time.monotonic() - known.read_at > MAX_AGE_S:
        known = refresh()
    moment = at or timezone.now()
    if moment < known.since:
        started = PolicyNarrowing.objects.filter(starts_at__lte=moment)
        return list(started.filter(still_open(moment)).order_by("id"))
    return [n for n in known.narrowings if _holds(n, moment)]


def refresh() -> _Known:
    """Read them anew."""
    global _known
    read_at, now = time.monotonic(), timezone.now()
    rows = PolicyNarrowing.objects.filter(still_open(now), starts_at__isnull=False)
    _known = _Known(tuple(rows.order_by("id")), now, read_at)
    return _known


def forget() -> None:
    """Forget what was read, so that it is read again."""
    global _known
    _known = None


def category_of(alert: Alert) -> Category | None:
    """Return an alert's category as it applies now where it tells; None if no longer configured.

    To whom a convention tells, it applies as configured.
    """
    category = categories().get(alert.category)
    if category is None or alert.terms:
        return category
    return narrowed(category, alert.departement, narrowings_at())


def still_open(at: datetime) -> Q:
    """Return the condition of those that have not ended at `at`."""
    return Q(ends_at=None) | Q(ends_at__gt=at)


def _holds(narrowing: PolicyNarrowing, at: datetime) -> bool:
    begins, ends = narrowing.starts_at, narrowing.ends_at
    return begins is not None and begins <= at and (ends is None or ends > at)
