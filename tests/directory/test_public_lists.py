"""The State's lists are recognised by themselves, and read in every edition; without a database."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.styles import Font

from notifier.directory.imports.capitals import to_capitals
from notifier.directory.imports.entries import Entry, Reading
from notifier.directory.imports.reading import Selection, read_list
from notifier.directory.imports.table import FileRefused
from notifier.territory.reference.communes import departement_of
from notifier.territory.resolve import commune_by_code
from notifier.territory.zones.epci import all_epci
from tests.directory.public_lists import (
    COUNCILLORS_HEADER,
    EPCI_HEADER,
    MAYORS_HEADER,
    cells,
    mayor,
    mayors,
    ods,
    write,
)

pytestmark = pytest.mark.usefixtures("fiction")

DELLE = commune_by_code("90033")
SINCE = date(2026, 3, 21)


def read(path: Path, form: str = "auto") -> Reading:
    return read_list(path, form)


def people(reading: Reading) -> list[tuple[Any, ...]]:
    return [
        (e.organisation[1], e.function, e.rank, e.civility, e.last_name, e.first_name, e.starts_on)
        for e in reading.entries
    ]


def reasons(reading: Reading) -> dict[int | None, str]:
    return {fault.line: " ; ".join(fault.reasons) for fault in reading.faults}


def only(reading: Reading) -> Entry:
    assert reading.faults == []
    (entry,) = reading.entries
    return entry


# --- Mayors -------------------------------------------------------------------------------------


def test_a_mayor_is_read_without_birth_date_profession_or_sex(tmp_path: Path) -> None:
    reading = read(
        write(
            tmp_path / "m.csv", MAYORS_HEADER, [mayor(DELLE, "LE GOFF", "Jean-pierre", SINCE, "M")]
        )
    )
    assert (reading.format, reading.origin) == ("rne-maires", "rne")
    assert people(reading) == [("90033", "maire", 1, "m", "Le Goff", "Jean-Pierre", SINCE)]
    assert not any(secret in repr(reading) for secret in ("1901", "Artisan"))


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "iso-8859-1", "cp1252", "utf-16", "utf-16-le"]
)
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_any_encoding_and_delimiter(tmp_path: Path, encoding: str, delimiter: str) -> None:
    rows = [mayor(DELLE, "HÊTRE", "Hélène", SINCE)]
    header, *rows = (row.replace(";", delimiter) for row in (MAYORS_HEADER, *rows))
    reading = read(write(tmp_path / "m.csv", header, rows, encoding))
    assert people(reading) == [("90033", "maire", 1, "mme", "Hêtre", "Hélène", SINCE)]


def test_dates_in_both_forms_and_without_the_one_of_the_function(tmp_path: Path) -> None:
    row = mayor(DELLE, "HÊTRE", "Hélène", SINCE)
    french = row.replace("2026-03-15;2026-03-21", "15/03/2026;21/03/2026")
    older = row.replace(";2026-03-21", ";")
    for written, day in ((french, SINCE), (older, date(2026, 3, 15))):
        assert only(read(write(tmp_path / "m.csv", MAYORS_HEADER, [written]))).starts_on == day
    wrong = row.replace("2026-03-21", "2026-13-21")
    assert "« 2026-13-21 »" in reasons(read(write(tmp_path / "m.csv", MAYORS_HEADER, [wrong])))[2]


def test_zeros_that_a_spreadsheet_lost_come_back(tmp_path: Path) -> None:
    commune = commune_by_code("01033")
    row = mayor(commune, "NOYER", "Luc", SINCE).replace("01;;;;01033", "1;;;;1033")
    entry = only(read(write(tmp_path / "m.csv", MAYORS_HEADER, [row])))
    assert (entry.organisation, entry.is_repaired) == (("commune", "01033"), True)


@pytest.mark.parametrize("code", ["97411", "97502", "98818", "2A004", "67482"])
@pytest.mark.parametrize("departement", ["", "6AE"])
def test_the_departement_s_cell_decides_nothing(
    tmp_path: Path, code: str, departement: str
) -> None:
    commune = commune_by_code(code)
    row = mayor(commune, "NOYER", "Luc", SINCE).replace(
        f"{commune.departement};", f"{departement};", 1
    )
    assert only(read(write(tmp_path / "m.csv", MAYORS_HEADER, [row]))).organisation[1] == code


def test_the_editions_until_2020_have_a_title_tabs_and_a_split_code(tmp_path: Path) -> None:
    header = "\t".join(
        [
            "Code du département (Maire)", "Libellé de département (Maires)",
            "Code Insee de la commune", "Libellé de la commune", "Population de la commune",
            "Nom de l'élu", "Prénom de l'élu",
            "Code sexe", "Date de naissance", "Code profession", "Libellé de la profession",
            "Date de début du mandat", "Date de début de la fonction",
        ]
    )  # fmt: skip
    rows = [
        f"{place}\t5000\tERABLE\tZoé\tF\t01/02/1901\t1\tx\t23/03/2014\t28/03/2014"
        for place in ("90\tBELFORT\t33\tDelle", "ZD\tLA REUNION\t411\t", "ZN\tNC\t818\tNouméa")
    ]
    path = tmp_path / "m.txt"
    path.write_bytes("\r\n".join(["Titre du rapport", header, *rows]).encode("iso-8859-1"))
    reading = read(path)
    assert [entry.organisation[1] for entry in reading.entries] == ["90033", "97411", "98818"]
    assert {entry.starts_on for entry in reading.entries} == {date(2014, 3, 28)}


def test_of_a_list_of_all_france_one_departement_is_read_and_the_others_faults_are_not(
    tmp_path: Path,
) -> None:
    paris, lyon = commune_by_code("75056"), commune_by_code("69123")
    rows = [
        mayor(DELLE, "HÊTRE", "Hélène", SINCE),
        mayor(paris, "NOYER", "Luc", SINCE),
        mayor(lyon, "", "Luc", SINCE),
        mayor(DELLE, "", "Luc", SINCE),
        mayor(DELLE, "SORBIER", "Luc", SINCE).replace("90033", "90999"),
    ]
    path = write(tmp_path / "m.csv", MAYORS_HEADER, rows)
    reading = read_list(path, selection=Selection("90"))
    assert [entry.last_name for entry in reading.entries] == ["Hêtre"]
    assert reading.skipped == {"dans un autre département": 2}
    # What no commune has may be a slip of this département.
    assert list(reasons(reading)) == [5, 6]


def test_an_epci_is_of_every_departement_in_which_it_has_a_commune(tmp_path: Path) -> None:
    row = (
        "{departement};;{siren};{name};{commune};;HÊTRE;Hélène;F;1901-02-03;21;Artisan;2026-03-15;"
        "Président du conseil communautaire;2026-03-21"
    )
    straddling = next(
        e for e in all_epci() if len({departement_of(code) for code in e.communes}) > 1
    )
    for departement in {departement_of(code) for code in straddling.communes}:
        written = row.format(
            departement=departement, siren=straddling.siren, name="x", commune="75056"
        )
        path = write(tmp_path / "e.csv", EPCI_HEADER, [written])
        assert only(read_list(path, selection=Selection(departement))).function == "president"
    assert read_list(path, selection=Selection("75")).entries == []


def test_a_dead_code_is_read_for_its_successor_with_a_warning(tmp_path: Path) -> None:
    dead = "01;;;;01091;Châtillon-en-Michaille;NOYER;Luc;M;;;;2014-03-23;2014-03-28"
    entry = only(read(write(tmp_path / "m.csv", MAYORS_HEADER, [dead])))
    assert (entry.organisation[1], entry.former_code) == ("01033", "01091")
    assert entry.warnings == (
        "Châtillon-en-Michaille (01091) n’est plus une commune : lu pour Valserhône (01033)",
    )
    live = mayor(commune_by_code("01033"), "HÊTRE", "Anne", SINCE)
    reading = read(write(tmp_path / "m.csv", MAYORS_HEADER, [dead, live]))
    assert [entry.last_name for entry in reading.entries] == ["Hêtre"]
    assert "Valserhône" in reasons(reading)[2]


def test_a_postal_code_in_place_of_a_code_is_refused(tmp_path: Path) -> None:
    row = mayor(DELLE, "NOYER", "Luc", SINCE).replace(";90033;", ";90100;")
    said = reasons(read(write(tmp_path / "m.csv", MAYORS_HEADER, [row])))[2]
    assert "« 90100 » et commune « Delle » ne vont pas ensemble" in said


def test_two_mayors_of_one_commune_are_refused_and_one_written_twice_is_one(tmp_path: Path) -> None:
    one, other = (mayor(DELLE, last, "Luc", SINCE) for last in ("NOYER", "HÊTRE"))
    assert list(reasons(read(write(tmp_path / "m.csv", MAYORS_HEADER, [one, other])))) == [2, 3]
    reading = read(write(tmp_path / "m.csv", MAYORS_HEADER, [one, one]))
    assert len(reading.entries) == sum(reading.skipped.values()) == 1


# --- Councillors and members of an EPCI -----------------------------------------------------------


def councillor(function: str, last: str) -> str:
    return f"90;;;;90033;Delle;{last};Luc;M;1901-02-03;21;x;2026-03-15;{function};2026-03-21"


def test_only_the_mayor_and_deputies_are_kept_and_the_others_counted(tmp_path: Path) -> None:
    rows = [
        councillor(function, f"Nom{letter}")
        for letter, function in zip(
            "ABCDEFG",
            (
                "Maire",
                "1er adjoint au Maire",
                "2ème adjoint au Maire",
                "",
                "Maire délégué",
                "",
                '"Maire délégué;3ème adjoint au Maire"',
            ),
            strict=True,
        )
    ]
    reading = read(write(tmp_path / "c.csv", COUNCILLORS_HEADER, rows))
    assert reading.format == "rne-conseillers"
    assert [(e.function, e.rank) for e in reading.entries] == [
        ("maire", 1), ("adjoint", 1), ("adjoint", 2), ("adjoint", 3),
    ]  # fmt: skip
    assert reading.skipped == {"conseiller sans fonction": 2, "Maire délégué": 1}


def test_two_deputies_of_one_rank_are_shown_and_one_without_rank_comes_last(tmp_path: Path) -> None:
    rows = [
        councillor(function, f"Nom{letter}")
        for letter, function in zip(
            "ABC", ("1er adjoint au Maire", "1er adjoint au Maire", "Adjoint au Maire"), strict=True
        )
    ]
    reading = read(write(tmp_path / "c.csv", COUNCILLORS_HEADER, rows))
    assert [entry.rank for entry in reading.entries] == [1, 1, 2]
    first, second, last = (entry.warnings for entry in reading.entries)
    assert (
        first
        == second
        == ("2 personnes ont le rang de 1er adjoint (lignes 2, 3) : départagez-les",)
    )
    assert "sans numéro d’ordre" in last[0]


def test_two_deputies_of_one_name_are_two_people(tmp_path: Path) -> None:
    rows = [councillor(f"{rank}ème adjoint au Maire", "Noyer") for rank in (2, 3)]
    reading = read(write(tmp_path / "c.csv", COUNCILLORS_HEADER, rows))
    assert [entry.rank for entry in reading.entries] == [2, 3]


def test_an_epci_s_president_and_vice_presidents_by_siren(tmp_path: Path) -> None:
    rows = [
        f"90;;{siren};Ca Grand Belfort;90010;Belfort;{last};Anne;F;1901-02-03;;;2026-04-01;"
        f"{function};2026-04-10"
        for siren, last, function in (
            ("200069052", "DE LA TOUR", "Président du conseil communautaire"),
            ("200069052", "D'AOUT", "5eme Vice-président du conseil communautaire"),
            ("200069052", "NOYER", ""),
            ("200069053", "NOYER", "1er Vice-président du conseil communautaire"),
        )
    ]
    reading = read(write(tmp_path / "e.csv", EPCI_HEADER, rows))
    assert reading.format == "rne-epci"
    assert people(reading) == [
        ("200069052", "president", 1, "mme", "de La Tour", "Anne", date(2026, 4, 10)),
        ("200069052", "vice_president", 5, "mme", "d'Aout", "Anne", date(2026, 4, 10)),
    ]
    assert {e.home_commune for e in reading.entries} == {"90010"}
    assert "« 200069053 » n’est pas un SIREN" in reasons(reading)[5]


# --- The annuaire -------------------------------------------------------------------------------


def town_hall(**changes: Any) -> dict[str, Any]:
    record = {
        "nom": "Mairie - Delle",
        "pivot": [{"type_service_local": "mairie", "code_insee_commune": ["90033"]}],
        "code_insee_commune": "90033",
        "telephone": [{"valeur": "03 84 36 66 66", "description": ""}],
        "adresse_courriel": ["Mairie@delle.example"],
        "date_modification": "01/02/2026 10:00:00",
    }
    return record | changes


def nested_as_strings(record: dict[str, Any]) -> dict[str, Any]:
    flat = {k: json.dumps(v) if isinstance(v, list) else v for k, v in record.items()}
    return flat | {"adresse_courriel": ";".join(record["adresse_courriel"])}


@pytest.mark.parametrize("form", ["dump", "api", "results", "lines", "csv"])
def test_every_form_of_the_annuaire_says_the_same(tmp_path: Path, form: str) -> None:
    record = town_hall()
    flat = nested_as_strings(record)
    path = tmp_path / "annuaire.json"
    if form == "csv":
        quoted = ['"{}"'.format(value.replace('"', '""')) for value in flat.values()]
        write(path, ";".join(flat), [";".join(quoted)])
    else:
        texts = {
            "dump": json.dumps({"service": [record]}),
            "api": json.dumps([flat]),
            "results": json.dumps({"total_count": 1, "results": [flat]}, indent=1),
            "lines": "\n".join(map(json.dumps, [flat])),
        }
        path.write_text(texts[form], encoding="utf-8")
    reading = read(path)
    entry = only(reading)
    assert (reading.format, entry.organisation) == ("annuaire", ("commune", "90033"))
    assert (entry.is_service, entry.last_name, entry.function) == (True, "Mairie", "autre")
    assert entry.addresses == (("fixe", "+33384366666"), ("courriel", "mairie@delle.example"))


def test_what_is_no_town_hall_is_counted_and_what_is_unreadable_is_said(tmp_path: Path) -> None:
    records = [
        town_hall(nom="Mairie déléguée - Ailleurs"),
        town_hall(nom="Mairie - Delle - annexe Nord"),
        town_hall(pivot=[{"type_service_local": "ccas"}]),
        town_hall(pivot=""),
        town_hall(telephone="", adresse_courriel=None, code_insee_commune="90010"),
        town_hall(telephone=[{"valeur": "f"}]),
        town_hall(code_insee_commune="99999"),
    ]
    path = tmp_path / "annuaire.json"
    path.write_text(json.dumps({"service": records}), encoding="utf-8")
    reading = read(path)
    (entry,) = reading.entries
    assert entry.addresses == (("courriel", "mairie@delle.example"),)
    assert "« f »" in entry.warnings[0]
    assert list(reasons(reading)) == [7]
    assert reading.skipped == {
        "mairie déléguée ou annexe, qui n’est pas la mairie": 2,
        "autre service qu’une mairie": 2,
        "mairie sans téléphone ni courriel lisible": 1,
    }


def test_a_json_file_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "annuaire.json"
    whole = json.dumps({"service": [town_hall(), town_hall()]})
    for text in (whole[:-40], whole[:-2], '{"service": {}}x', "[1, 2"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(FileRefused, match="JSON entier"):
            read(path)


def test_records_longer_than_what_is_read_at_once(tmp_path: Path) -> None:
    path = tmp_path / "annuaire.json"
    records = [
        town_hall(mission="é" * 700_000, code_insee_commune=c) for c in ("90033", "90010", "90001")
    ]
    path.write_text(json.dumps({"service": records}, ensure_ascii=False), encoding="utf-8")
    assert len(read(path).entries) == 3


# --- Spreadsheets -------------------------------------------------------------------------------


def test_a_workbook_with_numbers_dates_and_another_sheet_first(tmp_path: Path) -> None:
    book = Workbook()
    book.active.title = "Lisez-moi"
    book.active.append(["Extraction du jour"])
    sheet = book.create_sheet("Maires")
    for row in cells([MAYORS_HEADER, mayor(commune_by_code("01033"), "NOYER", "Luc", SINCE)]):
        sheet.append(row)
    sheet["E2"] = 1033
    sheet["N2"] = SINCE
    path = tmp_path / "maires.xlsx"
    book.save(path)
    reading = read(path)
    assert people(reading) == [("01033", "maire", 1, "mme", "Noyer", "Luc", SINCE)]
    assert "« Maires »" in reading.notes[0]


def test_an_ods_file(tmp_path: Path) -> None:
    path = tmp_path / "maires.ods"
    path.write_bytes(ods(cells([MAYORS_HEADER, mayor(DELLE, "NOYER", "Luc", SINCE)])))
    assert people(read(path)) == [("90033", "maire", 1, "mme", "Noyer", "Luc", SINCE)]


def test_the_operator_s_own_list_may_come_as_a_workbook(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(
        ["Code commune", "Fonction", "Rang", "Nom", "Prénom", "Mobile", "Courriel", "Fixe"]
    )
    book.active.append(
        [90033, "1er adjoint", None, "Noyer", "Luc", 639980001, None, "03 84 36 66 66"]
    )
    path = tmp_path / "contacts.xlsx"
    book.save(path)
    reading = read(path)
    assert only(reading).addresses == (("mobile", "+33639980001"), ("fixe", "+33384366666"))
    assert reading.address_columns == {"mobile": 1, "fixe": 1, "courriel": 1}


def test_a_stray_cell_in_the_last_corner_is_refused_before_it_fills_the_memory(
    tmp_path: Path,
) -> None:
    book = Workbook()
    book.active.append(["Code commune", "Fonction", "Rang", "Nom", "Prénom", "Mobile", "Courriel"])
    book.active["XFD1048576"] = "x"
    path = tmp_path / "contacts.xlsx"
    book.save(path)
    with pytest.raises(FileRefused, match="XFD1048576"):
        read(path)


def test_cells_that_are_only_formatted_are_no_reason_to_refuse(tmp_path: Path) -> None:
    book = Workbook()
    for row in cells([MAYORS_HEADER, mayor(DELLE, "NOYER", "Luc", SINCE)]):
        book.active.append(row)
    book.active["XFD1048576"].font = Font(bold=True)
    path = tmp_path / "maires.xlsx"
    book.save(path)
    assert people(read(path)) == [("90033", "maire", 1, "mme", "Noyer", "Luc", SINCE)]


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04 no archive", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 80]
)
def test_a_broken_workbook_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "maires.xlsx"
    path.write_bytes(content)
    with pytest.raises(FileRefused, match="classeur"):
        read(path)


# --- All ----------------------------------------------------------------------------------------


def test_another_organisation_than_a_commune_in_the_operator_s_list(tmp_path: Path) -> None:
    header = "organisme;code_commune;fonction;rang;civilite;nom;prenom;mobile;courriel;debut;fin"
    rows = [
        "epci:200069052;;vice-présidente;3;Mme;Noyer;Anne;06 39 98 00 01;;01/04/2026;",
        "partenaire:logis-90;;gardien;1;service;Loge;;;loge@logis.example;;",
        "partenaire:logis-90;90033;roi;1;Mlle;Loge;;;loge@logis.example;2026-05-01;2026-04-01",
    ]
    reading = read(write(tmp_path / "c.csv", header, rows))
    assert [(e.organisation, e.function, e.is_service) for e in reading.entries] == [
        (("epci", "200069052"), "vice_president", False),
        (("partenaire", "logis-90"), "gardien", True),
    ]
    for said in ("« roi »", "Mlle", "avant le début", "à la fois"):
        assert said in reasons(reading)[4]


def test_a_list_that_is_read_as_another_names_what_it_lacks(tmp_path: Path) -> None:
    path = write(tmp_path / "m.csv", MAYORS_HEADER, mayors(1, seed=1))
    with pytest.raises(FileRefused, match="n_siren"):
        read(path, "rne-epci")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("LE GOFF", "Le Goff"),
        ("DE LA TOUR D'AUVERGNE", "de La Tour d'Auvergne"),
        ("Du Bellay", "du Bellay"),
        ("D’ESTAING", "d’Estaing"),
        ("D'estaing", "d'Estaing"),
        ("L'HERMITTE", "L'Hermitte"),
        ("N'GUYEN", "N'Guyen"),
        ("O'connor", "O'Connor"),
        ("VAN DER BERG", "Van der Berg"),
        ("Jean-pierre", "Jean-Pierre"),
        ("MARIE-THÉRÈSE DITE MARIE", "Marie-Thérèse dite Marie"),
        ("ÉRABLE-MÉLÈZE", "Érable-Mélèze"),
        ("McDonald", "McDonald"),
        ("DU", "Du"),
        ("J.-P.", "J.-P."),
        ("", ""),
    ],
)
def test_capitals_as_people_write_them(written: str, name: str) -> None:
    assert to_capitals(written) == name
