"""Every URL of the service, asked by whoever may not: nothing answers, nothing changes.

The URLs are walked, not listed: a new page is tried without a word here, and one whose parameters
nobody knows how to fill fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import pytest_django
from django.conf import settings
from django.test import Client
from django.utils import timezone

from notifier.accounts.models import User
from notifier.accounts.roles import PERMISSIONS, Role
from notifier.directory.models import Organisation
from tests.console.world import (
    SECRETS,
    Page,
    World,
    build_world,
    every_page,
    kept_for_a_module,
    stored,
)
from tests.harness.accounts import add_account, add_superuser, logged_in

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("who may see a page is no matter of SQL"),
]

PAGES = [page for page in every_page() if not page.route.startswith(("admin/", "api/"))]
GUARDED = [page for page in PAGES if page.is_guarded]
# Answered without an account, each for its reason.
PUBLIC = {
    "healthz", "readyz", "metrics",  # probes, which prove nothing of a person
    "",  # says what the service is
    "sortie/<str:key>",  # a resident's own secret
    "invitation/<str:key>",  # a link of a mail, which opens an account
    "c/<str:key>",  # the secret of whoever is asked to confirm
    "r/hors-ligne.js",  # a script that is the same for everybody
    "r/<str:secret>", "r/<str:secret>/pas-ma-commune",  # whoever a text told of an alert
    "r/<str:secret>/transmettre", "r/<str:secret>/preferences",
    "apparence",  # a cookie of the browser's own
    # The ways to a session, and to confirm one.
    "connexion", "connexion/fin", "connexion/desactive", "connexion/code", "connexion/cle",
    "connexion/fournisseur", "connexion/fournisseur/retour", "connexion/fournisseur/fin",
    "connexion/confirmer", "connexion/confirmer/code", "connexion/confirmer/cle",
    "connexion/oubli", "connexion/oubli/envoye", "connexion/oubli/fait",
    "^connexion/oubli/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)$",
}  # fmt: skip

# What is the same for everybody: the categories of the configuration.
OF_EVERYBODY = {"regles/<str:category>", "regles/<str:category>/restreindre"}


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker
) -> Iterator[World]:
    with kept_for_a_module(django_db_blocker):
        with django_db_blocker.unblock():
            built = build_world()
        yield built


def _each(client: Client, pages: list[Page], world: World) -> dict[str, int]:
    """Ask for every page and post to it; return what answered other than it should not."""
    answers = {}
    for page in pages:
        address = page.address(world.arguments)
        for method in ("get", "post"):
            answer = getattr(client, method)(address, headers={"Host": "127.0.0.1"})
            body = b"".join(answer) if answer.streaming else answer.content
            text = body.decode(errors="replace")
            told = [secret for secret in SECRETS if secret in text]
            assert not told, f"{method} {address} tells {told}"
            answers[f"{method} /{page.route}"] = answer.status_code
    return answers


def test_a_page_stands_behind_the_guard_or_is_public_for_a_reason() -> None:
    unguarded = {page.route for page in PAGES if not page.is_guarded}
    assert unguarded - PUBLIC == set()


def test_a_stranger_is_led_to_the_log_in_and_nothing_changes(world: World) -> None:
    before = stored()
    client = Client()
    for page in GUARDED:
        address = page.address(world.arguments)
        for answer in (client.get(address), client.post(address)):
            assert answer.status_code == 302, address
            assert answer.headers["Location"].startswith(str(settings.LOGIN_URL)), address
        part = client.get(address, headers={"HX-Request": "true"})
        assert part.status_code == 401, address
    assert stored() == before


def test_a_role_that_has_ended_opens_nothing(world: World) -> None:
    yesterday = timezone.localdate() - timedelta(days=1)
    client = logged_in(add_account(Role.GROUPEMENT, "90", until=yesterday))
    before = stored()
    asked = [page for page in GUARDED if page.view.permission is not None]  # type: ignore[attr-defined]
    answers = _each(client, asked, world)
    assert {what: code for what, code in answers.items() if code not in (403, 405)} == {}
    assert stored() == before


@pytest.mark.parametrize("role", list(Role))
def test_a_role_opens_no_page_of_another(world: World, role: Role) -> None:
    delle = Organisation.objects.get(kind="commune", code="90033")
    client = logged_in(add_account(role, delle if role == Role.ORGANISATION else "90"))
    before = stored()
    beyond = [
        page
        for page in GUARDED
        if (needed := page.view.permission) and needed not in PERMISSIONS[role]  # type: ignore[attr-defined]
    ]
    for page in beyond:
        address = page.address(world.arguments)
        assert client.get(address).status_code in (403, 405), address
        assert client.post(address).status_code in (403, 405), address
    assert stored() == before


@pytest.mark.parametrize("role", list(Role))
def test_nothing_of_another_departement_is_seen_or_changed(world: World, role: Role) -> None:
    vesoul = Organisation.objects.create(kind="commune", code="70550")
    client = logged_in(add_account(role, vesoul if role == Role.ORGANISATION else "70"))
    before = stored()
    # Those that need more than the role has are closed to it even at home, as tried above.
    held = {None, *PERMISSIONS[role]}
    answers = _each(client, [page for page in GUARDED if page.view.permission in held], world)  # type: ignore[attr-defined]
    found = {
        what: code
        for what, code in answers.items()
        if "<" in what
        and code not in (403, 404, 405)
        and what.partition("/")[2] not in OF_EVERYBODY
    }
    assert found == {}
    assert stored() == before


def test_an_account_that_is_deactivated_meanwhile_is_logged_out(world: World) -> None:
    user = add_superuser()
    client = logged_in(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    for page in GUARDED:
        assert client.get(page.address(world.arguments)).status_code == 302, page.route


def test_the_platform_s_own_administration_opens_for_nobody_else(world: World) -> None:
    pages = [page for page in every_page() if page.route.startswith("admin/")]
    client = logged_in(add_account(Role.GROUPEMENT, "90"))
    before = stored()
    for page in pages:
        if page.name in ("login", "logout"):
            continue
        address = page.address(
            {
                **world.arguments,
                "object_id": world.mandate.pk,
                "app_label": "directory",
                "url": "",
                "content_type_id": 1,
                "id": 1,
                "pk": 1,
            }
        )
        for answer in (client.get(address), client.post(address)):
            assert answer.status_code in (302, 403, 404), address
    assert stored() == before


@pytest.mark.parametrize("key", ["²", "9" * 30, "9" * 5_000])
def test_a_key_that_is_no_id_is_the_first_page(key: str) -> None:
    client = logged_in(add_account(Role.GROUPEMENT, "90"))
    for path in ("/comptes", "/cette-nuit", "/regles/restrictions"):
        assert client.get(path, {"avant": key}).status_code == 200, path
