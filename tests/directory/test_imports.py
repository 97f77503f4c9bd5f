"""A contact file comes in whole or not at all, and a second time changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifier.directory.contacts import Contact
from notifier.directory.imports import reading
from notifier.directory.imports.table import FileRefused
from notifier.directory.models import Mandate
from notifier.territory.reference.communes import communes_in
from tests.directory.importing import import_contacts
from tests.harness.people import add_contact, stored_contacts

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fiction")]

CsvFile = Callable[..., Path]
SAMPLE = Path(__file__).resolve().parents[2] / "config" / "samples" / "contacts-90.csv"
MAYOR = "90033;maire;1;Merisier;Camille;06 39 98 00 01;maire@delle.example"
DEPUTY = "90033;adjoint;1;Alouette;Anne;;adjoint@delle.example"


def stored() -> list[tuple[Any, ...]]:
    return [
        (c.commune, c.function, c.rank, c.last_name, c.first_name, c.mobile, c.email)
        for c in sorted(stored_contacts(), key=lambda c: (c.commune, c.function, c.rank))
    ]


def only_contact() -> Contact:
    (contact,) = stored_contacts()
    return contact


def faults(path: Path) -> dict[int | None, str]:
    """What is wrong, by line; and nothing may have been kept."""
    before = stored()
    with pytest.raises(FileRefused) as refusal:
        import_contacts(path)
    assert stored() == before
    return {fault.line: " ; ".join(fault.reasons) for fault in refusal.value.faults}


def writes(queries: CaptureQueriesContext) -> list[str]:
    first_words = [query["sql"].split()[0].upper() for query in queries.captured_queries]
    return [word for word in first_words if word in {"INSERT", "UPDATE", "DELETE"}]


# --- What comes in ----------------------------------------------------------------------------


def test_rows_become_contacts_in_their_stored_form(csv_file: CsvFile) -> None:
    summary = import_contacts(csv_file(MAYOR, DEPUTY))
    assert str(summary) == "2 ajoutés, 0 modifié, 0 inchangé"
    assert summary.notes == ()
    assert stored() == [
        ("90033", "adjoint", 1, "Alouette", "Anne", "", "adjoint@delle.example"),
        ("90033", "maire", 1, "Merisier", "Camille", "+33639980001", "maire@delle.example"),
    ]


def test_an_address_is_taken_without_what_shows_nothing(csv_file: CsvFile) -> None:
    import_contacts(csv_file(DEPUTY.replace("adjoint@", "\u200badjoint@\u00ad") + "\ufeff"))
    assert [row[-1] for row in stored()] == ["adjoint@delle.example"]


def test_a_second_run_writes_nothing(csv_file: CsvFile) -> None:
    path = csv_file(MAYOR, DEPUTY)
    import_contacts(path)
    kept = stored_contacts()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert str(import_contacts(path)) == "0 ajouté, 0 modifié, 2 inchangés"
    assert writes(queries) == []
    assert stored_contacts() == kept


def test_added_changed_and_unchanged_are_told_apart(csv_file: CsvFile) -> None:
    import_contacts(csv_file(MAYOR, DEPUTY))
    before = Mandate.objects.get(function="adjoint").pk
    summary = import_contacts(
        csv_file(
            MAYOR,
            "90033;adjoint;1;Alouette;Anne;06 39 98 00 02;adjoint@delle.example",
            "90033;adjoint;2;Sorbier;Luc;06 39 98 00 03;",
        )
    )
    assert (summary.added, summary.changed, summary.unchanged) == (1, 1, 1)
    changed = stored_contacts()[1]
    assert changed.mandate is not None
    assert (changed.mandate.pk, changed.mobile) == (before, "+33639980002")


def test_a_dry_run_says_the_same_and_writes_nothing(csv_file: CsvFile) -> None:
    import_contacts(csv_file(MAYOR))
    before = stored()
    path = csv_file(MAYOR.replace("00 01", "00 09"), DEPUTY)
    with CaptureQueriesContext(connection) as queries:
        dry = import_contacts(path, dry_run=True)
    assert writes(queries) == []
    assert stored() == before
    assert replace(import_contacts(path), change=None) == dry


def test_the_number_of_statements_does_not_grow_with_the_rows(csv_file: CsvFile) -> None:
    add_contact("90010", email="maire@belfort.example")
    counts = []
    for size in (1, 40):
        rows = [
            f"90010;adjoint;{rank};Nom;;;a{rank}@belfort.example" for rank in range(1, size + 1)
        ]
        path = csv_file(*rows)
        with CaptureQueriesContext(connection) as queries:
            import_contacts(path)
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("encoding", "delimiter", "end"),
    [
        ("utf-8", ";", "\n"),
        ("utf-8", ",", "\n"),
        ("utf-8-sig", ";", "\r\n"),
        ("latin-1", ";", "\r\n"),
        ("cp1252", ",", "\n"),
        ("utf-8", ";", "\r"),
    ],
)
def test_the_files_that_spreadsheets_write(
    csv_file: CsvFile, encoding: str, delimiter: str, end: str
) -> None:
    header = "code_commune;fonction;rang;nom;prenom;mobile;courriel"
    row = "90033;maire;1;Églantier;Hélène;06 39 98 00 01;"
    path = csv_file(
        row.replace(";", delimiter),
        header=header.replace(";", delimiter),
        encoding=encoding,
        end=end,
    )
    import_contacts(path)
    assert stored() == [("90033", "maire", 1, "Églantier", "Hélène", "+33639980001", "")]


def test_signs_that_windows_adds_to_latin_1_survive(csv_file: CsvFile) -> None:
    import_contacts(csv_file("90033;maire;1;L’Œillet;;;m@delle.example", encoding="cp1252"))
    assert only_contact().last_name == "L’Œillet"


def test_columns_may_stand_in_any_order(csv_file: CsvFile) -> None:
    import_contacts(
        csv_file(
            "maire@delle.example,,Camille,Merisier,1,maire,90033",
            header="courriel,mobile,prenom,nom,rang,fonction,code_commune",
        )
    )
    assert stored() == [("90033", "maire", 1, "Merisier", "Camille", "", "maire@delle.example")]


def test_quoted_cells_spaces_and_capitals_are_read(csv_file: CsvFile) -> None:
    import_contacts(
        csv_file('90033; Maire ;01;"Le; Merisier";" Camille  Anne ";;Maire@Delle.example')
    )
    assert stored() == [
        ("90033", "maire", 1, "Le; Merisier", "Camille Anne", "", "maire@delle.example")
    ]


def test_a_lost_leading_zero_is_restored_and_said(csv_file: CsvFile) -> None:
    summary = import_contacts(csv_file("1033;maire;1;;;;maire@valserhone.example"))
    assert only_contact().commune == "01033"
    assert "zéro initial" in summary.notes[0]
    assert "ligne 2" in summary.notes[0]


def test_corsica_in_lower_case_is_no_repair(csv_file: CsvFile) -> None:
    summary = import_contacts(csv_file("2a004;maire;1;;;;maire@ajaccio.example"))
    assert only_contact().commune == "2A004"
    assert not any("zéro initial" in note for note in summary.notes)


@pytest.mark.parametrize("dry_run", [True, False], ids=["dry run", "in earnest"])
def test_a_commune_where_nobody_can_be_rung_is_named(csv_file: CsvFile, dry_run: bool) -> None:
    belfort = "90010;maire;1;;;;maire@belfort.example"
    summary = import_contacts(csv_file(MAYOR, belfort), dry_run=dry_run)
    (note,) = summary.notes
    assert "une alerte urgente n’y réveille personne" in note
    assert note.endswith(": Belfort (90010)")


def test_whoever_has_a_mobile_beside_the_file_can_be_rung(csv_file: CsvFile) -> None:
    import_contacts(csv_file(MAYOR))
    assert not any("réveille" in n for n in import_contacts(csv_file(DEPUTY)).notes)
    Mandate.objects.filter(function="maire").update(ends_on=date(2020, 1, 1))
    assert any("réveille" in n for n in import_contacts(csv_file(DEPUTY)).notes)


def test_a_number_that_the_file_takes_away_rings_nobody(csv_file: CsvFile) -> None:
    import_contacts(csv_file(MAYOR))
    without = MAYOR.replace("06 39 98 00 01", "")
    assert any("réveille" in n for n in import_contacts(csv_file(without), dry_run=True).notes)


# --- Periods, and those whom the file does not name ---------------------------------------------


def test_an_absence_outlives_the_import_of_the_same_person(csv_file: CsvFile) -> None:
    import_contacts(csv_file(MAYOR))
    Mandate.objects.update(starts_on=date(2026, 12, 1))
    with time_machine.travel("2026-11-22T12:00:00Z", tick=False):
        summary = import_contacts(csv_file(MAYOR.replace("00 01", "00 02")))
    contact = only_contact()
    assert (contact.mobile, contact.active_from) == ("+33639980002", date(2026, 12, 1))
    assert "pas prévenus aujourd’hui : ligne 2" in summary.notes[0]


def test_a_successor_does_not_inherit_the_end_of_the_mandate(csv_file: CsvFile) -> None:
    import_contacts(csv_file(MAYOR))
    Mandate.objects.update(ends_on=date(2026, 3, 1))
    summary = import_contacts(csv_file(MAYOR.replace("Merisier", "Sorbier")))
    assert (summary.added, summary.ended) == (1, 0)
    former, contact = sorted(stored_contacts(), key=lambda contact: contact.last_name)
    assert (former.last_name, former.active_until) == ("Merisier", date(2026, 3, 1))
    assert (contact.last_name, contact.active_until) == ("Sorbier", None)


def test_contacts_that_the_file_leaves_out_stay_and_are_counted(csv_file: CsvFile) -> None:
    import_contacts(csv_file(MAYOR, DEPUTY, "90010;maire;1;;;;maire@belfort.example"))
    summary = import_contacts(csv_file(MAYOR))
    assert Mandate.objects.count() == 3
    # Belfort is not in the file: its mayor is not missing from it.
    assert "laissés en place : 1" in summary.notes[0]


# --- A code that is others' postal code ----------------------------------------------------------

# Vauthiermont's code, and Delle's postal code.
AMBIGUOUS = "90100;maire;1;Merisier;Camille;;maire@vauthiermont.example"
NAMED = "code_commune;commune;fonction;rang;nom;prenom;mobile;courriel"


def test_a_code_that_is_others_postal_code_is_asked_by_row(csv_file: CsvFile) -> None:
    found = faults(csv_file(MAYOR, AMBIGUOUS, "90999;maire;1;;;;a@b.example"))
    assert list(found) == [3, 4]
    for said in ("Vauthiermont", "code postal de", "Delle (90033)", "« commune »", "--confirm"):
        assert said in found[3]


def test_the_name_of_the_commune_answers(csv_file: CsvFile) -> None:
    row = AMBIGUOUS.replace("90100;", "90100;VAUTHIERMONT;")
    assert import_contacts(csv_file(row, header=NAMED)).added == 1
    assert [contact[0] for contact in stored()] == ["90100"]


@pytest.mark.parametrize(
    "row", ["90100;Delle;maire;1;;;;a@b.example", "90033;Belfort;maire;1;;;;a@b.example"]
)
def test_a_name_of_another_commune_is_refused(csv_file: CsvFile, row: str) -> None:
    assert "ne vont pas ensemble" in faults(csv_file(row, header=NAMED))[2]


def test_an_empty_name_answers_nothing(csv_file: CsvFile) -> None:
    rows = [AMBIGUOUS.replace("90100;", "90100;;"), MAYOR.replace("90033;", "90033;;")]
    assert list(faults(csv_file(*rows, header=NAMED))) == [2]


def test_who_imports_may_confirm_the_code(csv_file: CsvFile) -> None:
    path = str(csv_file(AMBIGUOUS))
    with pytest.raises(CommandError, match="Vauthiermont"):
        notifier("import", path)
    with pytest.raises(CommandError, match=r"--confirm : .*90999"):
        notifier("import", path, "--confirm", "90999")
    with pytest.raises(CommandError, match="Vauthiermont"):
        notifier("import", path, "--confirm", "90033")
    assert "1 ajouté" in notifier("import", path, "--confirm", "90033, 90100")


def test_a_person_who_is_there_already_is_not_asked_again(csv_file: CsvFile) -> None:
    import_contacts(csv_file(AMBIGUOUS), confirmed=["90100"])
    again = csv_file(AMBIGUOUS.replace("Camille;;", "Camille;06 39 98 00 02;"))
    assert import_contacts(again).changed == 1
    assert list(faults(csv_file(AMBIGUOUS.replace("Merisier", "Sorbier")))) == [2]


# --- What is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("90999;maire;1;;;;a@b.example", "90999"),
        (";maire;1;;;;a@b.example", "code_commune manquant"),
        ("Delle;maire;1;;;;a@b.example", "« Delle »"),
        ("90000;maire;1;;;;a@b.example", "code postal"),
        ("15035x;maire;1;;;;a@b.example", "15035x"),
        (
            "90033;prefet;1;;;;a@b.example",
            "maire, adjoint, astreinte, police_municipale, dgs, autre",
        ),
        ("90033;;1;;;;a@b.example", "fonction"),
        ("90033;maire;0;;;;a@b.example", "rang « 0 »"),
        ("90033;maire;-1;;;;a@b.example", "rang « -1 »"),
        ("90033;maire;1,5;;;;a@b.example", "rang « 1,5 »"),
        ("90033;maire;premier;;;;a@b.example", "rang « premier »"),
        ("90033;maire;;;;;a@b.example", "rang «  »"),
        ("90033;maire;²;;;;a@b.example", "rang « ² »"),
        ("90033;maire;99999999999;;;;a@b.example", "rang"),
        ("90033;maire;1;;;06 12;", "manque des chiffres"),
        ("90033;maire;1;;;0800 12 34 56;", "ne reçoit pas de SMS"),
        ("97101;maire;1;;;06 12 34 56 78;", "+33 6 12 34 56 78"),
        ("90033;maire;1;;;;mairie.delle", "« mairie.delle »"),
        ("90033;maire;1;;;;a@b.example, c@d.example", "n’est pas une adresse"),
        ("90033;maire;1;;;;", "ni téléphone ni courriel"),
        (f"90033;maire;1;{'x' * 101};;;a@b.example", "au plus 100 caractères"),
        ("90033;maire;1;;;;a@b.example;x", "8 cellules au lieu de 7"),
        ("90033;maire;1", "3 cellules au lieu de 7"),
    ],
)
def test_a_bad_row_is_named_by_line_and_reason_and_nothing_is_kept(
    csv_file: CsvFile, row: str, said: str
) -> None:
    found = faults(csv_file("90010;maire;1;;;;maire@belfort.example", row))
    assert list(found) == [3]
    assert said in found[3]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("01091", "01033"),  # Châtillon-en-Michaille, Valserhône since 2019
        ("75112", "75056"),  # the twelfth arrondissement of Paris
    ],
)
def test_a_code_of_another_time_or_level_names_today_s_commune(
    csv_file: CsvFile, code: str, said: str
) -> None:
    assert said in faults(csv_file(f"{code};maire;1;;;;a@b.example"))[2]


def test_a_number_for_fiction_is_refused_beside_a_real_provider(
    csv_file: CsvFile, real_provider: None
) -> None:
    assert "fiction" in faults(csv_file(MAYOR))[2]


def test_every_bad_row_is_listed_with_all_its_reasons(csv_file: CsvFile) -> None:
    found = faults(
        csv_file(
            "90999;chef;0;;;;pas une adresse",
            "",
            ";;;;;;",
            MAYOR,
            "90010;maire;1;;;06 12;",
        )
    )
    assert list(found) == [2, 6]
    for reason in ("90999", "« chef »", "« 0 »", "« pas une adresse »"):
        assert reason in found[2]


def test_a_doubled_row_names_the_line_that_it_repeats(csv_file: CsvFile) -> None:
    again = "90033;maire;01;Autre;;;autre@delle.example"
    found = faults(csv_file(MAYOR, DEPUTY, again, "90033;MAIRE;1;Encore;;06;"))
    assert list(found) == [4, 5]
    assert "répète la ligne 2" in found[4]
    assert "répète la ligne 2" in found[5]
    assert "manque des chiffres" in found[5]


def test_a_repaired_code_can_double_a_row(csv_file: CsvFile) -> None:
    row = ";maire;1;;;;maire@valserhone.example"
    assert "répète la ligne 2" in faults(csv_file(f"01033{row}", f"1033{row}"))[3]


def test_lines_are_those_of_the_file_even_after_a_cell_of_two_lines(csv_file: CsvFile) -> None:
    found = faults(
        csv_file('90033;maire;1;"Meri\nsier";;;a@b.example', "90010;maire;x;;;;a@b.example")
    )
    assert list(found) == [4]


def test_quotes_that_never_close_are_refused_where_they_open(csv_file: CsvFile) -> None:
    found = faults(csv_file(MAYOR, '90010;maire;1;"Merisier;;;a@b.example', DEPUTY))
    assert list(found) == [3]
    assert "guillemets" in found[3]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("code_commune;fonction;rang;nom;prenom;mobile", "colonne manquante : courriel"),
        (
            "code_commune;fonction;rang;nom;prenom;mobile;courriel;nom",
            "colonne présente deux fois : nom",
        ),
        ("commune;fonction;rang;nom;prenom;mobile;courriel", "colonne manquante : code_commune"),
        ("bonjour", "l’en-tête attendu est code_commune;fonction;rang;nom;prenom;mobile;courriel"),
    ],
)
def test_another_header_is_refused_by_the_names_of_its_columns(
    csv_file: CsvFile, header: str, said: str
) -> None:
    assert said in faults(csv_file(MAYOR, header=header))[1]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "est vide"),
        (b"\xef\xbb\xbf", "est vide"),
        (b" \n\n", "est vide"),
        (b"code_commune;fonction;rang;nom;prenom;mobile;courriel\n", "aucun contact"),
        (b"PK\x03\x04\x14\x00\x06\x00", "classeur"),
        (bytes(range(256)) * 10, "pas un fichier texte"),
        (b"\x7fELF\x02\x01\x01\x00\x00", "pas un fichier texte"),
    ],
    ids=[
        "empty",
        "only a BOM",
        "blank lines",
        "header alone",
        "xlsx",
        "noise",
        "program",
    ],
)
def test_what_is_no_contact_file_is_refused_as_a_whole(
    tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "contacts.csv"
    path.write_bytes(content)
    assert said in faults(path)[None]


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    assert "n’existe pas" in faults(tmp_path / "absent.csv")[None]
    assert "dossier" in faults(tmp_path)[None]


# --- The command --------------------------------------------------------------------------------


def notifier(*words: str) -> str:
    out = StringIO()
    call_command("contacts", *words, stdout=out)
    return out.getvalue()


def test_the_command_prints_the_summary_and_the_notes(csv_file: CsvFile) -> None:
    path = str(csv_file(MAYOR, "1033;maire;1;;;;maire@valserhone.example"))
    dry = notifier("import", path, "--dry-run")
    assert "2 ajoutés, 0 modifié, 0 inchangé" in dry
    assert "rien n’a été écrit" in dry
    assert stored() == []
    real = notifier("import", path)
    assert "2 ajoutés" in real
    assert "zéro initial" in real
    assert "rien n’a été écrit" not in real


def test_the_command_fails_with_every_bad_line(csv_file: CsvFile) -> None:
    path = csv_file("90999;maire;1;;;;a@b.example", "90033;chef;1;;;;a@b.example")
    with pytest.raises(CommandError) as failure:
        notifier("import", str(path))
    assert failure.value.returncode == 1
    assert "2 erreurs" in str(failure.value)
    assert "ligne 2 : " in str(failure.value)
    assert "ligne 3 : " in str(failure.value)


def test_a_big_file_shows_how_far_it_is(csv_file: CsvFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PROGRESS_EVERY", 2)
    path = csv_file(*(f"90010;autre;{rank};;;;a{rank}@belfort.example" for rank in range(1, 6)))
    seen: list[tuple[int, int]] = []
    import_contacts(path, progress=lambda *figures: seen.append(figures))
    assert seen == [(2, 6), (4, 6)]


def test_the_list_shows_a_commune_s_contacts_in_the_order_of_escalation(csv_file: CsvFile) -> None:
    import_contacts(csv_file(DEPUTY, MAYOR, "90010;maire;1;Sorbier;;;maire@belfort.example"))
    Mandate.objects.filter(function="adjoint").update(ends_on=date(2026, 12, 1))
    head, titles, mayor, deputy = notifier("list", "--commune", "90033").splitlines()
    assert head == "Delle (90033)"
    assert titles.split()[:2] == ["fonction", "nom"]
    assert mayor.startswith("maire")
    assert "Camille Merisier" in mayor
    assert "+33639980001" in mayor
    assert deputy.startswith("1er adjoint")
    assert "jusqu’au 01/12/2026" in deputy


def test_the_list_of_a_commune_without_contacts_says_so() -> None:
    assert "Aucun contact" in notifier("list", "--commune", "1033")


def test_the_list_refuses_what_is_no_commune() -> None:
    with pytest.raises(CommandError, match="90000"):
        notifier("list", "--commune", "90000")


# --- The sample -----------------------------------------------------------------------------------


def test_the_sample_gives_every_commune_of_the_territoire_de_belfort_a_mayor() -> None:
    import_contacts(SAMPLE)
    mayors = [c for c in stored_contacts() if (c.function, c.rank) == ("maire", 1)]
    assert {m.commune for m in mayors} == {c.code for c in communes_in("90")}
    assert all(m.mobile and m.email for m in mayors)
    on_call = {c.commune for c in stored_contacts() if c.function == "astreinte"}
    assert on_call >= {"90010", "90033"}


def test_the_sample_can_reach_nobody() -> None:
    import_contacts(SAMPLE)
    for contact in stored_contacts():
        assert contact.mobile == "" or contact.mobile.startswith("+3363998")
        assert contact.email == "" or contact.email.endswith(".example")
    mobiles = [contact.mobile for contact in stored_contacts() if contact.mobile]
    assert len(set(mobiles)) == len(mobiles)


def test_the_sample_is_refused_beside_a_real_provider(real_provider: None) -> None:
    assert len(faults(SAMPLE)) == sum(
        ";06 39 98 " in line for line in SAMPLE.read_text(encoding="utf-8").splitlines()
    )
