"""What is known of an address: whether it works, since when, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from notifier.directory.models import Address, AddressKind


class Health(StrEnum):
    """How an address does, the worst first."""

    REFUSED = "refused"
    PASSED_OVER = "passed_over"
    FAILING = "failing"
    LANDLINE = "landline"
    UNCONFIRMED = "unconfirmed"
    WORKING = "working"


@dataclass(frozen=True)
class AddressHealth:
    """How an address does, since when, and why; `delivered_at` is when a text last arrived."""

    state: Health
    since: datetime | date | None = None
    reason: str = ""
    delivered_at: datetime | None = None


def health_of(address: Address, delivered_at: datetime | None = None) -> AddressHealth:
    """Judge an address by what its owner, providers and administrators said of it."""
    if address.opted_out_at is not None:
        return AddressHealth(Health.REFUSED, address.opted_out_at, "", delivered_at)
    if not address.is_usable:
        return AddressHealth(
            Health.PASSED_OVER, address.failing_since, address.failing_reason, delivered_at
        )
    if address.failing_since is not None:
        return AddressHealth(
            Health.FAILING, address.failing_since, address.failing_reason, delivered_at
        )
    if address.kind == AddressKind.LANDLINE:
        return AddressHealth(Health.LANDLINE, address.confirmed_on)
    if address.confirmed_on is None and delivered_at is None:
        return AddressHealth(Health.UNCONFIRMED)
    return AddressHealth(Health.WORKING, address.confirmed_on, "", delivered_at)
