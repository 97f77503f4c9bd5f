"""Names are stored with the apostrophe that a plain SMS has, and shown with that of print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
import pytest_django

from tests.console.test_access import GUARDED
from tests.console.world import BELFORT, World, build_world, kept_for_a_module
from tests.harness.accounts import add_superuser, logged_in

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("how a name is shown is no matter of SQL"),
]
FECHE = replace(BELFORT, commune="90045", last_name="L'Olivier")
# What was sent is shown as it was sent; what is edited, as it is stored.
AS_STORED = re.compile(r'<p class="sms">.*?</p>|value="[^"]*"|<textarea.*?</textarea>', re.DOTALL)
STRAIGHT = re.compile(r".{30}\w(?:&#x27;|&#39;|')\w.{20}")


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker
) -> Iterator[World]:
    """Something in every table, in a commune with an apostrophe."""
    with kept_for_a_module(django_db_blocker):
        with django_db_blocker.unblock():
            built = build_world(FECHE)
        yield built


def test_every_page_writes_typographic_apostrophes(world: World) -> None:
    client = logged_in(add_superuser())
    found = {}
    for page in GUARDED:
        answer = client.get(page.address(world.arguments))
        if answer.status_code == 200 and "html" in answer.headers["Content-Type"]:
            text = AS_STORED.sub("", answer.content.decode())
            if straight := STRAIGHT.findall(re.sub(r"<[^>]*>", "\n", text)):
                found[page.route] = straight[:3]
    assert found == {}
