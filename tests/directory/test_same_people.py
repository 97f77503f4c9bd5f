"""A list in another spelling speaks of the same people; one cell for many people does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notifier.directory.imports.table import FileRefused
from notifier.directory.models import Mandate
from notifier.territory.reference.communes import communes_in
from tests.directory.importing import import_contacts
from tests.harness.people import stored_contacts

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("fiction"),
    pytest.mark.one_database("the same names are found in Python"),
]

CsvFile = Callable[..., Path]
END = date(2030, 3, 1)


def row(last: str, first: str, mobile: str = "06 39 98 00 01") -> str:
    return f"90033;maire;1;{last};{first};{mobile};maire@delle.example"


@pytest.fixture
def mayor(csv_file: CsvFile) -> None:
    """Hélène Lérot-d'Août, whose mandate ends."""
    import_contacts(csv_file(row("Lérot-d’Août", "Hélène")))
    Mandate.objects.update(ends_on=END)


def faults(path: Path, *, dry_run: bool) -> dict[int | None, str]:
    before = stored_contacts()
    with pytest.raises(FileRefused) as refusal:
        import_contacts(path, dry_run=dry_run)
    assert stored_contacts() == before
    return {fault.line: " ; ".join(fault.reasons) for fault in refusal.value.faults}


@pytest.mark.parametrize(
    ("last", "first"),
    [
        ("Le\u0301rot-d’Aou\u0302t", "He\u0301le\u0300ne"),
        ("Lerot-d'Aout", "Helene"),
        ("LEROT D AOUT", "HELENE"),
        ("LÉROT D’AOÛT", "Hélène"),
        ("Lérot d'Août", "Hélène"),
        ("Hélène", "Lérot-d’Août"),
        ("", "Lérot-d’Août Hélène"),
    ],
)
def test_another_spelling_is_the_same_person(
    mayor: None, csv_file: CsvFile, last: str, first: str
) -> None:
    summary = import_contacts(csv_file(row(last, first)))
    assert (summary.added, summary.ended) == (0, 0)
    assert Mandate.objects.get().ends_on == END


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "mac_roman", "utf-16"])
def test_another_encoding_is_the_same_person(mayor: None, csv_file: CsvFile, encoding: str) -> None:
    summary = import_contacts(csv_file(row("Lérot-d’Août", "Hélène"), encoding=encoding))
    assert summary.unchanged == 1
    assert Mandate.objects.get().ends_on == END


@pytest.mark.parametrize(("last", "first"), [("Lérot", "Hélène"), ("Lérot-d’Août", "Helen")])
def test_another_name_is_another_person(
    mayor: None, csv_file: CsvFile, last: str, first: str
) -> None:
    summary = import_contacts(csv_file(row(last, first)))
    assert (summary.added, summary.ended) == (1, 1)
    former, successor = Mandate.objects.order_by("id")
    day_before = timezone.localdate() - timedelta(days=1)
    assert (former.ends_on, successor.starts_on) == (day_before, timezone.localdate())
    assert successor.ends_on is None


def test_broken_letters_erase_nothing(mayor: None, csv_file: CsvFile) -> None:
    assert list(faults(csv_file(row("LŽrot-d’Août", "Hélène")), dry_run=False)) == [2]
    assert Mandate.objects.get().ends_on == END


# --- Old and new --------------------------------------------------------------------------------


def notifier(*words: str) -> list[str]:
    out = StringIO()
    call_command("contacts", "import", *words, stdout=out)
    return out.getvalue().splitlines()


def test_a_dry_run_shows_old_and_new_by_row(mayor: None, csv_file: CsvFile) -> None:
    path = csv_file(
        row("Lérot-d’Août", "Hélène", "06 39 98 00 02"),
        "90033;1er adjoint;;Sorbier;Luc;06 39 98 00 03;",
    )
    with CaptureQueriesContext(connection) as queries:
        shown = notifier(str(path), "--dry-run")
    assert not any(q["sql"].startswith(("INSERT", "UPDATE")) for q in queries.captured_queries)
    assert "ligne 2, Delle (90033), maire : mobile +33639980001 → +33639980002" in shown
    assert not any("→" in line for line in notifier(str(path)))
    assert not any("→" in line for line in notifier(str(path), "--dry-run"))


def test_a_dry_run_shows_what_becomes_empty(mayor: None, csv_file: CsvFile) -> None:
    path = csv_file("90033;maire;1;Lerot d'Aout;Helene;06 39 98 00 01;")
    (line,) = (line for line in notifier(str(path), "--dry-run") if "→" in line)
    for said in (
        "nom Lérot-d’Août → Lerot d'Aout",
        "prénom Hélène → Helene",
        "courriel maire@delle.example → (vide)",
    ):
        assert said in line


def test_a_successor_is_said_with_whose_mandate_ends(mayor: None, csv_file: CsvFile) -> None:
    path = str(csv_file("90033;maire;1;Sorbier;;06 39 98 00 02;"))
    yesterday = timezone.localdate() - timedelta(days=1)
    dry = notifier(path, "--dry-run")
    ended = (
        f"ligne 2, Delle (90033), maire : terminé ; Hélène Lérot-d’Août ; au {yesterday:%d/%m/%Y}"
    )
    assert ended in dry
    (said,) = (line for line in notifier(path) if "attention" in line)
    assert "prend la suite de Hélène Lérot-d’Août, dont les numéros" in said
    assert not any("attention" in line for line in notifier(path))


# --- Numbers and addresses, in dry run as in earnest --------------------------------------------


