"""Read the files of the Répertoire national des élus (ministère de l’Intérieur, data.gouv.fr).

Their editions differ: UTF-8 with ISO dates today, ISO-8859-1 with DD/MM/YYYY before; until 2020 a
title stood above the header, and the code of a commune was split in two columns. Dates of birth and
professions stand in every one of them and are never read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from notifier.directory.imports.capitals import to_capitals
from notifier.directory.imports.entries import Entry, RowRefused, RowSkipped
from notifier.directory.imports.formats.columns import Columns
from notifier.directory.imports.functions import parse_function
from notifier.directory.imports.values import (
    name_mismatch,
    normalise_commune_code,
    read_date,
    read_name,
    read_siren,
    successor_of,
    unknown_commune_reason,
)
from notifier.directory.models import Civility, Function, OrganisationKind
from notifier.territory.resolve import commune_by_code

_SYNONYMS = {
    "code_du_departement_maire": "departement",
    "code_du_departement": "departement",
    "code_insee_de_la_commune": "code_de_la_commune",
    "libelle_de_fonction": "libelle_de_la_fonction",
    "code_sexe_de_l_elu": "code_sexe",
    "no_siren": "n_siren",
}
_PERSON = ("nom_de_l_elu", "prenom_de_l_elu")
_OPTIONAL = (
    "departement",
    "libelle_de_la_commune",
    "code_sexe",
    "date_de_debut_du_mandat",
    "date_de_debut_de_la_fonction",
)
MAYORS = Columns(("code_de_la_commune", *_PERSON), _OPTIONAL, _SYNONYMS)
COUNCILLORS = Columns(
    ("code_de_la_commune", *_PERSON, "libelle_de_la_fonction"), _OPTIONAL, _SYNONYMS
)
EPCI = Columns(
    ("n_siren", "libelle_de_l_epci", *_PERSON, "libelle_de_la_fonction"),
    (*_OPTIONAL, "code_de_la_commune_de_rattachement"),
    _SYNONYMS,
)
_LABELS = {
    "code_de_la_commune": "Code de la commune",
    "nom_de_l_elu": "Nom de l’élu",
    "prenom_de_l_elu": "Prénom de l’élu",
    "libelle_de_la_fonction": "Libellé de la fonction",
    "n_siren": "N° SIREN",
    "date_de_debut_de_la_fonction": "Date de début de la fonction",
    "date_de_debut_du_mandat": "Date de début du mandat",
}
_CIVILITIES = {"M": Civility.MONSIEUR, "F": Civility.MADAME}
# Overseas in the editions until 2020: the ministry's own letters in place of 97 and 98.
_OVERSEAS = dict.fromkeys(("ZA", "ZB", "ZC", "ZD", "ZM", "ZS", "ZX"), "97") | dict.fromkeys(
    ("ZN", "ZP", "ZW"), "98"
)
_MAX_SPLIT_DIGITS = 3
_EARLIEST, _LATEST = date(1945, 1, 1), date(2099, 12, 31)


_OF_COUNCIL = (Function.MAYOR, Function.DEPUTY)
_OF_EPCI = (Function.PRESIDENT, Function.VICE_PRESIDENT)


def read_mayor(line: int, cells: Mapping[str, str]) -> Entry:
    """Convert a row of the mayors' file. Raises RowRefused with every reason at once."""
    return _read_town_hall(line, cells, Function.MAYOR, 1)


def read_councillor(line: int, cells: Mapping[str, str]) -> Entry:
    """Convert a row of the municipal councillors' file.

    Raises RowSkipped for those who are neither mayor nor deputy, RowRefused with every reason.
    """
    function, rank = _read_function(cells, OrganisationKind.COMMUNE, _OF_COUNCIL)
    return _read_town_hall(line, cells, function, rank)


