"""Forms and addresses that name what is another's: refused, and nothing of it is seen or changed.

Every page of one's own département is opened, every form on it sent with one of its values replaced
by the id, or the code, of something in another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import pytest
import pytest_django
from django.apps import apps
from django.db.models import ForeignKey, Model
from django.http import HttpResponse
from django.test import Client

from notifier.accounts.roles import Role
from notifier.directory.models import Organisation
from tests.console.test_access import GUARDED
from tests.console.world import BELFORT, SAONE, World, build_world, kept_for_a_module, stored
from tests.harness.accounts import add_account, logged_in

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("which ids a form takes is no matter of SQL"),
]


@dataclass
class Form:
    """One form of a page, as a browser would send it."""

    action: str
    method: str = "get"
    values: dict[str, str] = field(default_factory=dict)
    offered: dict[str, set[str]] = field(default_factory=dict)
    """What may be chosen in a field, or is hidden in it."""


class Forms(HTMLParser):
    """Collects the forms of a page."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address
        self.forms: list[Form] = []
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action") or self.address, given.get("method", "get")))
        if not self.forms:
            return
        form, name = self.forms[-1], given.get("name", "")
        if tag == "select":
            self.select = name
            form.offered.setdefault(name, set())
        elif tag == "option" and self.select:
            form.offered[self.select].add(given.get("value", ""))
            if "selected" in given or self.select not in form.values:
                form.values[self.select] = given.get("value", "")
        elif tag in ("input", "button", "textarea") and name and name != "csrfmiddlewaretoken":
            kind = given.get("type", "text")
            if kind in ("hidden", "radio", "checkbox"):
                form.offered.setdefault(name, set()).add(given.get("value", ""))
            if kind not in ("radio", "checkbox") or "checked" in given:
                form.values.setdefault(name, given.get("value", "essai"))

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self.select = ""


def forms_of(client: Client, address: str) -> list[Form]:
    """Return the forms of a page; none where it is not shown."""
    answer = client.get(address)
    if answer.status_code != 200 or "html" not in answer.headers.get("Content-Type", ""):
        return []
    forms = Forms(address)
    forms.feed(answer.content.decode())
    return forms.forms


def shown(answer: HttpResponse) -> str:
    """Return what an answer says."""
    body = b"".join(answer) if answer.streaming else answer.content
    return body.decode(errors="replace")


def replacements(form: Form, own: World, foreign: World) -> Iterator[dict[str, str]]:
    """Return the values of a form, each time with one field naming something of another's."""
    numbers = {str(value) for value in foreign.arguments.values() if isinstance(value, int)}
    codes = {
        str(value): str(foreign.arguments[name])
        for name, value in own.arguments.items()
        if value != foreign.arguments[name] and not isinstance(value, int)
    }
    for name, values in form.offered.items():
        given = values | {form.values.get(name, "")}
        for value in numbers if any(one.isdigit() for one in given) else ():
            yield {**form.values, name: value}
        for value in {one.replace(code, codes[code]) for one in given for code in codes} - given:
            yield {**form.values, name: value}
    for name in set(form.values) - set(form.offered):
        if name in ("commune", "code", "organisation", "other", "communes"):
            yield {**form.values, name: foreign.arguments["code"]}


def pks_of_everything() -> dict[type[Model], set[Any]]:
    """Return the primary keys of all that belongs to somebody."""
    ours = [m for m in apps.get_models() if m.__module__.startswith("notifier.")]
    return {model: set(model._base_manager.values_list("pk", flat=True)) for model in ours}


def strange_references(foreign: dict[type[Model], set[Any]]) -> list[str]:
    """Return which rows made since lead to something that was there before."""
    found = []
    for model, before in foreign.items():
        for row in model._base_manager.exclude(pk__in=before):
            for one in model._meta.concrete_fields:
                target = one.related_model if isinstance(one, ForeignKey) else None
                if target in foreign and getattr(row, one.attname) in foreign[target]:
                    found.append(f"{model.__name__}.{one.name}: {row}")
    return found


@dataclass
class Two:
    """Something in two départements, and what was stored while there was only the first."""

    foreign: World
    before: dict[str, list[tuple[Any, ...]]]
    pks: dict[type[Model], set[Any]]
    own: World


@pytest.fixture(scope="module")
def two(django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker) -> Iterator[Two]:
    with kept_for_a_module(django_db_blocker):
        with django_db_blocker.unblock():
            foreign = build_world(BELFORT)
            built = Two(foreign, stored(), pks_of_everything(), build_world(SAONE))
        yield built


@pytest.fixture
def foreign(two: Two) -> World:
    """Something in the Territoire de Belfort, of which Haute-Saône learns nothing."""
    return two.foreign


@pytest.fixture(params=[Role.GROUPEMENT, Role.ORGANISATION], ids=str)
def own(two: Two, request: pytest.FixtureRequest) -> tuple[Client, World]:
    """A browser of somebody in Haute-Saône, and what is there."""
    where = "70" if request.param == Role.GROUPEMENT else Organisation.objects.get(code="70550")
    return logged_in(add_account(request.param, where)), two.own


def test_no_page_takes_the_id_of_something_that_is_another_s(
    own: tuple[Client, World], foreign: World, two: Two
) -> None:
    client, world = own
    tried: set[tuple[str, str]] = set()
    for page in GUARDED:
        for form in forms_of(client, page.address(world.arguments)):
            action = urljoin("/" + page.address(world.arguments).lstrip("/"), form.action)
            for values in replacements(form, world, foreign):
                changed = str(sorted(set(values.items()) - set(form.values.items())))
                if (action, changed) in tried:
                    continue
                tried.add((action, changed))
                answer = getattr(client, form.method.lower())(action, values)
                told = [secret for secret in BELFORT.secrets if secret in shown(answer)]
                assert not told, f"{form.method} {action} with {changed} tells {told}"
                assert answer.status_code < 500, f"{action} with {changed}"
    after = stored()
    lost = {
        table: gone
        for table, rows in two.before.items()
        if (gone := {repr(row) for row in rows} - {repr(row) for row in after[table]})
    }
    assert lost == {}
    assert strange_references(two.pks) == []
    assert tried, "the forms are not found any more"


def test_an_address_of_one_s_own_page_with_a_foreign_id_in_it_is_not_found(
    own: tuple[Client, World], foreign: World
) -> None:
    client, world = own
    answers = {}
    for page in GUARDED:
        for name in page.parameters:
            theirs = foreign.arguments[name]
            if theirs == world.arguments[name]:
                continue
            mixed = {**world.arguments, name: theirs}
            if name == "kind":
                continue
            address = page.address(mixed)
            for method in (client.get, client.post):
                answer = method(address)
                told = [secret for secret in BELFORT.secrets if secret in shown(answer)]
                assert not told, f"{address} tells {told}"
                answers[address] = answer.status_code
    assert {a: code for a, code in answers.items() if code not in (302, 403, 404, 405)} == {}
