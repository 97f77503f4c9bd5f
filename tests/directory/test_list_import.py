"""What a list changes of the people who are stored: successions, hats, addresses, history."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.core.management.base import CommandError

from notifier.delivery.models import Message
from notifier.directory.election import unconfirm_since
from notifier.directory.imports.importer import ImportSummary, import_list
from notifier.directory.imports.table import FileRefused
from notifier.directory.models import (
    Address,
    Change,
    Mandate,
    Organisation,
    OrganisationRef,
    Person,
)
from notifier.directory.recipients import active_people
from notifier.journal.models import Entry
from notifier.territory.resolve import commune_by_code
from tests.directory.public_lists import (
    COUNCILLORS_HEADER,
    EPCI_HEADER,
    MAYORS_HEADER,
    mayor,
    write,
)
from tests.harness.people import add_contact

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("fiction"),
    pytest.mark.usefixtures("november"),
]

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
DELLE = commune_by_code("90033")
BEFORE, SINCE = date(2020, 5, 26), date(2026, 3, 21)
Load = Callable[..., ImportSummary]


@pytest.fixture(name="november")
def _november():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Writes a list with a header, and imports it."""

    def run(header: str, *rows: str, **options: Any) -> ImportSummary:
        return import_list(write(tmp_path / "liste.csv", header, rows), author="essai", **options)

    return run


def councillor(function: str, last: str, since: date = SINCE) -> str:
    return f"90;;;;90033;Delle;{last};Luc;M;1901-02-03;21;x;{since};{function};{since}"


def mandates() -> list[tuple[Any, ...]]:
    rows = Mandate.objects.select_related("person").order_by("id")
    return [(m.function, m.rank, m.person.last_name, m.starts_on, m.ends_on) for m in rows]


def warnings(summary: ImportSummary) -> str:
    return " ; ".join(text for outcome in summary.outcomes for text in outcome.warnings)


def rung(at: datetime = NOW) -> list[str]:
    ref = OrganisationRef("commune", "90033")
    return [address for one in active_people([ref], at)[ref] for address in one.addresses.values()]


# --- Mayors -------------------------------------------------------------------------------------


def test_a_mayor_comes_in_once_and_nobody_is_sent_anything(load: Load) -> None:
    row = mayor(DELLE, "NOYER", "Anne", SINCE)
    assert str(load(MAYORS_HEADER, row)) == "1 ajouté, 0 modifié, 0 inchangé"
    again = load(MAYORS_HEADER, row)
    assert (again.unchanged, again.change) == (1, None)
    assert mandates() == [("maire", 1, "Noyer", SINCE, None)]
    assert Person.objects.get().civility == "mme"
    assert (Message.objects.count(), Change.objects.count()) == (0, 1)


def test_a_new_mayor_ends_the_former_s_mandate_the_day_before(load: Load) -> None:
    former = add_contact("90033", "maire", last_name="Sorbier", mobile="+33639980001")
    Mandate.objects.update(starts_on=BEFORE)
    assert rung() == ["+33639980001"]
    summary = load(MAYORS_HEADER, mayor(DELLE, "NOYER", "Anne", SINCE))
    assert (summary.added, summary.ended) == (1, 1)
    assert mandates() == [
        ("maire", 1, "Sorbier", BEFORE, date(2026, 3, 20)),
        ("maire", 1, "Noyer", SINCE, None),
    ]
    assert rung() == []
    assert Address.objects.get().person == former.person
    assert "prend la suite de Sorbier, dont les numéros et adresses ne servent plus" in warnings(
        summary
    )
    assert any("réveille" in note and "Delle" in note for note in summary.notes)


def test_a_mayor_who_is_not_in_office_yet_leaves_the_other_until_then(load: Load) -> None:
    add_contact("90033", "maire", last_name="Sorbier", mobile="+33639980001")
    load(MAYORS_HEADER, mayor(DELLE, "NOYER", "Anne", date(2026, 12, 5)))
    assert [row[3:] for row in mandates()] == [(None, date(2026, 12, 4)), (date(2026, 12, 5), None)]
    assert rung() == ["+33639980001"]


def test_a_deputy_who_becomes_mayor_keeps_his_number(load: Load) -> None:
    add_contact("90033", "adjoint", last_name="Noyer", first_name="Anne", mobile="+33639980001")
    load(MAYORS_HEADER, mayor(DELLE, "NOYER", "ANNE", SINCE))
    assert Person.objects.count() == 1
    assert rung() == ["+33639980001"]


