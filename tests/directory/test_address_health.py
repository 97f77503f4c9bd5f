"""How an address does: the worst that is known of it comes first."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from notifier.directory.address_health import Health, health_of
from notifier.directory.models import Address, AddressKind

AT = datetime(2026, 11, 28, 12, tzinfo=UTC)
DAY = date(2026, 11, 1)


@pytest.mark.parametrize(
    ("known", "delivered_at", "state"),
    [
        ({"opted_out_at": AT, "failures": 2, "failing_since": AT}, AT, Health.REFUSED),
        ({"failures": 2, "failing_since": AT}, AT, Health.PASSED_OVER),
        ({"failures": 1, "failing_since": AT, "confirmed_on": DAY}, AT, Health.FAILING),
        ({"kind": AddressKind.LANDLINE, "confirmed_on": DAY}, None, Health.LANDLINE),
        ({}, None, Health.UNCONFIRMED),
        ({}, AT, Health.WORKING),
        ({"confirmed_on": DAY}, None, Health.WORKING),
    ],
)
def test_the_worst_that_is_known_comes_first(
    known: dict[str, object], delivered_at: datetime | None, state: Health
) -> None:
    address = Address(**{"kind": AddressKind.MOBILE, "value": "+33639980001", **known})
    assert health_of(address, delivered_at).state is state


def test_why_and_since_when_are_kept() -> None:
    address = Address(
        kind="mobile", failures=2, failing_since=AT, failing_reason="numéro hors service"
    )
    found = health_of(address)
    assert (found.since, found.reason) == (AT, "numéro hors service")
