"""Look at a département from time to time: what broke since, and what Friday's mail lists."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from notifier.directory.coverage import Coverage, coverage, tonight
from notifier.directory.models import CoverageCheck
from notifier.directory.on_call.shifts import local_moment

MIN_INTERVAL = timedelta(minutes=10)
_FRIDAY, _HOUR = 4, time(17)


@dataclass(frozen=True)
class Checked:
    """A département as it was just found."""

    coverage: Coverage
    is_weekly: bool
    """Whether Friday's mail is due."""
    problems: tuple[str, ...]
    """What is to be told: all of it on a Friday, else what nobody was told of since the last."""


@contextmanager
def checking(departement: str, now: datetime) -> Iterator[Checked | None]:
    """Look at a département and keep what was found, in one transaction with what is told of it.

    None where another worker looks just now, or did a moment ago. The first look tells nothing:
    nothing broke since. `now` is aware.
    """
    CoverageCheck.objects.get_or_create(departement=departement)
    with transaction.atomic():
        before = CoverageCheck.objects.select_for_update().get(departement=departement)
        due = Q(checked_at=None) | Q(checked_at__lt=now - MIN_INTERVAL)
        if not CoverageCheck.objects.filter(due, pk=before.pk).update(checked_at=now):
            yield None
            return
        found = coverage(departement, tonight(departement, now))
        friday = last_friday(now)
        is_weekly = before.weekly_at is not None and before.weekly_at < friday
        known = set() if is_weekly else set(before.known)
        new = tuple(problem for problem in found.problems if problem not in known)
        CoverageCheck.objects.filter(pk=before.pk).update(
            counts=_counts(found),
            known=sorted(known | set(found.problems)),
            weekly_at=friday,
        )
        yield Checked(found, is_weekly, () if before.checked_at is None else new)


def last_friday(now: datetime) -> datetime:
    """Return the last Friday at 17:00 in the service's own time zone, now at the latest."""
    zone = ZoneInfo(settings.TIME_ZONE)
    local = now.astimezone(zone)
    day = local.date() - timedelta(days=(local.weekday() - _FRIDAY) % 7)
    moment = local_moment(datetime.combine(day, _HOUR), zone)
    if moment <= now:
        return moment
    return local_moment(datetime.combine(day - timedelta(days=7), _HOUR), zone)


def _counts(found: Coverage) -> dict[str, int]:
    return {
        "phone": len(found.by_phone),
        "mail": len(found.by_mail_only),
        "nobody": len(found.by_nobody),
        "unconfirmed": len(found.unconfirmed),
        "failing": len(found.failing),
        "gaps": len(found.gaps),
    }
