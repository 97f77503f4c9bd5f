"""`notifier account`: the first administrator is invited from the server."""

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from notifier.accounts.models import RoleAssignment, User
from notifier.accounts.roles import Permission, Role
from notifier.accounts.scope import scope_of
from notifier.delivery.models import Message
from notifier.journal.models import Entry
from tests.harness.accounts import add_account

pytestmark = [pytest.mark.django_db, pytest.mark.one_database("no statement of its own")]

WORD = "cheval-agrafe-pile-correcte"


def _run(*words: str) -> str:
    said = StringIO()
    call_command("account", *words, stdout=said)
    return said.getvalue()


def test_the_first_administrator_is_invited_and_listed() -> None:
    said = _run("invite", "chef@gendarmerie.example", "--role", "groupement", "--departement", "90")
    assert "Territoire de Belfort (90)" in said
    (link,) = re.findall(r"(/invitation/\S+)", Message.objects.get().body)
    new = {"first_name": "Ana", "last_name": "Kern", "password": WORD, "again": WORD}
    assert Client().post(link, new).url == "/"
    assert scope_of(User.objects.get()).has(Permission.MANAGE_ACCOUNTS)
    listed = _run("list")
    assert "Ana Kern" in listed
    assert "administrateur de groupement, Territoire de Belfort (90)" in listed


def test_a_role_is_taken_by_its_number() -> None:
    user = add_account(Role.DISPATCHER, "90")
    held = RoleAssignment.objects.get()
    assert "Rôle retiré" in _run("revoke", str(held.pk), "--who", "exploitant")
    assert not scope_of(user).has(Permission.SEE_BOARD)
    assert "par exploitant" in Entry.objects.latest("pk").text
    with pytest.raises(CommandError, match="déjà retiré"):
        _run("revoke", str(held.pk))


@pytest.mark.parametrize(
    "words",
    [
        ("invite", "x", "--role", "groupement", "--departement", "90"),
        ("invite", "x@y.example", "--role", "groupement", "--departement", "99"),
        ("invite", "x@y.example", "--role", "chef", "--departement", "90"),
        ("invite", "x@y.example", "--role", "organisme", "--departement", "90"),
        ("invite", "x@y.example", "--role", "operateur", "--organisme", "commune:90033"),
        ("invite", "x@y.example", "--role", "operateur", "--organisme", "90033"),
        ("invite", "x@y.example", "--role", "operateur", "--departement", "90", "--until", "2027"),
        ("revoke", "7"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        _run(*words)
    assert not Message.objects.exists()
