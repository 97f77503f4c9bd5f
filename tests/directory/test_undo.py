"""A change is taken back whole, except what was changed since, which is listed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from notifier.directory.changes import changing
from notifier.directory.contacts import delete_mandates
from notifier.directory.election import confirm_mandate, unconfirm_since
from notifier.directory.imports.importer import import_list
from notifier.directory.models import Address, Change, ChangeKind, Mandate, OnCallShift, Person
from notifier.directory.undoing.undo import UndoError, undo
from notifier.journal.models import Entry
from notifier.territory.resolve import commune_by_code
from tests.directory.public_lists import MAYORS_HEADER, mayor, write
from tests.harness.people import add_contact, change_contact

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("fiction"),
    pytest.mark.usefixtures("november"),
]

CONTACTS = "code_commune;fonction;rang;nom;prenom;mobile;courriel"
DELLE, BELFORT = commune_by_code("90033"), commune_by_code("90010")
SINCE = date(2026, 3, 21)
Load = Callable[..., int]


@pytest.fixture(name="november")
def _november():
    with time_machine.travel(datetime(2026, 11, 28, 12, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Imports a list, and returns the number of its change."""

    def run(header: str, *rows: str) -> int:
        path = write(tmp_path / "liste.csv", header, rows)
        number = import_list(path, author="essai").change
        assert number is not None
        return number

    return run


def everything() -> list[list[dict[str, Any]]]:
    return [list(model.objects.order_by("pk").values()) for model in (Person, Mandate, Address)]


def test_a_first_import_is_taken_back_to_nothing(load: Load) -> None:
    number = load(CONTACTS, "90033;maire;1;Noyer;Anne;06 39 98 00 01;anne@delle.example")
    summary = undo(number, "essai")
    assert (everything(), summary.kept, summary.undone) == ([[], [], []], [], 4)
    assert Change.objects.get(pk=summary.change).undoes_id == number


def test_a_succession_is_taken_back_with_the_former_s_numbers(load: Load) -> None:
    add_contact("90033", "maire", last_name="Sorbier", mobile="+33639980001")
    before = everything()
    number = load(MAYORS_HEADER, mayor(DELLE, "NOYER", "Anne", SINCE))
    assert everything() != before
    undo(number, "essai")
    assert everything() == before


def test_numbers_that_were_replaced_or_removed_come_back(load: Load) -> None:
    load(CONTACTS, "90033;maire;1;Noyer;Anne;06 39 98 00 01;anne@delle.example")
    before = everything()
    number = load(CONTACTS, "90033;maire;1;NOYER;Anne;06 39 98 00 02;")
    undo(number, "essai")
    assert everything() == before


def test_what_was_changed_since_is_listed_and_stays(load: Load) -> None:
    number = load(
        CONTACTS,
        "90033;maire;1;Noyer;Anne;06 39 98 00 01;",
        "90010;maire;1;Sorbier;Luc;06 39 98 00 02;",
    )
    mandate = Mandate.objects.get(person__last_name="Noyer")
    change_contact(mandate, mobile="+33639980009")
    summary = undo(number, "essai")
    assert list(Mandate.objects.values_list("person__last_name", flat=True)) == ["Noyer"]
    assert list(Address.objects.values_list("value", flat=True)) == ["+33639980009"]
    assert any("+33639980001" in text or "Noyer" in text for text in summary.kept)


def test_a_commune_never_gets_two_mayors_back(load: Load) -> None:
    """The successor was changed since: the former's mandate stays ended."""
    add_contact("90033", "maire", last_name="Sorbier", mobile="+33639980001")
    number = load(MAYORS_HEADER, mayor(DELLE, "NOYER", "Anne", SINCE))
    Mandate.objects.filter(person__last_name="Noyer").update(rank=2)
    before = everything()
    summary = undo(number, "essai")
    assert everything() == before
    assert (summary.undone, summary.change) == (0, None)
    assert "changé depuis" in summary.kept[0]
    assert "Noyer" in summary.kept[0]


def test_somebody_who_got_more_since_stays(load: Load) -> None:
    number = load(MAYORS_HEADER, mayor(DELLE, "NOYER", "Anne", SINCE))
    Address.objects.create(person=Person.objects.get(), kind="mobile", value="+33639980001")
    summary = undo(number, "essai")
    assert summary.kept == ["Anne Noyer : complété depuis"]
    assert Mandate.objects.count() == 1


def test_a_mandate_with_shifts_planned_since_stays(load: Load) -> None:
    number = load(CONTACTS, "90033;astreinte;1;Noyer;Anne;06 39 98 00 01;")
    mandate = Mandate.objects.get()
    OnCallShift.objects.create(
        organisation=mandate.organisation,
        mandate=mandate,
        starts_at=timezone.now(),
        ends_at=datetime(2026, 12, 5, tzinfo=UTC),
    )
    assert "astreinte ou absence saisie depuis" in undo(number, "essai").kept[0]
    assert OnCallShift.objects.count() == 1


def test_failures_counted_since_are_no_change_of_the_list_s(load: Load) -> None:
    load(CONTACTS, "90033;maire;1;Noyer;Anne;06 39 98 00 01;")
    number = load(CONTACTS, "90033;maire;1;NOYER;Anne;06 39 98 00 01;anne@delle.example")
    Address.objects.filter(kind="mobile").update(failures=2)
    assert undo(number, "essai").kept == []
    assert Person.objects.get().last_name == "Noyer"
    assert list(Address.objects.values_list("value", "failures")) == [("+33639980001", 2)]


