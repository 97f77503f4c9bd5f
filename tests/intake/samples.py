"""What the tests push: an accident in Delle, unless a test says otherwise; and who pushes it."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

from notifier.intake.access.api_keys import NewSource, add_source

_numbers = itertools.count(1)


def body(**changes: Any) -> dict[str, Any]:
    """A report in dispatch's words, with a reference of its own."""
    usual: dict[str, Any] = {
        "reference": f"CORG90-{next(_numbers):06d}",
        "sequence": 1,
        "status": "engaged",
        "category": "C01.01.01",
        "severity": "severe",
        "occurred_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "exercise": False,
        "location": {"insee": "90033", "name": "Delle", "postal_code": "90100"},
    }
    return usual | changes


def source(name: str = "CORG 90", *departements: str, signed: bool = False) -> NewSource:
    """A source for these départements, else for 90, with its key."""
    return add_source(
        name,
        list(departements or ["90"]),
        service="Gendarmerie",
        duty_email="permanence@gendarmerie.example",
        signed=signed,
    )
