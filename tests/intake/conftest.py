"""Imports of the program stand within the fixtures: this file is read before Django is set up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _full_buckets() -> Iterator[None]:
    """No bucket of a rate limit outlives its test: primary keys come back with each rollback."""
    from notifier.intake.access import rate_limit

    rate_limit.reset()
    yield
    rate_limit.reset()
