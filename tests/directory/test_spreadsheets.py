"""Lists as town halls and spreadsheets write them: read where they are clear, else refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from notifier.directory.imports.table import FileRefused
from tests.directory.importing import import_contacts
from tests.harness.people import stored_contacts

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("fiction"),
    pytest.mark.one_database("how a file is read is no matter of SQL; test_imports.py stores it"),
]

CsvFile = Callable[..., Path]
HEADER = "code_commune;fonction;rang;nom;prenom;mobile;courriel"
MAYOR = "90033;maire;1;Lérot;Hélène;06 39 98 00 01;maire@delle.example"
READ = ("90033", "maire", 1, "Lérot", "Hélène", "+33639980001", "maire@delle.example")


def stored() -> list[tuple[object, ...]]:
    return [
        (c.commune, c.function, c.rank, c.last_name, c.first_name, c.mobile, c.email)
        for c in stored_contacts()
    ]


def refused(path: Path) -> dict[int | None, str]:
    with pytest.raises(FileRefused) as refusal:
        import_contacts(path)
    assert not stored_contacts()
    return {fault.line: " ; ".join(fault.reasons) for fault in refusal.value.faults}


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;", "sep=;;;;;;;"])
def test_the_line_that_names_the_separator_is_no_header(csv_file: CsvFile, first: str) -> None:
    assert import_contacts(csv_file(HEADER, MAYOR, header=first)).notes == ()
    assert stored() == [READ]


def test_the_line_that_names_the_separator_is_believed_and_counted(csv_file: CsvFile) -> None:
    rows = [line.replace(";", "|") for line in (HEADER, MAYOR, MAYOR)]
    assert list(refused(csv_file(*rows, header="sep=|"))) == [4]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_tabs_separate(csv_file: CsvFile, encoding: str) -> None:
    """What a spreadsheet calls text, and text in Unicode."""
    rows = [line.replace(";", "\t") for line in (HEADER, MAYOR)]
    import_contacts(csv_file(rows[1], header=rows[0], encoding=encoding))
    assert stored() == [READ]


@pytest.mark.parametrize(
    "header",
    [
        "code_commune;fonction;rang;nom;Prénom;mobile;courriel",
        "CODE_COMMUNE;FONCTION;RANG;NOM;PRÉNOM;MOBILE;COURRIEL",
        "Code commune;Fonction; Rang;Nom;Pre\u0301nom;Mobile;Courriel",
        HEADER + ";",
        HEADER + ";;",
    ],
)
def test_a_header_is_read_as_people_write_it(csv_file: CsvFile, header: str) -> None:
    assert import_contacts(csv_file(MAYOR, header=header)).notes == ()
    assert stored() == [READ]


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_column_of_another_kind_is_ignored_and_named(csv_file: CsvFile, dry_run: bool) -> None:
    path = csv_file(MAYOR + ";3 rue Haute;", header=HEADER + ";Adresse;;Étage")
    (note,) = import_contacts(path, dry_run=dry_run).notes
    assert note == "colonnes en trop, ignorées : Adresse, (sans nom), Étage"
    assert stored() == ([] if dry_run else [READ])


@pytest.mark.parametrize("more", ["", ";", ";;;"])
def test_empty_cells_at_the_end_are_no_cells(csv_file: CsvFile, more: str) -> None:
    import_contacts(csv_file(MAYOR + more))
    assert stored() == [READ]


def test_the_last_cell_may_be_left_out_when_it_is_empty(csv_file: CsvFile) -> None:
    import_contacts(csv_file(MAYOR.rsplit(";", 1)[0]))
    assert stored() == [(*READ[:-1], "")]


@pytest.mark.parametrize(
    "row",
    [
        "90033;maire;1;Lérot;06 39 98 00 01;maire@delle.example",
        "90033;maire;1;Lérot;Hélène;maire@delle.example",
        "90033;maire;1;Lérot;Hélène",
    ],
)
def test_cells_that_have_shifted_are_not_read(csv_file: CsvFile, row: str) -> None:
    assert list(refused(csv_file(row))) == [2]


@pytest.mark.parametrize(
    ("function", "rank", "read"),
    [
        ("1er adjoint", "", ("adjoint", 1)),
        ("1er adjoint", "1", ("adjoint", 1)),
        ("1ère adjointe", "", ("adjoint", 1)),
        ("2e adjoint au maire", "", ("adjoint", 2)),
        ("3ème Adjointe", "", ("adjoint", 3)),
        ("2nd adjoint", "", ("adjoint", 2)),
        ("Deuxième adjoint", "", ("adjoint", 2)),
        ("adjoint n° 4", "", ("adjoint", 4)),
        ("Maire-adjoint", "2e", ("adjoint", 2)),
        ("Adjointe", "2.0", ("adjoint", 2)),
        ("MAIRE", "1er", ("maire", 1)),
        ("Madame la Maire", "1", ("maire", 1)),
        ("Police municipale", "1", ("police_municipale", 1)),
        ("Élu d'astreinte", "1", ("astreinte", 1)),
        ("E\u0301lue d’astreinte", "1,0", ("astreinte", 1)),
        ("D.G.S.", "1", None),
        ("Directrice générale des services", "1", ("dgs", 1)),
        ("1er adjoint", "2", None),
        ("Maire délégué", "1", None),
        ("Ancien maire", "1", None),
        ("nouvel adjoint", "1", None),
        ("adjoint", "", None),
        ("0e adjoint", "", None),
        ("adjoint", "1 2", None),
    ],
)
def test_functions_are_read_as_one_says_them(
    csv_file: CsvFile, function: str, rank: str, read: tuple[str, int] | None
) -> None:
    path = csv_file(f"90033;{function};{rank};;;;a@delle.example")
    if read is None:
        assert list(refused(path)) == [2]
    else:
        import_contacts(path)
        assert [contact[1:3] for contact in stored()] == [read]


# --- Letters ------------------------------------------------------------------------------------

PEOPLE = [
    ("Lérot", "Hélène"),
    ("ÉGLANTIER", "Noël"),
    ("Églantier", "Benoît"),
    ("D’Août", "Françoise"),
    ("Müller", "Zoé"),
    ("Cœur", "Anaïs"),
    ("Frêne", "Jérôme"),
    ("PRÊTRE", "Désiré"),
]


def of_people(*people: tuple[str, str]) -> list[str]:
    return [
        f"90033;adjoint;{rank};{last};{first};;a{rank}@delle.example"
        for rank, (last, first) in enumerate(people, 1)
    ]


@pytest.mark.parametrize(("encoding", "said"), [("mac_roman", "Macintosh"), ("cp850", "MS-DOS")])
@pytest.mark.parametrize("end", ["\r", "\r\n"])
def test_old_encodings_are_recognised_and_said(
    csv_file: CsvFile, encoding: str, said: str, end: str
) -> None:
    # MS-DOS has neither œ nor the typographic apostrophe.
    people = [pair for pair in PEOPLE if said == "Macintosh" or not {"œ", "’"} & set("".join(pair))]
    header = HEADER.replace("prenom", "prénom")
    path = csv_file(*of_people(*people), header=header, encoding=encoding, end=end)
    notes = import_contacts(path).notes
    assert said in notes[0]
    assert "vérifiez les accents" in notes[0]
    assert [(row[3], row[4]) for row in stored()] == people


@pytest.mark.parametrize("pair", PEOPLE, ids="-".join)
def test_one_name_of_windows_is_enough_to_tell(csv_file: CsvFile, pair: tuple[str, str]) -> None:
    summary = import_contacts(csv_file(*of_people(pair), encoding="cp1252"))
    assert not any("CSV (" in note for note in summary.notes)
    assert [(row[3], row[4]) for row in stored()] == [pair]


@pytest.mark.parametrize("encoding", ["mac_roman", "cp850"])
@pytest.mark.parametrize("pair", PEOPLE, ids="-".join)
def test_one_name_of_another_encoding_is_read_or_refused_never_wrong(
    csv_file: CsvFile, pair: tuple[str, str], encoding: str
) -> None:
    path = csv_file(*of_people(pair), encoding="utf-8")
    text = path.read_text(encoding="utf-8")
    try:
        path.write_bytes(text.encode(encoding))
    except UnicodeEncodeError:
        path.write_bytes(text.replace("œ", "oe").replace("’", "'").encode(encoding))
        pair = (pair[0].replace("œ", "oe").replace("’", "'"), pair[1])
    try:
        import_contacts(path)
    except FileRefused:
        assert stored() == []
    else:
        assert [(row[3], row[4]) for row in stored()] == [pair]


@pytest.mark.parametrize(
    "broken",
    [
        "LŽrot",  # Macintosh read as Windows
        "LÈrot",  # Windows read as Macintosh
        "LÚrot",  # Windows read as MS-DOS
        "L‚rot",  # MS-DOS read as Windows
        "LÃ©rot",  # UTF-8 read as Windows
        "FrÃªne",
        "Ã‰glantier",
        "Lâ€™Etang",
        "L\u00e2\u0080\u0099Etang",
        "Voil\u0085",
        "L\u0085tang",
        "L√©rot",  # UTF-8 read as Macintosh
        "L├®rot",  # UTF-8 read as MS-DOS
        "L\ufffdrot",
        "L\x8frot",
        "L\u008erot",
        "L?rot",
        "No‘l",
        "Beno”t",
        "L\ue000rot",
        "Lerot <b>",
    ],
)
@pytest.mark.parametrize("place", [0, 1], ids=["nom", "prenom"])
def test_names_whose_letters_are_broken_are_refused_by_row(
    csv_file: CsvFile, broken: str, place: int
) -> None:
    people = [("Merisier", "Camille"), ("Sorbier", "Luc")]
    people[1] = (broken, "Luc") if place == 0 else ("Sorbier", broken)
    said = refused(csv_file(*of_people(*people)))
    assert list(said) == [3]
    assert ("nom «", "prenom «")[place] in said[3]
    assert "CSV UTF-8" in said[3]


@pytest.mark.parametrize(
    "name",
    [
        "Müller-Schmidt", "D’Été", "L'Île", "Žižka", "García Núñez", "Ó Súilleabháin", "Łukasz",
        "MacDonald", "DE LA TOUR", "Noël (suppléant)", "Services techniques, n° 2", "J.-P.",
        "Conceição", "Đặng", "Ÿ", "ÉLÉONORE", "d'Ó",
    ],
)  # fmt: skip
def test_names_of_anywhere_are_taken(csv_file: CsvFile, name: str) -> None:
    import_contacts(csv_file(*of_people((name, ""))))
    assert [row[3] for row in stored()] == [name]


def test_a_name_is_stored_with_its_accents_in_one_piece(csv_file: CsvFile) -> None:
    import_contacts(csv_file(*of_people(("Le\u0301rot", "\u200bHe\u0301le\u0300ne\ufeff"))))
    assert [(row[3], row[4]) for row in stored()] == [("Lérot", "Hélène")]
    assert import_contacts(csv_file(*of_people(("Lérot", "Hélène")))).unchanged == 1


def test_two_files_of_two_encodings_in_one_are_refused_by_row(csv_file: CsvFile) -> None:
    path = csv_file(*of_people(("Lérot", "Luc")))
    other = "90033;adjoint;2;Lérot;Anne;;a2@delle.example\n"
    path.write_bytes(path.read_bytes() + other.encode("cp1252"))
    assert list(refused(path)) == [2]


def test_files_put_one_behind_the_other_keep_their_marks_out_of_names(csv_file: CsvFile) -> None:
    rows = of_people(("Lérot", "Luc"), ("Sorbier", "Anne"))
    import_contacts(csv_file(rows[0], "\ufeff" + rows[1], encoding="utf-8-sig"))
    assert [row[3] for row in stored()] == ["Lérot", "Sorbier"]


def test_the_terminal_has_no_space_that_does_not_break(csv_file: CsvFile) -> None:
    """Searching and copying what is said needs the space of the keyboard."""
    row = f"90033;maire;x;LŽrot;{'x' * 101};+33 690 30 12 34;a@b"
    with pytest.raises(FileRefused) as refusal:
        import_contacts(
            csv_file(row, "90010;maire;1;;;0 06 87 71 23 45;", header=HEADER + ";Étage")
        )
    assert not {"\xa0", "\u202f"} & set(str(refusal.value))
    assert len(str(refusal.value).splitlines()) == 2