def read_epci_member(line: int, cells: Mapping[str, str]) -> Entry:
    """Convert a row of the community councillors' file.

    Raises RowSkipped for those who are neither president nor vice-president, RowRefused with every
    reason.
    """
    function, rank = _read_function(cells, OrganisationKind.EPCI, _OF_EPCI)
    reasons: list[str] = []
    siren = read_siren(_LABELS["n_siren"], cells["n_siren"], reasons)
    home = normalise_commune_code(cells.get("code_de_la_commune_de_rattachement", ""))
    entry = _read_person(line, cells, reasons)
    return replace(
        entry,
        organisation=(OrganisationKind.EPCI, siren),
        organisation_name=cells["libelle_de_l_epci"],
        function=function,
        rank=rank,
        home_commune=home if commune_by_code(home) else "",
    )


def _read_function(
    cells: Mapping[str, str], kind: str, wanted: tuple[Function, Function]
) -> tuple[str, int]:
    """Return the first of the wanted functions, and the rank (0: not stated).

    The mayor of a part of the commune who is a deputy as well has both in one cell.
    """
    text = cells["libelle_de_la_fonction"]
    found = dict(parse_function(part.strip(), kind) for part in reversed(text.split(";")))
    head, second = wanted
    if head in found:
        return head, 1
    if second in found:
        return second, found[second] or 0
    raise RowSkipped(text or "conseiller sans fonction")


def _read_town_hall(line: int, cells: Mapping[str, str], function: str, rank: int) -> Entry:
    reasons: list[str] = []
    code, former_code, warnings = _read_commune(cells, reasons)
    return replace(
        _read_person(line, cells, reasons),
        organisation=(OrganisationKind.COMMUNE, code),
        function=function,
        rank=rank,
        former_code=former_code,
        is_repaired=code == f"0{cells['code_de_la_commune']}",
        warnings=warnings,
    )


def _read_person(line: int, cells: Mapping[str, str], reasons: list[str]) -> Entry:
    """Return who it is and since when. Raises RowRefused with all reasons so far and its own."""
    last_name = read_name(_LABELS["nom_de_l_elu"], cells["nom_de_l_elu"], reasons)
    first_name = read_name(_LABELS["prenom_de_l_elu"], cells["prenom_de_l_elu"], reasons)
    if not last_name:
        reasons.append("Nom de l’élu manquant")
    starts_on = _read_start(cells, reasons)
    if reasons:
        raise RowRefused(*reasons)
    return Entry(
        line=line,
        organisation=("", ""),
        function="",
        rank=0,
        last_name=to_capitals(last_name),
        first_name=to_capitals(first_name),
        civility=_CIVILITIES.get(cells.get("code_sexe", "").upper(), ""),
        starts_on=starts_on,
    )


def _read_start(cells: Mapping[str, str], reasons: list[str]) -> date | None:
    for column in ("date_de_debut_de_la_fonction", "date_de_debut_du_mandat"):
        text = cells.get(column, "")
        if not text:
            continue
        day = read_date(_LABELS[column], text, reasons)
        if day and not _EARLIEST <= day <= _LATEST:
            reasons.append(f"{_LABELS[column]} « {text} » : cette année n’est pas possible")
        return day
    return None


def _read_commune(cells: Mapping[str, str], reasons: list[str]) -> tuple[str, str, tuple[str, ...]]:
    """Return the commune of today, the code in the file if it is another, and warnings."""
    given = cells["code_de_la_commune"]
    code = normalise_commune_code(_joined_code(given, cells.get("departement", "")))
    name = cells.get("libelle_de_la_commune", "")
    if commune_by_code(code):
        if name and (mismatch := name_mismatch(code, name)):
            reasons.append(mismatch)
        return code, "", ()
    today = successor_of(code)
    commune = commune_by_code(today)
    if commune is None:
        reasons.append(unknown_commune_reason(given, _LABELS["code_de_la_commune"]))
        return code, "", ()
    was = f"{name} ({code})" if name else code
    return today, code, (f"{was} n’est plus une commune : lu pour {commune.label}",)


def _joined_code(code: str, departement: str) -> str:
    """Return the whole code where an edition splits it: "90" and "33", "ZA" and "105"."""
    if not (code.isdigit() and len(code) <= _MAX_SPLIT_DIGITS and departement):
        return code
    prefix = _OVERSEAS.get(departement.upper(), departement.zfill(2))
    return f"{prefix}{code.zfill(5 - len(prefix))}"