def test_a_list_older_than_what_is_known_changes_nothing_and_says_so(load: Load) -> None:
    add_contact("90033", "maire", last_name="Noyer", mobile="+33639980001")
    Mandate.objects.update(starts_on=SINCE)
    summary = load(MAYORS_HEADER, mayor(DELLE, "SORBIER", "Luc", BEFORE))
    assert (summary.added, summary.ended, summary.unchanged) == (0, 0, 1)
    assert "Luc Sorbier laissé de côté : Noyer est là depuis le 21/03/2026" in warnings(summary)
    assert summary.change is None


def test_two_mayors_since_the_same_day_are_for_a_person_to_decide(load: Load) -> None:
    add_contact("90033", "maire", last_name="Noyer", mobile="+33639980001")
    Mandate.objects.update(starts_on=SINCE)
    with pytest.raises(FileRefused, match="même jour"):
        load(MAYORS_HEADER, mayor(DELLE, "SORBIER", "Luc", SINCE))
    assert rung() == ["+33639980001"]


def test_a_last_day_before_the_first_that_is_known_is_refused_by_its_line(load: Load) -> None:
    add_contact("90033", "maire", last_name="Noyer", first_name="Anne", mobile="+33639980001")
    Mandate.objects.update(starts_on=SINCE)
    header = "code_commune;fonction;rang;nom;prenom;mobile;courriel;fin"
    with pytest.raises(FileRefused, match=r"dernier jour .* est avant le premier"):
        load(header, "90033;maire;1;Noyer;Anne;06 39 98 00 01;;2026-03-20")
    assert Mandate.objects.get().ends_on is None


def test_one_who_is_elected_again_goes_on_and_is_confirmed(load: Load) -> None:
    add_contact("90033", "maire", last_name="Noyer", first_name="Anné", mobile="+33639980001")
    Mandate.objects.update(starts_on=BEFORE, is_confirmed=False)
    summary = load(MAYORS_HEADER, mayor(DELLE, "NOYER", "ANNE", SINCE))
    assert (summary.added, summary.changed) == (0, 1)
    mandate = Mandate.objects.select_related("person").get()
    assert (mandate.starts_on, mandate.is_confirmed) == (BEFORE, True)
    # A public list neither rewrites the operator's spelling nor touches numbers.
    assert mandate.person.first_name == "Anné"
    assert rung() == ["+33639980001"]


@pytest.mark.parametrize(("since", "is_confirmed"), [(SINCE, True), (BEFORE, False)])
def test_after_an_election_only_a_list_that_knows_of_it_confirms(
    load: Load, since: date, is_confirmed: bool
) -> None:
    add_contact("90033", "maire", last_name="Noyer", first_name="Anne", mobile="+33639980001")
    unconfirm_since(date(2026, 3, 15), None, "essai")
    load(MAYORS_HEADER, mayor(DELLE, "NOYER", "Anne", since))
    assert Mandate.objects.get().is_confirmed is is_confirmed


def test_deputies_of_a_former_mayor_are_to_be_confirmed(load: Load) -> None:
    load(MAYORS_HEADER, mayor(DELLE, "SORBIER", "Luc", BEFORE))
    add_contact("90033", "adjoint", last_name="Frêne", mobile="+33639980002")
    summary = load(MAYORS_HEADER, mayor(DELLE, "NOYER", "Anne", SINCE))
    assert "à confirmer, élus avec le précédent (CGCT L2122-10) : 1" in warnings(summary)
    assert Mandate.objects.get(function="adjoint").is_confirmed is False
    assert rung() == ["+33639980002"]


# --- Councils and hats ----------------------------------------------------------------------------


def test_two_deputies_of_one_rank_stay_in_the_order_that_a_person_gave_them(load: Load) -> None:
    twice = [councillor("1er adjoint au Maire", last) for last in ("Hêtre", "Charme")]
    assert "2 personnes ont le rang de 1er adjoint" in warnings(load(COUNCILLORS_HEADER, *twice))
    Mandate.objects.filter(person__last_name="Hêtre").update(rank=2)
    load(COUNCILLORS_HEADER, *twice)
    assert {(rank, last) for _, rank, last, *_ in mandates()} == {(2, "Hêtre"), (1, "Charme")}
    # Once the list tells them apart, it counts again.
    load(
        COUNCILLORS_HEADER,
        councillor("1er adjoint au Maire", "Hêtre"),
        councillor("2ème adjoint au Maire", "Charme"),
    )
    assert {(rank, last) for _, rank, last, *_ in mandates()} == {(1, "Hêtre"), (2, "Charme")}


