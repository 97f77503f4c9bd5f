"""`notifier directory confirm`: a dead number is tried again once somebody has made sure."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from notifier.directory import addresses
from notifier.directory.models import Address, Mandate
from tests.directory.people import organisation, somebody

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("what a command takes and prints is no matter of SQL"),
]

NUMBER, MAILBOX = "+33639980001", "maire@delle.example"


@pytest.fixture
def mayor() -> Mandate:
    """A mayor whose number has failed twice."""
    found = somebody(
        organisation(), "Merisier", "maire", first_name="Anne", mobile=NUMBER, email=MAILBOX
    )
    for _ in range(2):
        addresses.note_failure("mobile", NUMBER, "numéro inconnu (30005)", timezone.now())
    return found


def confirm(meant: str) -> None:
    call_command("directory", "confirm", meant, "--who", "administratrice")


@pytest.mark.parametrize("meant", ["+33639980001", "06 39 98 00 01", "06.39.98.00.01"])
def test_a_number_is_confirmed_by_whom_and_when(
    mayor: Mandate, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    confirm(meant)
    address = Address.objects.get(value=NUMBER)
    assert (address.failures, address.failing_since, address.failing_reason) == (0, None, "")
    assert address.confirmed_on == timezone.localdate()
    assert address.is_usable
    assert capsys.readouterr().out == "Anne Merisier : mobile +33639980001, confirmé.\n"
    written = address.history.first()
    assert (written.change.author, written.change.kind) == ("administratrice", "confirmation")


@pytest.mark.parametrize("meant", ["Anne Merisier", "MERISIER anne"])
def test_a_person_is_confirmed_with_all_addresses(mayor: Mandate, meant: str) -> None:
    confirm(meant)
    assert set(Address.objects.values_list("confirmed_on", "failures")) == {
        (timezone.localdate(), 0)
    }


def test_whoever_has_the_same_number_has_it_confirmed_too(mayor: Mandate) -> None:
    somebody(organisation(code="90010"), "Tilleul", mobile=NUMBER)
    addresses.note_failure("mobile", NUMBER, "numéro inconnu (30005)", timezone.now())
    confirm(NUMBER)
    assert set(Address.objects.filter(value=NUMBER).values_list("failures", flat=True)) == {0}


def test_what_its_owner_refused_stays_refused(
    mayor: Mandate, capsys: pytest.CaptureFixture[str]
) -> None:
    addresses.note_opt_out("mobile", NUMBER, timezone.now())
    confirm(NUMBER)
    assert "refuse toujours les messages (STOP)" in capsys.readouterr().out
    assert not Address.objects.get(value=NUMBER).is_usable
    call_command("directory", "confirm", NUMBER, "--accepte")
    assert Address.objects.get(value=NUMBER).is_usable


@pytest.mark.parametrize(
    ("meant", "why"),
    [
        ("0639980099", "ni une adresse ni le nom complet"),
        ("Merisier", "ni une adresse ni le nom complet"),
        ("", "ni une adresse ni le nom complet"),
        ("Anne Merisier", "peut être 2 personnes"),
    ],
)
def test_nobody_is_guessed(mayor: Mandate, meant: str, why: str) -> None:
    if "2" in why:
        somebody(organisation(code="90010"), "Merisier", first_name="Anne", mobile="+33639980002")
    with pytest.raises(CommandError, match=why):
        confirm(meant)
    assert Address.objects.get(value=NUMBER).failures == 2
