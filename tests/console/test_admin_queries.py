"""Whatever is asked of a list's address: no secret is answered letter by letter, nothing breaks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Field, ForeignKey, Model
from django.test import Client
from django.urls import reverse

import notifier.urls  # noqa: F401 - which registers them
from notifier.alerting.models import Alert
from notifier.delivery.models import Message
from notifier.intake.access.api_keys import add_source
from notifier.journal.models import Entry
from tests.alerting.house import contact, number, push

pytestmark = pytest.mark.django_db

LISTS = sorted(admin.site._registry, key=lambda model: model._meta.label)
# What should never break a list: no text of PostgreSQL's, no number of any database's, no pattern.
HOSTILE = ["a\0b", "9" * 30, "x'%[(\\{é\u200b"]
# What a list answers to besides its filters, and what it does not.
OTHERS = ["q", "o", "p", "_to_field", "_changelist_filters", "communes__contains", "__", "pk__in"]


@pytest.fixture
def asked(admin_client: Client) -> Client:
    """An administrator who is shown a crash as it would be seen, among a few rows of each kind."""
    source = add_source("CORG 90", ["90"], service="S", duty_email="", signed=True).source
    contact(mobile=number(1))
    push(source, "R1")
    admin_client.raise_request_exception = False
    return admin_client


def address(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def paths(model: type[Model], deep: int = 3, before: str = "") -> Iterator[str]:
    """Every column that a lookup could name, through up to three relations, either way."""
    for field in model._meta.get_fields():
        name = f"{before}{field.name}"
        if isinstance(field, Field):
            yield name
        if isinstance(field, ForeignKey):
            yield f"{before}{field.attname}"
        if field.is_relation and deep and field.related_model not in (None, "self"):
            yield from paths(field.related_model, deep - 1, f"{name}__")


def own_lookups(model: type[Model]) -> set[str]:
    """What the list's own filters link to."""
    request: Any = None
    lookups: set[str] = admin.site._registry[model].own_lookups(request)
    return lookups


@pytest.mark.one_database("what may be asked is judged before any SQL")
@pytest.mark.parametrize("model", LISTS, ids=lambda model: model._meta.label)
def test_a_list_is_asked_only_what_its_own_filters_ask(asked: Client, model: type[Model]) -> None:
    known = admin.site._registry[model]
    others = {
        f"{path}{lookup}"
        for path in paths(model)
        for lookup in ("", "__exact", "__regex", "__startswith", "__contains", "__gt", "__in")
    } - own_lookups(model)
    assert len(others) > 30
    request: Any = None
    allowed = [name for name in others if known.lookup_allowed(name, "x", request)]
    assert allowed == []


UNLINKED = [
    "/admin/intake/source/?signing_secret__regex=^whsec_",
    "/admin/intake/source/?key_hash__startswith=0",
    "/admin/intake/source/?sealed_secret__isnull=False",
    "/admin/intake/report/?incident__source__signing_secret__regex=^whsec_",
    "/admin/intake/report/?incident__source__key_hash__startswith=0",
    "/admin/intake/report/?communes__contains=90033",
    "/admin/intake/report/?location__contains=x",
    "/admin/alerting/alert/?report__source__signing_secret__startswith=w",
    "/admin/alerting/alert/?facts__contains=x",
    "/admin/alerting/notification/?source__key_hash__startswith=0",
    "/admin/alerting/notification/?alert__incident__source__signing_secret__startswith=w",
    "/admin/accounts/user/?password__startswith=pbkdf2",
    "/admin/admin/logentry/?user__password__startswith=pbkdf2",
    "/admin/delivery/message/?address__startswith=%2B33",
    "/admin/journal/entry/?data__contains=x",
    "/admin/directory/mandate/?mobile__startswith=%2B33",
]


@pytest.mark.one_database("what may be asked is judged before any SQL")
def test_what_no_page_links_to_is_refused(asked: Client) -> None:
    answers = {asks: asked.get(asks).status_code for asks in UNLINKED}
    assert answers == dict.fromkeys(UNLINKED, 400)


@pytest.mark.parametrize("model", LISTS, ids=lambda model: model._meta.label)
def test_no_parameter_of_a_list_breaks_it(asked: Client, model: type[Model]) -> None:
    for name in [*OTHERS, *sorted(own_lookups(model))]:
        for value in HOSTILE:
            answer = asked.get(address(model), {name: value})
            assert answer.status_code in (200, 302, 400, 403), (name, value)
    twice = asked.get(address(model) + "?q=a&q=b&p=1&p=x&o=1&o=y")
    assert twice.status_code in (200, 302, 400)


@pytest.mark.parametrize("model", LISTS, ids=lambda model: model._meta.label)
def test_no_number_of_a_row_breaks_a_page(asked: Client, model: type[Model]) -> None:
    for pk in ("x", "%00", "9" * 30, "a/b"):
        for page in ("change/", "history/"):
            answer = asked.get(f"{address(model)}{pk}/{page}")
            assert answer.status_code in (302, 404), (pk, page)


def test_the_links_between_the_pages_still_lead_somewhere(asked: Client) -> None:
    message, alert = Message.objects.get(), Alert.objects.get()
    line = Entry.objects.exclude(incident_id=None).first()
    assert line is not None
    for link in (
        f"/admin/delivery/message/?notifications__alert__id__exact={alert.pk}",
        f"/admin/alerting/notification/?alert__id__exact={alert.pk}",
        f"/admin/alerting/notification/?incident__id__exact={message.incident_id}",
        f"/admin/delivery/message/?incident_id={message.incident_id}",
        f"/admin/alerting/alert/?incident__id__exact={message.incident_id}",
        f"/admin/journal/entry/?incident_id={line.incident_id}",
        "/admin/intake/report/?state__exact=decided&exercise__exact=0",
        f"/admin/intake/report/?incident__source__id__exact={message.pause_key}",
        "/admin/directory/mandate/?departement=90",
        "/admin/accounts/user/?is_superuser__exact=1",
        "/admin/admin/logentry/?action_flag__exact=1",
    ):
        assert asked.get(link).status_code == 200, link