def test_a_council_ends_those_whom_it_does_not_name_any_more(load: Load) -> None:
    load(
        COUNCILLORS_HEADER,
        councillor("Maire", "Noyer", BEFORE),
        councillor("1er adjoint au Maire", "Sorbier", BEFORE),
        councillor("2ème adjoint au Maire", "Hêtre", BEFORE),
    )
    add_contact("90033", "adjoint", rank=3, last_name="Frêne", mobile="+33639980002")
    summary = load(
        COUNCILLORS_HEADER,
        councillor("Maire", "Noyer", BEFORE),
        councillor("1er adjoint au Maire", "Hêtre", BEFORE),
        councillor("2ème adjoint au Maire", "Charme", SINCE),
    )
    assert (summary.added, summary.changed, summary.ended, summary.unchanged) == (1, 1, 1, 1)
    assert set(mandates()) == {
        ("maire", 1, "Noyer", BEFORE, None),
        ("adjoint", 1, "Sorbier", BEFORE, date(2026, 3, 20)),
        ("adjoint", 1, "Hêtre", BEFORE, None),
        ("adjoint", 3, "Frêne", None, None),
        ("adjoint", 2, "Charme", SINCE, None),
    }
    assert any("laissés en place : 1" in note for note in summary.notes)


def test_homonyms_of_one_council_are_two_people(load: Load) -> None:
    load(
        COUNCILLORS_HEADER,
        councillor("Maire", "Noyer"),
        councillor("1er adjoint au Maire", "Sorbier"),
    )
    row = mayor(commune_by_code("90010"), "NOYER", "Luc", SINCE, "M")
    load(MAYORS_HEADER, row)
    assert Person.objects.count() == 3


def test_a_mayor_who_presides_over_the_epci_is_one_person(load: Load) -> None:
    add_contact("90010", "maire", last_name="Noyer", first_name="Anne", mobile="+33639980001")
    row = "90;;200069052;Ca Grand Belfort;90010;Belfort;NOYER;Anne;F;1901-02-03;;;2026-04-01;{};{}"
    summary = load(EPCI_HEADER, row.format("Président du conseil communautaire", "2026-04-10"))
    assert summary.added == 1
    assert Person.objects.count() == 1
    organisation = Organisation.objects.get(kind="epci")
    assert organisation.zones.count() > 40  # its packaged members
    # Renewed: nothing of the mandate changes.
    again = load(EPCI_HEADER, row.format("Président du conseil communautaire", "2026-04-10"))
    assert (again.unchanged, again.change) == (1, None)


def test_an_organisation_that_nobody_knows_is_refused_or_named(load: Load) -> None:
    header = (
        "organisme;nom_organisme;code_commune;fonction;rang;nom;prenom;mobile;courriel;mobile_2"
    )
    row = "partenaire:logis-90;{};;gardien;1;Noyer;Anne;06 39 98 00 01;;06 39 98 00 02"
    with pytest.raises(FileRefused, match="partenaire:logis-90"):
        load(header, row.format(""))
    load(header, row.format("Logis d’essai"))
    assert Organisation.objects.get(kind="partenaire").name == "Logis d’essai"
    assert list(Address.objects.order_by("position").values_list("value", flat=True)) == [
        "+33639980001",
        "+33639980002",
    ]
    assert load(header, row.format("")).unchanged == 1


# --- Addresses ------------------------------------------------------------------------------------


def test_one_column_for_numbers_says_nothing_of_the_second(load: Load) -> None:
    two = "code_commune;fonction;rang;nom;prenom;mobile;courriel;mobile_2"
    one = two.removesuffix(";mobile_2")
    load(two, "90033;maire;1;Noyer;;06 39 98 00 01;;06 39 98 00 02")
    assert load(one, "90033;maire;1;Noyer;;06 39 98 00 02;").changed == 1
    assert set(rung()) == {"+33639980002"}
    load(one, "90033;maire;1;Noyer;;06 39 98 00 03;")
    found = Address.objects.order_by("position").values_list("value", flat=True)
    assert list(found) == ["+33639980003", "+33639980001"]
    load(two, "90033;maire;1;Noyer;;06 39 98 00 03;;")
    assert list(found.all()) == ["+33639980003"]


def test_what_was_known_of_an_old_number_is_not_said_of_the_new_one(load: Load) -> None:
    header = "code_commune;fonction;rang;nom;prenom;mobile;courriel"
    load(header, "90033;maire;1;Noyer;;06 39 98 00 01;")
    Address.objects.update(failures=2)
    load(header, "90033;maire;1;Noyer;;06 39 98 00 01;")
    assert Address.objects.get().failures == 2
    load(header, "90033;maire;1;Noyer;;06 39 98 00 02;")
    assert (Address.objects.get().failures, rung()) == (0, ["+33639980002"])


