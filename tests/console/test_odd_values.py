"""Values that no form offers, in addresses and in fields: a clear answer, never a server error."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode, urljoin

import pytest
import pytest_django
from django.test import Client

from tests.console.test_access import GUARDED
from tests.console.test_foreign_ids import forms_of
from tests.console.world import BELFORT, World, build_world, kept_for_a_module
from tests.harness.accounts import add_superuser, logged_in

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database(
        "SQLite refuses as numbers and texts whatever PostgreSQL does, but NUL"
    ),
]
HUGE = "9" * 5000  # more than Python reads as a number
# What pages read of their address without the check of a form.
NAMES = ("apres", "avant", "du", "fonction", "kind", "organisme", "q", "qui", "source", "voir")


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker
) -> Iterator[World]:
    """Something in every table."""
    with kept_for_a_module(django_db_blocker):
        with django_db_blocker.unblock():
            built = build_world(BELFORT)
        yield built


@pytest.fixture
def client(world: World) -> Client:
    """A browser of the platform, which learns of errors as browsers do."""
    browser = logged_in(add_superuser())
    browser.raise_request_exception = False
    return browser


def test_what_is_no_id_leads_nowhere(client: Client, world: World) -> None:
    asked = {}
    for page in GUARDED:
        own = page.address(world.arguments)
        more_than_bigint = "9" * 19
        paths = [page.address({**world.arguments, n: more_than_bigint}) for n in page.parameters]
        queries = [urlencode(dict.fromkeys(NAMES, odd)) for odd in (HUGE, "\N{SUPERSCRIPT TWO}")]
        for address in (*paths, *(f"{own}?{query}" for query in queries)):
            asked[address] = client.get(address).status_code
    assert {address[:120]: code for address, code in asked.items() if code >= 500} == {}


def test_what_postgresql_has_no_text_for_is_not_found(client: Client, world: World) -> None:
    for page in GUARDED:
        own = page.address(world.arguments)
        mixed = [page.address({**world.arguments, name: "a%00b"}) for name in page.parameters]
        for address in (*mixed, f"{own}?q=a%00b", f"{own}?a%00b=1"):
            assert client.get(address).status_code == 404, address


def test_a_number_without_end_in_a_field_is_refused(client: Client, world: World) -> None:
    asked = {}
    for page in GUARDED:
        address = page.address(world.arguments)
        for form in forms_of(client, address):
            action = urljoin("/" + address.lstrip("/"), form.action)
            for name in set(form.values) | set(form.offered):
                if (action, name) not in asked:
                    send = getattr(client, form.method.lower())
                    answer = send(action, {**form.values, name: HUGE})
                    asked[action, name] = answer.status_code
    assert {what: code for what, code in asked.items() if code >= 500} == {}
    assert len(asked) > 100
