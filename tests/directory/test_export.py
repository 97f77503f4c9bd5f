"""What is exported opens in a spreadsheet without computing anything, and reads back unchanged."""

from __future__ import annotations

import stat
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from python_calamine import CalamineWorkbook

from notifier.directory.export import HEADER, export
from notifier.directory.imports.importer import import_list
from notifier.directory.models import Address, Mandate, Person
from notifier.journal.models import Entry
from tests.directory.people import organisation, somebody
from tests.directory.public_lists import MAYORS_HEADER, mayors, write
from tests.harness.people import add_contact

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("fiction"),
    pytest.mark.one_database("what a spreadsheet reads is no matter of SQL"),
]


@pytest.fixture
def everybody(tmp_path: Path) -> None:
    """People of all sorts: hats, numbers of other countries, none at all, a service, an epci."""
    add_contact("90033", "maire", last_name="Lérot-d’Août", mobile="+33639980001")
    add_contact("90010", "adjoint", rank=2, last_name="Noyer", email="noyer@belfort.example")
    for value in ("+41791234567", "+687712345"):
        Address.objects.create(person=Person.objects.first(), kind="mobile", value=value)
    Address.objects.create(person=Person.objects.first(), kind="fixe", value="+33384366666")
    somebody(
        organisation("epci", "200069052"), "Hêtre", "president", first_name="Anne",
        mobile="+33639980003",
    )  # fmt: skip
    import_list(write(tmp_path / "m.csv", MAYORS_HEADER, mayors(3, seed=1)), author="essai")


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_what_is_exported_reads_back_unchanged(
    tmp_path: Path, everybody: None, ending: str
) -> None:
    path = tmp_path / f"annuaire.{ending}"
    # A third number has no column: a list says nothing of what it has no room for.
    assert export(path, "essai") == Mandate.objects.count() == 6
    summary = import_list(path, author="essai")
    assert (summary.unchanged, summary.faults, summary.change) == (6, (), None)


def test_only_the_owner_may_read_it_and_the_journal_says_who_took_it(
    tmp_path: Path, everybody: None
) -> None:
    path = tmp_path / "annuaire.csv"
    out = StringIO()
    call_command(
        "directory", "export", str(path), "--departement", "90", "--who", "anne", stdout=out
    )
    assert out.getvalue() == f"2 lignes écrites dans {path}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    entry = Entry.objects.latest("id")
    assert entry.text == "annuaire : export de 2 mandats (département 90), par anne"
    assert entry.data == {"rows": 2, "departement": "90"}
    with pytest.raises(CommandError, match="existe déjà"):
        call_command("directory", "export", str(path))
    with pytest.raises(CommandError, match="finit par"):
        call_command("directory", "export", str(tmp_path / "annuaire.pdf"))


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
@pytest.mark.parametrize("name", ["=1+1", "+1", "-1+1", "@SUM(A1)", "=HYPERLINK(0)"])
def test_no_cell_is_a_formula(tmp_path: Path, name: str, ending: str) -> None:
    add_contact("90033", "maire", last_name="Noyer", mobile="+33639980001")
    Person.objects.update(last_name=name)
    path = tmp_path / f"annuaire.{ending}"
    export(path, "essai")
    if ending == "csv":
        rows = [line.split(";") for line in path.read_text("utf-8-sig").splitlines()]
    else:
        rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    assert rows[0] == list(HEADER)
    assert rows[1][HEADER.index("nom")] == f"'{name}"
    assert not any(str(cell).startswith(("=", "+", "-", "@")) for row in rows for cell in row)