def test_a_town_hall_is_a_service_beside_the_people(tmp_path: Path, load: Load) -> None:
    path = tmp_path / "annuaire.json"

    def read(telephone: str) -> ImportSummary:
        record = {
            "nom": "Mairie - Delle",
            "pivot": [{"type_service_local": "mairie"}],
            "code_insee_commune": "90033",
            "telephone": [{"valeur": telephone}],
            "adresse_courriel": ["mairie@delle.example"],
        }
        path.write_text(json.dumps({"service": [record]}), encoding="utf-8")
        return import_list(path, author="essai")

    assert read("03 84 36 66 66").added == 1
    person = Person.objects.get()
    Address.objects.create(person=person, kind="mobile", value="+33639980009")
    assert read("03 84 36 66 67").changed == 1
    assert read("03 84 36 66 67").unchanged == 1
    assert set(person.addresses.values_list("value", flat=True)) == {
        "+33384366667", "mairie@delle.example", "+33639980009",
    }  # fmt: skip
    header = "code_commune;fonction;rang;nom;prenom;mobile;courriel"
    assert load(header, "90033;autre;1;Noyer;;06 39 98 00 01;").ended == 0


# --- All or nothing, history, the command -------------------------------------------------------

GOOD = mayor(DELLE, "NOYER", "Anne", SINCE)
BAD = GOOD.replace(";90033;", ";99999;")


def test_all_or_nothing_or_the_good_rows_by_choice(load: Load) -> None:
    with pytest.raises(FileRefused, match="ligne 3"):
        load(MAYORS_HEADER, GOOD, BAD)
    assert mandates() == []
    dry = load(MAYORS_HEADER, GOOD, BAD, dry_run=True)
    assert (dry.added, len(dry.faults), mandates()) == (1, 1, [])
    assert str(load(MAYORS_HEADER, GOOD, BAD, valid_only=True)) == (
        "1 ajouté, 0 modifié, 0 inchangé, 1 refusé"
    )
    assert len(mandates()) == 1


def test_every_row_is_kept_as_it_stood_under_the_number_of_the_change(load: Load) -> None:
    header = "code_commune;fonction;rang;nom;prenom;mobile;courriel"
    load(header, "90033;maire;1;Noyer;;06 39 98 00 01;")
    second = load(header, "90033;maire;1;Noyer;;06 39 98 00 02;").change
    rows = Address.history.order_by("history_id")
    assert [(r.history_type, r.value, r.change_id == second) for r in rows] == [
        ("+", "+33639980001", False),
        ("+", "+33639980002", True),
        ("-", "+33639980001", True),
    ]
    change = Change.objects.get(pk=second)
    assert (change.author, change.source) == ("essai", "liste.csv (contacts)")
    assert change.counts["changed"] == 1
    entry = Entry.objects.order_by("id").last()
    assert (entry.step, entry.data["change"]) == ("directory", second)
    assert "Noyer" not in entry.text


def test_what_changes_while_a_list_is_compared_is_compared_again(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    from notifier.directory.imports import importer

    compare = importer.compare
    header = "code_commune;fonction;rang;nom;prenom;mobile;courriel"
    load(header, "90033;maire;1;Noyer;;06 39 98 00 01;")

    def compare_while_another_changes(*args: Any) -> Any:
        found = compare(*args)
        monkeypatch.setattr(importer, "compare", compare)
        load(header, "90033;adjoint;1;Sorbier;;06 39 98 00 02;")
        return found

    monkeypatch.setattr(importer, "compare", compare_while_another_changes)
    load(header, "90033;adjoint;1;Sorbier;;06 39 98 00 03;")
    assert set(rung()) == {"+33639980001", "+33639980003"}
    assert Mandate.objects.filter(function="adjoint").count() == 1


def notifier(*words: str) -> list[str]:
    out = StringIO()
    call_command("directory", *words, stdout=out)
    return out.getvalue().splitlines()


def test_the_command_shows_every_row_then_the_count(tmp_path: Path) -> None:
    add_contact("90033", "maire", last_name="Sorbier", mobile="+33639980001")
    path = str(write(tmp_path / "maires.csv", MAYORS_HEADER, [GOOD, BAD]))
    shown = notifier("import", path, "--dry-run")
    assert shown[0].startswith("refusé : ligne 3 : ")
    assert "ligne 2, Delle (90033), maire : terminé ; Sorbier ; au 20/03/2026" in shown
    assert any(line.startswith("ligne 2, Delle (90033), maire : nouveau ; Anne") for line in shown)
    assert shown[-2:] == [
        "RNE, maires : 1 ajouté, 0 modifié, 0 inchangé, 1 terminé, 1 refusé",
        "Essai à blanc : rien n’a été écrit.",
    ]
    with pytest.raises(CommandError, match="rien n’est importé, une erreur"):
        notifier("import", path)
    number = Change.objects.count() + 1
    assert "directory undo" in notifier("import", path, "--valides")[-1]
    assert Change.objects.count() == number