def test_an_undo_can_be_undone_but_not_done_twice(load: Load) -> None:
    number = load(CONTACTS, "90033;maire;1;Noyer;Anne;06 39 98 00 01;")
    after = everything()
    undoing = undo(number, "essai").change
    assert undoing is not None
    with pytest.raises(UndoError, match="déjà annulé"):
        undo(number, "essai")
    undo(undoing, "essai")
    assert everything() == after
    with pytest.raises(UndoError, match="aucun changement"):
        undo(999, "essai")


def test_a_deletion_by_hand_is_a_change_and_can_be_undone() -> None:
    mandate = add_contact("90033", "maire", last_name="Noyer", mobile="+33639980001")
    before = everything()
    delete_mandates([mandate.pk], "anne")
    assert everything() == [[], [], []]
    undo(Change.objects.latest("id").pk, "essai")
    assert everything() == before


def test_an_election_has_everybody_confirmed_and_is_undone() -> None:
    add_contact("90033", "maire", last_name="Noyer", mobile="+33639980001")
    add_contact("90010", "adjoint", last_name="Sorbier", mobile="+33639980002")
    before = everything()
    change = unconfirm_since(date(2026, 3, 15), ["90033"], "essai")
    assert change is not None
    assert change.counts == {"changed": 1}
    assert unconfirm_since(date(2026, 3, 15), ["90033"], "essai") is None
    mandate = Mandate.objects.get(is_confirmed=False)
    assert mandate.person.last_name == "Noyer"
    undo(change.pk, "essai")
    assert everything() == before


def test_a_confirmation_calls_a_failing_number_again() -> None:
    mandate = add_contact("90033", "maire", last_name="Noyer", mobile="+33639980001")
    Mandate.objects.update(is_confirmed=False)
    Address.objects.update(failures=2, failing_reason="numéro inconnu")
    mandate.refresh_from_db()
    with changing(ChangeKind.CONFIRMATION, "essai"):
        confirm_mandate(mandate, timezone.now())
    address = Address.objects.get()
    assert (address.failures, address.confirmed_on, address.failing_reason) == (
        0, date(2026, 11, 28), "",
    )  # fmt: skip
    assert Mandate.objects.get().is_confirmed


def test_whoever_is_deleted_can_be_forgotten_by_the_history_as_well() -> None:
    mandate = add_contact(
        "90033", "maire", last_name="Lérot", first_name="Anne", email="a@b.example"
    )
    with pytest.raises(CommandError, match="aucune personne supprimée"):
        notifier("forget", "Anne Lérot")
    delete_mandates([mandate.pk], "essai")
    assert notifier("forget", "LEROT Anne") == ["Historique effacé : 1 personne"]
    for model in (Person, Mandate, Address):
        assert not model.history.exists()
    assert "Lérot" not in Entry.objects.latest("id").text


# --- The command ----------------------------------------------------------------------------------


def notifier(*words: str) -> list[str]:
    out = StringIO()
    call_command("directory", *words, stdout=out)
    return out.getvalue().splitlines()


def test_the_history_says_who_when_before_and_after(load: Load) -> None:
    load(CONTACTS, "90033;maire;1;Noyer;Anne;06 39 98 00 01;")
    number = load(CONTACTS, "90033;maire;1;NOYER;Anne;06 39 98 00 01;")
    first = notifier("history")[0]
    for said in (f"n° {number}", "28/11/2026 13:00", "import", "par essai", "liste.csv (contacts)"):
        assert said in first
    detail = notifier("history", str(number))
    assert "  Anne NOYER : nom Noyer → NOYER" in detail
    with pytest.raises(CommandError, match="999"):
        notifier("history", "999")


def test_the_commands_of_undo_election_and_confirmation(load: Load) -> None:
    number = load(CONTACTS, "90033;maire;1;Noyer;Anne;06 39 98 00 01;")
    assert "1 mandats à confirmer" in notifier("election", "2026-03-15", "--departement", "90")[0]
    assert notifier("election", "2026-03-15") == ["Personne n’est à confirmer."]
    assert "Confirmé" in notifier("confirm", "Noyer", "--organisme", "commune:90033")[0]
    with pytest.raises(CommandError, match="99999"):
        notifier("election", "2026-03-15", "--commune", "99999")
    shown = notifier("undo", str(number), "--dry-run")
    assert "Essai à blanc" in shown[-1]
    assert Mandate.objects.count() == 1


def test_a_dry_run_says_whose_number_comes_back_for_which() -> None:
    mandate = add_contact(
        "90033", "maire", first_name="Luc", last_name="Sorbier", mobile="+33639980001"
    )
    with changing(ChangeKind.IMPORT, "essai") as change:
        Address.objects.get().delete()
        Address.objects.create(person=mandate.person, kind="mobile", value="+33639980801")
    summary = undo(change.pk, "essai", dry_run=True)
    assert summary.first == ["Luc Sorbier : mobile +33639980801 → +33639980001"]
    assert summary.unreached == 0
