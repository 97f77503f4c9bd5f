"""Imports of the program stand within the fixtures: this file is read before Django is set up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.api.caller import Caller


@pytest.fixture(autouse=True)
def _full_buckets() -> Iterator[None]:
    """No bucket of a rate limit outlives its test: primary keys come back with each rollback."""
    from notifier.intake.access import rate_limit as pace

    pace.forget()
    yield
    pace.forget()


@pytest.fixture
def corg(db: None) -> Caller:
    """The dispatch centre of département 90."""
    from tests.api.caller import Caller
    from tests.intake.samples import source

    return Caller(source())
