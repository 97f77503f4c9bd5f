"""The source of end-to-end tests: how it is told from dispatch's, and a report from another."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from notifier.alerting.models import CANARY, CanaryRun
from notifier.intake.models import Report, Source

NAME = "Essai de bout en bout"
LATE_AFTER = timedelta(minutes=5)
_REFERENCE = "ESSAI-"


def canary_source() -> Source:
    """Return the source of end-to-end tests, stored once; no key opens it, no département is its.

    It counts as revoked, so that nobody is asked to mend it and it is never silent.
    """
    source, _ = Source.objects.get_or_create(
        key_hash=CANARY,
        defaults={"name": NAME, "departements": [], "revoked_at": timezone.now()},
    )
    return source


def is_canary(source: Source) -> bool:
    """Return whether it is that source. No statement for one that dispatch reports as."""
    # A decision has not read the key: it is asked only of a source without any département.
    return not source.departements and source.key_hash == CANARY


def reference_of(run: CanaryRun) -> str:
    """Return under which reference a run is reported."""
    return f"{_REFERENCE}{run.pk}"


def run_of(report: Report) -> CanaryRun | None:
    """Return the run that a report of that source is."""
    number = report.reference.removeprefix(_REFERENCE)
    return CanaryRun.objects.filter(pk=int(number)).first() if number.isdigit() else None
