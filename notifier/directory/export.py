"""Write the people of organisations into a file that a spreadsheet opens and an import reads back.

Cells that a spreadsheet would compute are defused. Every export is written to the journal: who
took which people's numbers out, and when.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from django.db.models import Q, QuerySet
from django.utils import timezone

from notifier.directory.imports.formats.contacts import numbering_commune
from notifier.directory.models import (
    ESCALATION_ORDER,
    Address,
    AddressKind,
    Mandate,
    OrganisationKind,
)
from notifier.directory.sheets import to_csv, to_xlsx
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries
from notifier.territory.phones import PhoneError, format_number, parse_voice_number

HEADER = (
    "code_commune", "commune", "organisme", "nom_organisme", "fonction", "rang", "civilite", "nom",
    "prenom", "mobile", "mobile_2", "fixe", "courriel", "courriel_2", "debut", "fin", "origine",
    "confirme",
)  # fmt: skip
_CIVILITIES = {"mme": "Mme", "m": "M.", "": ""}
_COLUMNS = {AddressKind.MOBILE: 2, AddressKind.LANDLINE: 1, AddressKind.EMAIL: 2}
_PRIVATE = 0o600


class ExportError(ValueError):
    """A file that cannot be written; the message, in French, says why."""


def export(path: Path, author: str, departement: str = "") -> int:
    """Write those whose mandate lasts or is to come; return how many rows there are.

    `departement`: of its communes alone; else of every organisation. The file's ending chooses CSV
    (UTF-8 with its mark, semicolons) or XLSX; only its owner may read it. Raises ExportError.
    """
    if path.suffix.lower() not in (".csv", ".xlsx"):
        raise ExportError(f"« {path} » : donnez un nom qui finit par .csv ou .xlsx")
    rows = list(_rows(departement))
    is_workbook = path.suffix.lower() == ".xlsx"
    content = to_xlsx("Contacts", HEADER, rows) if is_workbook else to_csv(HEADER, rows)
    try:
        # Whoever may not read the directory does not read its copy either.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    except FileExistsError:
        raise ExportError(f"« {path} » existe déjà : donnez un autre nom") from None
    except OSError as error:
        raise ExportError(f"« {path} » ne peut être écrit : {error.strerror}") from None
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    where = f"département {departement}" if departement else "tout l’annuaire"
    text = f"annuaire : export de {len(rows)} mandats ({where}), par {author}"
    write_entries([new_entry(None, Step.DIRECTORY, text, rows=len(rows), departement=departement)])
    return len(rows)


def _rows(departement: str) -> Iterator[tuple[str, ...]]:
    mandates = _mandates(departement)
    addresses: defaultdict[int, list[Address]] = defaultdict(list)
    owned = Address.objects.filter(person__in=mandates.values("person")).distinct()
    for address in owned.order_by("position", "id"):
        addresses[address.person_id].append(address)
    for mandate in sorted(mandates, key=_order):
        yield _row(mandate, addresses[mandate.person_id])


def _mandates(departement: str) -> QuerySet[Mandate]:
    today = timezone.localdate()
    rows = Mandate.objects.filter(Q(ends_on=None) | Q(ends_on__gte=today))
    if departement:
        of_commune = {"organisation__kind": OrganisationKind.COMMUNE}
        rows = rows.filter(**of_commune, organisation__code__startswith=departement)
    return rows.select_related("organisation", "person")


def _order(mandate: Mandate) -> tuple[str, str, int, int]:
    organisation = mandate.organisation
    return organisation.kind, organisation.code, ESCALATION_ORDER[mandate.function], mandate.rank


def _row(mandate: Mandate, addresses: Sequence[Address]) -> tuple[str, ...]:
    organisation, person = mandate.organisation, mandate.person
    is_commune = organisation.kind == OrganisationKind.COMMUNE
    plan = numbering_commune((organisation.kind, organisation.code))
    values = {
        kind: [
            address.value if kind == AddressKind.EMAIL else _number(address.value, plan)
            for address in addresses
            if address.kind == kind
        ]
        for kind in _COLUMNS
    }
    cells = [value for kind, room in _COLUMNS.items() for value in _padded(values[kind], room)]
    return (
        organisation.code if is_commune else "",
        organisation.name if is_commune else "",
        "" if is_commune else str(organisation.ref),
        "" if is_commune else organisation.name,
        mandate.function,
        str(mandate.rank),
        "service" if person.is_service else _CIVILITIES[person.civility],
        person.last_name,
        person.first_name,
        *cells,
        _day(mandate.starts_on),
        _day(mandate.ends_on),
        mandate.get_origin_display(),
        "oui" if mandate.is_confirmed else "non",
    )


def _padded(values: list[str], room: int) -> list[str]:
    return (values + [""] * room)[:room]


def _number(e164: str, plan: str) -> str:
    """Return the number in a form that no spreadsheet takes for a sum, and that reads as it is."""
    for written in (format_number(e164), f"00{e164[1:]}"):
        try:
            if plan and parse_voice_number(written, plan, fiction_allowed=True) == e164:
                return written
        except PhoneError:
            continue
    return e164


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
