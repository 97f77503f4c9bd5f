"""Read town halls from the annuaire de l’administration (DILA, lannuaire.service-public.fr).

The dump is one JSON document with lists; the API's form has the same records with nested fields as
strings that hold JSON, and `adresse_courriel` as a plain string; its CSV is that form as a table.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from notifier.directory.imports.entries import Entry, RowRefused, RowSkipped
from notifier.directory.imports.formats.columns import Columns
from notifier.directory.imports.table import clean_cell
from notifier.directory.imports.values import (
    normalise_commune_code,
    read_email,
    read_mobile,
    read_voice_number,
    successor_of,
    unknown_commune_reason,
)
from notifier.directory.models import AddressKind, Function, OrganisationKind
from notifier.directory.names import fold
from notifier.territory.resolve import commune_by_code

COLUMNS = Columns(
    needed=("nom", "pivot", "code_insee_commune"), optional=("telephone", "adresse_courriel")
)
TOWN_HALL = "Mairie"
"""The name of the service; which commune's stands beside it everywhere."""
_TYPE = "mairie"
# Behind everybody that somebody entered as another contact.
_RANK = 99
# Of a commune that is part of another now, or a second desk: not where the mayor sits.
_SECOND_DESK = re.compile(r"\b(?:mairie deleguee|mairie annexe|bureau annexe|annexe|antenne)\b")
_SEPARATORS = re.compile(r"[;,\s]+")


def read_town_hall(number: int, record: Mapping[str, Any]) -> Entry:
    """Convert a record. An address that cannot be read is a warning: the other one still helps.

    Raises RowSkipped for what is no town hall, RowRefused where its commune cannot be told.
    """
    name = clean_cell(str(record.get("nom") or ""))
    types = {str(pivot.get("type_service_local")) for pivot in _objects(record.get("pivot"))}
    if _TYPE not in types:
        raise RowSkipped("autre service qu’une mairie")
    if _SECOND_DESK.search(fold(name)):
        raise RowSkipped("mairie déléguée ou annexe, qui n’est pas la mairie")
    code, former_code, warnings = _read_commune(record, name)
    addresses: list[tuple[str, str]] = []
    for text in _values(record.get("telephone")):
        addresses += _read_telephone(text, code, warnings)
    for text in _values(record.get("adresse_courriel")):
        addresses += _read_mailboxes(text, warnings)
    if not addresses:
        raise RowSkipped("mairie sans téléphone ni courriel lisible")
    return Entry(
        line=number,
        organisation=(OrganisationKind.COMMUNE, code),
        function=Function.OTHER,
        rank=_RANK,
        last_name=TOWN_HALL,
        is_service=True,
        addresses=tuple(dict.fromkeys(addresses)),
        former_code=former_code,
        is_repaired=code == f"0{record.get('code_insee_commune')}",
        warnings=tuple(warnings),
    )


def _read_commune(record: Mapping[str, Any], name: str) -> tuple[str, str, list[str]]:
    given = clean_cell(str(record.get("code_insee_commune") or ""))
    code = normalise_commune_code(given)
    if commune_by_code(code):
        return code, "", []
    today = commune_by_code(successor_of(code))
    if today is None:
        raise RowRefused(unknown_commune_reason(given, f"« {name} », code_insee_commune"))
    return today.code, code, [f"{name} ({code}) n’est plus une commune : lu pour {today.label}"]


def _read_telephone(text: str, commune: str, warnings: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the number as a mobile if it is one, else as a landline."""
    if mobile := read_mobile(text, commune, []):
        yield AddressKind.MOBILE, mobile
        return
    reasons: list[str] = []
    if number := read_voice_number(text, commune, reasons):
        yield AddressKind.LANDLINE, number
    warnings += [f"laissé de côté : {reason}" for reason in reasons]


def _read_mailboxes(text: str, warnings: list[str]) -> Iterator[tuple[str, str]]:
    for part in filter(None, _SEPARATORS.split(text)):
        reasons: list[str] = []
        address = read_email("adresse_courriel", part, reasons)
        if not reasons:
            yield AddressKind.EMAIL, address
        warnings += [f"laissé de côté : {reason}" for reason in reasons]


def _values(field: Any) -> Iterator[str]:
    """Yield the texts of a field: a plain string, a list of strings or of {"valeur": …}."""
    decoded = _decode(field)
    for item in decoded if isinstance(decoded, list) else [decoded]:
        text = item.get("valeur") if isinstance(item, dict) else item
        if isinstance(text, str) and clean_cell(text):
            yield clean_cell(text)


def _objects(field: Any) -> Iterator[dict[str, Any]]:
    decoded = _decode(field)
    for item in decoded if isinstance(decoded, list) else [decoded]:
        if isinstance(item, dict):
            yield item


def _decode(field: Any) -> Any:
    """Return what a string that holds JSON holds; any other value as it is."""
    if isinstance(field, str) and field.lstrip()[:1] in ("[", "{"):
        try:
            return json.loads(field)
        except ValueError:
            return field
    return field
