"""Addresses that keep themselves right: failing for good, working again, refused, confirmed.

An address that fails for good MAX_FAILURES times in a row is passed over until somebody confirms
it. Every step is one conditional UPDATE of all who have the address.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from notifier.directory.models import MAX_FAILURES, Address

_WORKING: dict[str, object] = {"failures": 0, "failing_since": None, "failing_reason": ""}


@dataclass(frozen=True)
class Failing:
    """An address that failed for good, since when, and whether it is passed over."""

    kind: str
    value: str
    since: datetime
    is_passed_over: bool


def failing(kind: str, value: str) -> Failing | None:
    """Return since when the address fails; None if it does not, or nobody has it."""
    return next(iter(_to_failing(_failing_rows().filter(kind=kind, value=value))), None)


def all_failing() -> list[Failing]:
    """Return every address that fails, each once however many people have it."""
    return _to_failing(_failing_rows())


def note_failure(kind: str, value: str, reason: str, at: datetime) -> bool:
    """Count a failure for good; return whether the address is passed over from now on."""
    theirs = Address.objects.filter(kind=kind, value=value, failures__lt=MAX_FAILURES)
    counted = theirs.update(
        failures=F("failures") + 1,
        failing_since=Coalesce("failing_since", Value(at)),
        failing_reason=reason,
    )
    found = failing(kind, value)
    return bool(counted) and found is not None and found.is_passed_over


def note_success(kind: str, value: str, at: datetime) -> None:
    """Forget the failures before `at`, when something arrived there."""
    failed = Address.objects.filter(kind=kind, value=value, failing_since__lt=at)
    failed.update(**_WORKING)


def note_opt_out(kind: str, value: str, at: datetime) -> bool:
    """Keep that whoever has the address refuses messages; return whether that is new."""
    theirs = Address.objects.filter(kind=kind, value=value, opted_out_at=None)
    return bool(theirs.update(opted_out_at=at))


def note_opt_in(kind: str, value: str) -> bool:
    """Keep that whoever refused messages at the address wants them again; return whether so."""
    theirs = Address.objects.filter(kind=kind, value=value).exclude(opted_out_at=None)
    return bool(theirs.update(opted_out_at=None))


def is_known(value: str) -> bool:
    """Return whether somebody has this address."""
    return Address.objects.filter(value=value).exists()


def passed_over_addresses(organisations: Collection[int] | None = None) -> list[Address]:
    """Return the addresses that are passed over, with their people; of these organisations or all.

    Those of people without a mandate there are left out.
    """
    rows = Address.objects.filter(Q(failures__gte=MAX_FAILURES) | Q(opted_out_at__isnull=False))
    if organisations is not None:
        rows = rows.filter(person__mandates__organisation__in=organisations)
    return list(rows.distinct().select_related("person").order_by("person__name_key", "id"))


def latest_passed_over(addresses: QuerySet[Address], limit: int) -> list[Address]:
    """Return which of these addresses failed for good, the latest first, with their people.

    Three statements.
    """
    rows = addresses.filter(failing_since__isnull=False, failures__gte=MAX_FAILURES)
    latest = rows.select_related("person").order_by("-failing_since", "-id")
    return list(latest.prefetch_related("person__mandates__organisation")[:limit])


def confirm(address: Address, now: datetime, *, is_accepted_again: bool = False) -> Address:
    """Have the address tried again: somebody has made sure that it is right.

    What its owner refused stays refused, unless they accept messages again.
    """
    address.confirmed_on = timezone.localtime(now).date()
    if is_accepted_again:
        address.opted_out_at = None
    address.failures, address.failing_since, address.failing_reason = 0, None, ""
    address.save()
    return address


def _failing_rows() -> QuerySet[Address]:
    return Address.objects.filter(failing_since__isnull=False).order_by("failing_since", "id")


def _to_failing(rows: QuerySet[Address]) -> list[Failing]:
    by_value: dict[tuple[str, str], Failing] = {}
    for kind, value, since, failures in rows.values_list(
        "kind", "value", "failing_since", "failures"
    ):
        if since is not None:
            found = Failing(kind, value, since, failures >= MAX_FAILURES)
            by_value.setdefault((kind, value), found)
    return list(by_value.values())