def mayors(count: int, mobile: str = "", email: str = "", name: str = "") -> list[str]:
    return [
        f"{commune.code};maire;1;{name or f'Nom{place}'};;{mobile};{email}"
        for place, commune in enumerate(communes_in("90")[:count])
    ]


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("name", ["", "Merisier"])
@pytest.mark.parametrize(
    ("mobile", "email"), [("06 39 98 00 01", ""), ("", "mairie@belfort.example")]
)
def test_one_cell_for_many_mayors_is_refused_at_every_row(
    csv_file: CsvFile, dry_run: bool, name: str, mobile: str, email: str
) -> None:
    found = faults(csv_file(*mayors(11, mobile, email, name)), dry_run=dry_run)
    assert list(found) == list(range(2, 13))
    assert all("pour 11 personnes" in said and "recopiée" in said for said in found.values())


def test_one_mobile_for_many_names_is_refused_in_whatever_function(csv_file: CsvFile) -> None:
    rows = [f"90033;autre;{rank};Nom{rank};;06 39 98 00 01;" for rank in range(1, 12)]
    assert len(faults(csv_file(*rows), dry_run=False)) == 11


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize(
    ("mobile", "email"), [("06 39 98 00 01", ""), ("", "mairie@belfort.example")]
)
def test_one_cell_for_some_mayors_is_said(
    csv_file: CsvFile, dry_run: bool, mobile: str, email: str
) -> None:
    notes = import_contacts(csv_file(*mayors(3, mobile, email)), dry_run=dry_run).notes
    (note,) = (note for note in notes if "plusieurs personnes" in note)
    assert "lignes 2, 3, 4" in note


def test_what_is_shared_on_purpose_is_not_said(csv_file: CsvFile) -> None:
    """A town hall's address, a person with two hats, a police that serves several communes."""
    rows = [
        "90033;maire;1;Lérot;Hélène;06 39 98 00 01;mairie@delle.example",
        "90033;adjoint;1;Sorbier;Luc;06 39 98 00 02;mairie@delle.example",
        "90033;astreinte;1;LEROT;Helene;06 39 98 00 01;",
        *(
            f"{commune.code};police_municipale;1;;;06 39 98 00 03;police@belfort.example"
            for commune in communes_in("90")[:12]
        ),
    ]
    notes = import_contacts(csv_file(*rows)).notes
    assert not any("plusieurs personnes" in note for note in notes)


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (";;0 06 87 71 23 45;", "06 87 71 23 45"),
        (";;0-06 87 71 23 45;", "06 87 71 23 45"),
        (";;00687712345;", "+687 71.23.45"),
        (";;+33 690 30 12 34;", "+590 690 30 12 34"),
        (";;0033 696 20 12 34;", "+596 696 20 12 34"),
        (";;+33 692 12 34 56;", "+262 692 12 34 56"),
        (";;0800 36 00 00;", "ne reçoit pas de SMS"),
        (";;+41 800 767 000;", "ne reçoit pas de SMS"),
        (f";;;{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.example", "254 caractères"),
        (';;;"""a\x7fb""@delle.example"', "fichier texte"),
        (";;;a\u0085b@delle.example", "n’est pas une adresse"),
        (";;;a@-delle-.example", "n’est pas une adresse"),
        (f"{'x' * 101};;;a@b.example", "100 caractères"),
        (f";{'œ' * 101};;a@b.example", "100 caractères"),
    ],
)
def test_what_a_database_or_a_provider_would_refuse_is_refused_by_row(
    csv_file: CsvFile, cells: str, said: str, dry_run: bool
) -> None:
    found = faults(csv_file(f"90033;maire;1;{cells}"), dry_run=dry_run)
    assert said in "".join(found.values()).replace("\xa0", " ")


def test_the_longest_that_is_taken_is_stored(csv_file: CsvFile) -> None:
    domain = ".".join(["b" * 60] * 3) + ".example"
    email = "a" * (254 - len(domain) - 1) + "@" + domain
    import_contacts(csv_file(f"90033;maire;999;{'œ' * 100};{'É' * 100};;{email.upper()}"))
    (contact,) = stored_contacts()
    assert (contact.email, contact.last_name) == (email, "œ" * 100)


@pytest.mark.parametrize(
    ("commune", "mobile", "is_said"),
    [
        ("90033", "+687 71 23 45", True),
        ("90033", "+1 212 555 01 99", True),
        ("90033", "+590 690 30 12 34", True),
        ("90033", "+41 79 123 45 67", False),
        ("97105", "+33 6 39 98 00 01", False),
        ("97105", "0690 30 12 34", False),
        ("97105", "+596 696 20 12 34", True),
        ("98818", "71 23 45", False),
    ],
)
def test_a_number_of_far_away_is_said(
    csv_file: CsvFile, commune: str, mobile: str, is_said: bool
) -> None:
    path = csv_file(f"{commune};maire;1;;;{mobile};a@b.example")
    notes = import_contacts(path, confirmed=[commune]).notes
    assert [("éloigné" in note and "ligne 2" in note) for note in notes] == [True] * is_said


def test_two_of_one_name_in_one_commune_keep_each_their_number(csv_file: CsvFile) -> None:
    """A father and a son: who is one person gives one number, or none, on the second row."""
    rows = [
        "90033;maire;1;Essai;Jean;06 39 98 00 01;maire@delle.example",
        "90033;adjoint;1;Essai;Jean;06 39 98 00 02;maire@delle.example",
        "90033;astreinte;1;Essai;Jean;06 39 98 00 01;",
    ]
    import_contacts(csv_file(*rows))
    numbers = {c.function: c.mobile for c in stored_contacts()}
    assert numbers == {
        "maire": "+33639980001",
        "adjoint": "+33639980002",
        "astreinte": "+33639980001",
    }
    assert len(set(Mandate.objects.values_list("person", flat=True))) == 2
    assert import_contacts(csv_file(*rows)).unchanged == 3
