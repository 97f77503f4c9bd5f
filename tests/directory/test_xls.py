"""A list in the old format of Excel is read as any other sheet is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.directory.importing import import_contacts
from tests.directory.test_spreadsheets import HEADER, READ, stored
from tests.directory.xls import xls

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("fiction"),
    pytest.mark.one_database("how a file is read is no matter of SQL; test_imports.py stores it"),
]


def test_a_sheet_of_excel_97_is_read(tmp_path: Path) -> None:
    path = tmp_path / "liste.xls"
    row = ("90033", "maire", 1.0, "Lérot", "Hélène", "06 39 98 00 01", "maire@delle.example")
    path.write_bytes(xls(HEADER.split(";"), row))
    import_contacts(path)
    assert stored() == [READ]


def test_numbers_that_lost_their_zero_are_read_too(tmp_path: Path) -> None:
    path = tmp_path / "liste.xls"
    row = (90033.0, "maire", 1.0, "Lérot", "Hélène", 639980001.0, "maire@delle.example")
    path.write_bytes(xls(HEADER.split(";"), row))
    import_contacts(path)
    assert stored() == [READ]
