"""Quiet hours and channels are shown before and after, and taken back, as all of the directory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

import pytest
import time_machine

from notifier.accounts.roles import Permission, Role
from notifier.accounts.scope import Scope
from notifier.directory.allowed import AllowedOrganisations, undoable_within
from notifier.directory.contacts import delete_mandates
from notifier.directory.history import forget, lines_of, touching
from notifier.directory.imports.importer import import_list
from notifier.directory.models import (
    Address,
    Change,
    Mandate,
    Organisation,
    Person,
    Preferences,
)
from notifier.directory.organisation_history import FieldChange, history_of
from notifier.directory.person_addresses import add_address, remove_address
from notifier.directory.preferences import choose_channels, choose_quiet_hours
from notifier.directory.undoing.undo import UndoError, undo
from tests.directory.people import organisation, somebody
from tests.directory.public_lists import write
from tests.harness.accounts import add_account

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fiction")]
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
WHO = "maire, Delle (par son lien)"


@pytest.fixture(name="clock", autouse=True)
def _clock() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def delle() -> Organisation:
    return organisation()


@pytest.fixture
def mayor(delle: Organisation) -> Mandate:
    return somebody(delle, "Noyer", "maire", mobile="+33639980001", email="n@delle.example")


def quiet(mayor: Mandate, begins: str = "22:00", ends: str = "07:00") -> int:
    hours = (time.fromisoformat(begins), time.fromisoformat(ends))
    choose_quiet_hours(mayor.person, *hours, mayor.organisation, WHO)
    return Change.objects.latest("pk").pk


def channels(mayor: Mandate, *chosen: str) -> int:
    choose_channels(mayor.person, chosen, mayor.organisation, WHO)
    return Change.objects.latest("pk").pk


def chosen() -> list[tuple[object, ...]]:
    fields = ("quiet_from", "quiet_until", "routine_channels")
    return list(Preferences.objects.values_list(*fields))


def test_a_first_choice_is_taken_back_to_none_and_the_undo_too(mayor: Mandate) -> None:
    number = quiet(mayor)
    assert undo(number, "anne", dry_run=True).first == ["Noyer, préférences de réception : retiré"]
    undoing = undo(number, "anne").change
    assert chosen() == []
    assert undoing
    undo(undoing, "anne")
    assert chosen() == [(time(22), time(7), [])]


def test_a_later_choice_is_taken_back_to_the_one_before(mayor: Mandate) -> None:
    quiet(mayor)
    number = quiet(mayor, "20:30", "08:00")
    said = undo(number, "anne", dry_run=True).first[0]
    assert "heures calmes à partir de 20 h 30 → 22 h 00" in said
    undo(number, "anne")
    assert chosen() == [(time(22), time(7), [])]


def test_one_choice_is_taken_back_and_the_later_other_one_stays(mayor: Mandate) -> None:
    quiet(mayor)
    number = quiet(mayor, "20:30", "08:00")
    channels(mayor, "email")
    undo(number, "anne")
    assert chosen() == [(time(22), time(7), ["email"])]


def test_what_was_chosen_anew_since_stays(mayor: Mandate) -> None:
    number = channels(mayor, "email")
    channels(mayor, "sms")
    summary = undo(number, "anne")
    assert summary.change is None
    assert summary.kept == ["Noyer, préférences de réception : changé depuis"]
    assert chosen() == [(None, None, ["sms"])]


def test_what_does_not_change_anything_is_no_change(mayor: Mandate) -> None:
    assert channels(mayor, "email") == channels(mayor, "email")


def test_it_is_shown_before_and_after(mayor: Mandate, delle: Organisation) -> None:
    quiet(mayor)
    channels(mayor, "email")
    by_channel, by_hour = history_of(delle, str)
    (told,) = by_channel.rows
    assert (told.subject, told.verb) == ("Noyer, préférences de réception", "changé")
    assert told.fields == [FieldChange("canaux du courant", "tous", "courriel")]
    assert FieldChange("heures calmes jusqu’à", "", "7 h 00") in by_hour.rows[0].fields
    (line,) = lines_of(by_channel.change)
    assert str(line) == "Noyer, préférences de réception : canaux du courant tous → courriel"


def test_who_sees_the_person_sees_it_and_who_does_not_takes_nothing_back(
    mayor: Mandate, delle: Organisation
) -> None:
    undoing = undo(quiet(mayor), "anne").change
    assert undoing
    rows = Change.objects.filter(pk=undoing)
    anne = Scope(add_account(Role.GROUPEMENT, "90"))
    bob = Scope(add_account(Role.GROUPEMENT, "25", name="bob"))
    assert list(anne.changes(Permission.SEE_PEOPLE).filter(pk=undoing)) == list(rows)
    assert not bob.changes(Permission.SEE_PEOPLE).filter(pk=undoing).exists()
    assert list(touching(rows, Organisation.objects.all())) == list(rows)
    number = channels(mayor, "sms")
    change = Change.objects.get(pk=number)
    assert undoable_within([change], Organisation.objects.all()) == {number}
    with pytest.raises(UndoError, match="hors de votre périmètre"):
        undo(number, "bob", allowed=AllowedOrganisations(frozenset({"25"})))
    assert undo(number, "anne", allowed=AllowedOrganisations(frozenset({"90"}))).change


def test_whoever_is_deleted_comes_back_with_them_unless_forgotten(
    mayor: Mandate, delle: Organisation
) -> None:
    quiet(mayor)
    delete_mandates([mayor.pk], "anne")
    assert not Preferences.objects.exists()
    undo(Change.objects.latest("pk").pk, "anne")
    assert chosen() == [(time(22), time(7), [])]
    delete_mandates([mayor.pk], "anne")
    forget("Noyer", "anne")
    assert not Preferences.history.model.objects.exists()


def test_an_import_is_not_taken_back_from_under_them(delle: Organisation, tmp_path) -> None:
    header = "code_commune;fonction;rang;nom;prenom;mobile;courriel"
    path = write(tmp_path / "l.csv", header, ["90033;maire;1;Noyer;Anne;06 39 98 00 01;"])
    number = import_list(path, author="essai").change
    assert number
    quiet(Mandate.objects.get())
    summary = undo(number, "essai")
    assert summary.kept == ["Anne Noyer : complété depuis"]
    assert Person.objects.exists()


def test_what_has_been_chosen_or_entered_again_does_not_come_back_twice(
    mayor: Mandate, delle: Organisation
) -> None:
    """One row for each person; and of addresses one for each number."""
    undoing = undo(quiet(mayor), "anne").change
    assert undoing
    channels(mayor, "sms")
    assert undo(undoing, "anne").kept == [
        "Noyer, préférences de réception : saisi de nouveau depuis"
    ]
    assert chosen() == [(None, None, ["sms"])]
    address = mayor.person.addresses.get(kind="mobile")
    remove_address(address, "anne")
    removal = Change.objects.latest("pk").pk
    add_address(mayor.person, address.kind, address.value, delle, "anne")
    assert "saisi de nouveau depuis" in undo(removal, "anne").kept[0]
    assert Address.objects.filter(value=address.value).count() == 1


def test_nothing_comes_back_of_whoever_is_gone(mayor: Mandate, clock) -> None:
    undoing = undo(quiet(mayor), "anne").change
    remove_address(mayor.person.addresses.get(kind="mobile"), "anne")
    removal = Change.objects.latest("pk").pk
    delete_mandates([mayor.pk], "anne")
    clock.shift(timedelta(minutes=1))
    for number in (undoing, removal):
        assert number
        assert "la personne n’existe plus" in undo(number, "anne").kept[0]
