"""Imports of the program stand within the fixtures: this file is read before Django is set up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.alerting.conftest import operator

if TYPE_CHECKING:
    from tests.api.caller import Caller

__all__ = ["operator"]


@pytest.fixture(autouse=True)
def _full_buckets() -> Iterator[None]:
    """No bucket of a rate limit outlives its test: primary keys come back with each rollback."""
    from notifier.intake.access import rate_limit

    rate_limit.reset()
    yield
    rate_limit.reset()


@pytest.fixture
def corg(db: None) -> Caller:
    """The dispatch centre of département 90."""
    from tests.api.caller import Caller
    from tests.intake.samples import source

    return Caller(source())


@pytest.fixture
def mayor(db: None) -> None:
    """Delle's mayor has a mobile."""
    from tests.harness.people import add_contact

    add_contact(commune="90033", function="maire", rank=1, mobile="+33639980001")


@pytest.fixture
def number(corg: Caller) -> str:
    """A case in Delle that is told."""
    from tests.api.foreign import push, stored
    from tests.intake import messages

    case = messages.case_id()
    stored(push(corg, messages.envelope(messages.case(case), sent=-60)))
    return case
