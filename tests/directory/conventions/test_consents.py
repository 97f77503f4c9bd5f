"""A resident is told only while a consent is in force; it is proved, and there is a way out."""

from __future__ import annotations

from datetime import UTC, date, datetime
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client

from notifier.directory.availability import Reason
from notifier.directory.models import Consent, Mandate, Organisation, OrganisationRef
from notifier.directory.recipients import active_people, orders_of_telling
from notifier.journal.models import Entry, Step
from tests.directory.conventions.territories import member, organisation

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 15, 10, tzinfo=UTC)
QUARTER = OrganisationRef("quartier", "centre")
PROOF = "bulletin signé, mairie, registre 2026"


@pytest.fixture
def quarter() -> Organisation:
    return organisation("quartier", "centre", "Quartier du centre")


def resident(of: Organisation, name: str = "Martin", number: int = 1) -> Mandate:
    return member(of, "habitant_relais", name, number)


def command(*args: str, at: datetime = NOON) -> str:
    out = StringIO()
    with time_machine.travel(at, tick=False):
        call_command("consent", *args, stdout=out)
    return out.getvalue()


def told(at: datetime = NOON) -> list[int]:
    return [person.mandate_id for person in active_people([QUARTER], at)[QUARTER]]


def test_a_resident_is_told_from_the_consent_to_its_withdrawal(quarter: Organisation) -> None:
    martin, other = resident(quarter), resident(quarter, "Durand", 2)
    assert told() == []
    said = command("give", "quartier:centre", "Martin", "--preuve", PROOF)
    assert f"accord du 15/06/2026 ({PROOF})" in said
    assert told() == [martin.pk]
    command("withdraw", "quartier:centre", "Martin", "--comment", "par téléphone, à la mairie")
    assert told() == []
    command("give", "quartier:centre", str(martin.pk), "--preuve", "courriel, registre 2026")
    assert told() == [martin.pk]
    assert other.pk not in told()


def test_whoever_did_not_agree_is_passed_over_and_said_to_be(quarter: Organisation) -> None:
    resident(quarter)
    order = orders_of_telling([QUARTER], NOON)[QUARTER]
    assert order.placed == ()
    (passed_over,) = order.passed_over
    assert passed_over.reason is Reason.NO_CONSENT
    assert passed_over.in_french(quarter.zone_info) == "n’a pas donné son accord, ou l’a retiré"


def test_nobody_else_needs_one() -> None:
    landlord = organisation("partenaire", "bailleur")
    caretaker = resident(landlord)
    found = active_people([landlord.ref], NOON)[landlord.ref]
    assert [person.mandate_id for person in found] == [caretaker.pk]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("give", "quartier:centre", "Martin", "--preuve", " "), "où la preuve est gardée"),
        (
            ("give", "quartier:centre", "Martin", "--preuve", PROOF, "--le", "2026-06-16"),
            "le 16/06/2026 est à venir",
        ),
        (("give", "quartier:centre", "Martin", "--preuve", PROOF, "--le", "hier"), "« hier »"),
        (("give", "quartier:centre", "Personne", "--preuve", PROOF), "« Personne » n’est personne"),
        (("give", "commune:90033", "Martin", "--preuve", PROOF), "où personne n’est inscrit"),
        (("give", "partenaire:bailleur", "Petit", "--preuve", PROOF), "n’est pas un quartier"),
        (("withdraw", "quartier:centre", "Martin", "--comment", "x"), "pas d’accord en cours"),
    ],
)
def test_what_cannot_be_is_refused(quarter: Organisation, args: tuple[str, ...], said: str) -> None:
    resident(quarter)
    resident(organisation("partenaire", "bailleur"), "Petit", 3)
    with pytest.raises(CommandError) as refused:
        command(*args)
    assert said in str(refused.value)
    assert not Consent.objects.exists()


def test_a_second_consent_is_refused_while_the_first_is_in_force(quarter: Organisation) -> None:
    resident(quarter)
    give = ("give", "quartier:centre", "Martin", "--preuve", PROOF)
    command(*give)
    with pytest.raises(CommandError, match="a déjà donné son accord"):
        command(*give)


def test_past_ones_are_listed_with_their_proof(quarter: Organisation) -> None:
    assert command("list", "quartier:centre") == "Aucun accord.\n"
    resident(quarter)
    command("give", "quartier:centre", "Martin", "--preuve", PROOF, "--le", "2026-06-01")
    command("withdraw", "quartier:centre", "Martin", "--comment", "par lettre")
    (line,) = command("list", "quartier:centre").splitlines()
    assert f"accord du 01/06/2026 ({PROOF}), retiré le 15/06/2026 (par lettre)" in line


def test_the_journal_has_both_without_a_name(quarter: Organisation) -> None:
    martin = resident(quarter)
    command("give", "quartier:centre", "Martin", "--preuve", PROOF, "--who", "la mairie")
    command("withdraw", "quartier:centre", "Martin", "--comment", "x", "--who", "la mairie")
    entries = list(Entry.objects.filter(step=Step.AGREEMENT))
    assert [entry.data for entry in entries] == [{"mandate": martin.pk, "by": "la mairie"}] * 2
    assert not any("Martin" in entry.text for entry in entries)


# --- the way out


@pytest.fixture
def way_out(quarter: Organisation) -> str:
    resident(quarter)
    said = command("give", "quartier:centre", "Martin", "--preuve", PROOF)
    address = said.splitlines()[1].split(" : ")[1]
    assert address.startswith("http://127.0.0.1:1/sortie/")
    return address.removeprefix("http://127.0.0.1:1")


def test_the_button_of_the_way_out_ends_it_and_opening_it_does_not(
    way_out: str, client: Client
) -> None:
    for _ in range(2):
        page = client.get(way_out)
        assert page.status_code == 200
        assert "Quartier du centre" in page.content.decode()
        assert "no-store" in page.headers["Cache-Control"]
        assert len(told()) == 1
    left = client.post(way_out, follow=True)
    assert "Vous ne recevez plus" in left.content.decode()
    assert told() == []
    consent = Consent.objects.get()
    assert (consent.withdrawn_how, consent.given_on) == (
        "par son lien de sortie",
        date(2026, 6, 15),
    )
    # Once more does nothing.
    assert client.post(way_out, follow=True).status_code == 200
    assert Entry.objects.filter(step=Step.AGREEMENT).count() == 2


def test_the_way_out_shows_no_name_and_opens_to_its_key_alone(way_out: str, client: Client) -> None:
    assert "Martin" not in client.get(way_out).content.decode()
    assert client.get(way_out[:-1]).status_code == 404
    client.post(way_out[:-1])
    assert len(told()) == 1


def test_the_button_needs_the_page_that_it_stands_on(way_out: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(way_out).status_code == 403
    assert len(told()) == 1


def test_no_more_statements_for_a_quarter(
    quarter: Organisation, django_assert_num_queries: Any
) -> None:
    for number in range(3):
        resident(quarter, f"Nom{number}", number)
    with django_assert_num_queries(1):
        active_people([QUARTER], NOON)
