"""Read a list of any known format into entries: which format it is shows in its header."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from notifier.directory.imports.departements import (
    ELSEWHERE,
    departement_of_cells,
    departements_of,
    organisation_of_cells,
)
from notifier.directory.imports.entries import Entry, Reading, RowRefused, RowSkipped
from notifier.directory.imports.formats import annuaire, contacts, rne
from notifier.directory.imports.formats.columns import (
    CellsRow,
    Columns,
    read_header,
    rows_below,
)
from notifier.directory.imports.phrases import organisation_label
from notifier.directory.imports.posts import PostsOfContacts, settle_public_list
from notifier.directory.imports.records import is_json, read_records
from notifier.directory.imports.table import Fault, Table, TableRow, refused
from notifier.directory.imports.text_table import read_text_table
from notifier.directory.imports.workbook import is_workbook, read_workbook
from notifier.directory.models import AddressKind, OrganisationRef, Origin
from notifier.unreadable import describe_os_error

PROGRESS_EVERY = 1_000
_MAX_BYTES = 256 * 1024 * 1024
# Above the header of older files stands a title.
_MAX_HEADER_LINE = 5
_HEAD_BYTES = 1024
_MANY = 100


@dataclass(frozen=True)
class Format:
    """A known format: its columns, and what makes an entry of a row."""

    name: str
    label: str
    columns: Columns
    origin: str
    read: Callable[[int, Mapping[str, str], Collection[str]], Entry]
    address_columns: Mapping[str, int] = field(default_factory=dict)
    is_whole_council: bool = False

    def has_header(self, cells: Sequence[str]) -> bool:
        """Return whether the cells name every column that the format needs."""
        return not self.columns.missing({self.columns.name(cell) for cell in cells})


CONTACTS = Format("contacts", "liste de contacts", contacts.COLUMNS, Origin.FILE, contacts.read_row)
# The first that fits: councillors have the mayors' columns too, members of an EPCI have both.
FORMATS = {
    form.name: form
    for form in (
        CONTACTS,
        Format(
            "rne-epci",
            "RNE, conseillers communautaires",
            rne.EPCI,
            Origin.RNE,
            lambda line, cells, _: rne.read_epci_member(line, cells),
            is_whole_council=True,
        ),
        Format(
            "rne-conseillers",
            "RNE, conseillers municipaux",
            rne.COUNCILLORS,
            Origin.RNE,
            lambda line, cells, _: rne.read_councillor(line, cells),
            is_whole_council=True,
        ),
        Format(
            "rne-maires",
            "RNE, maires",
            rne.MAYORS,
            Origin.RNE,
            lambda line, cells, _: rne.read_mayor(line, cells),
        ),
        Format(
            "annuaire",
            "annuaire de l’administration",
            annuaire.COLUMNS,
            Origin.ANNUAIRE,
            lambda line, cells, _: annuaire.read_town_hall(line, cells),
            # A mobile that somebody added stays: hardly any town hall publishes one.
            {AddressKind.LANDLINE: _MANY, AddressKind.EMAIL: _MANY},
        ),
    )
}
AUTOMATIC = "auto"
Progress: TypeAlias = Callable[[int, int], None]
OUT_OF_SCOPE = "hors de votre périmètre"


@dataclass(frozen=True)
class Selection:
    """Which rows of a list are meant, and how many it may have."""

    departement: str = ""
    """Rows of others are skipped and counted; "" for every row."""
    within: Container[OrganisationRef] | None = None
    """Rows of other organisations are refused; in a public list, of all France, only counted."""
    max_rows: int = 0
    """A longer list is refused; 0: however long."""

    def check(self, entry: Entry, form: Format) -> None:
        """Raise RowSkipped or RowRefused for a row that is not meant."""
        if self.departement and self.departement not in departements_of(entry):
            raise RowSkipped(ELSEWHERE)
        if self.within is None or OrganisationRef(*entry.organisation) in self.within:
            return
        if form.origin != Origin.FILE:
            raise RowSkipped(OUT_OF_SCOPE)
        where = organisation_label(entry.organisation)
        raise RowRefused(
            f"{where} est {OUT_OF_SCOPE} : ôtez cette ligne, ou confiez-la à qui administre cet "
            "organisme",
            post=entry.post,
        )

    def skips_refused(self, cells: Mapping[str, str], form: Format) -> str:
        """Return for which reason a faulty row is none of this selection's; "" if it is one."""
        if self.departement and departement_of_cells(cells) not in ("", self.departement):
            return ELSEWHERE
        key = organisation_of_cells(cells) if self.within is not None else None
        if key and form.origin != Origin.FILE and OrganisationRef(*key) not in (self.within or ()):
            return OUT_OF_SCOPE
        return ""


_EVERY_ROW = Selection()


def read_list(
    path: Path,
    form: str = AUTOMATIC,
    *,
    confirmed: Collection[str] = (),
    selection: Selection = _EVERY_ROW,
    progress: Progress | None = None,
) -> Reading:
    """Read every row of a file: its entries, and the reasons of those that are refused or skipped.

    `confirmed`: codes of communes that are also postal codes of others and are meant as commune
    codes. `progress` is called every PROGRESS_EVERY rows with the number read, and about how many
    there are (0: not known).

    Raises FileRefused, saying in French what to do, when the file cannot be read at all.
    """
    head = _read_head(path)
    if is_json(head):
        return _read_json(path, form, selection, progress)
    table = _read_table(path, head)
    chosen, header_row = _find_header(table, form, path.name)
    reading = _new_reading(chosen)
    reading.notes += table.notes
    header = read_header(chosen.columns, header_row, notes=reading.notes)
    if chosen is CONTACTS:
        reading.address_columns = contacts.address_columns(header)
    rows = rows_below(table, chosen.columns, header)
    _fill(reading, chosen, rows, confirmed, selection, progress, table.size)
    if not (reading.entries or reading.faults or reading.skipped):
        what = "contact" if chosen is CONTACTS else "élu"
        reading.faults.append(
            Fault(None, (f"« {path.name} » ne contient aucun {what} sous son en-tête",))
        )
    return reading


def open_table(path: Path, form: str) -> tuple[list[str], Iterator[TableRow]] | None:
    """Return the header of a list and the rows below it as they stand; None of one in JSON.

    Raises FileRefused when the file cannot be read at all.
    """
    head = _read_head(path)
    if is_json(head):
        return None
    table = _read_table(path, head)
    _, header = _find_header(table, form, path.name)
    return header.cells, table.rows


def _read_json(path: Path, form: str, selection: Selection, progress: Progress | None) -> Reading:
    chosen = FORMATS["annuaire"]
    if form not in (AUTOMATIC, chosen.name):
        raise refused(f"« {path.name} » est en JSON, le format de l’annuaire : --comme annuaire")
    reading = _new_reading(chosen)
    rows = (CellsRow(number, record) for number, record in enumerate(read_records(path), 1))
    _fill(reading, chosen, rows, (), selection, progress)
    if not (reading.entries or reading.skipped):
        reading.faults.append(Fault(None, (f"« {path.name} » ne contient aucune mairie",)))
    return reading


def _new_reading(form: Format) -> Reading:
    return Reading(form.name, form.origin, dict(form.address_columns), form.is_whole_council)


def _fill(
    reading: Reading,
    form: Format,
    rows: Iterable[CellsRow],
    confirmed: Collection[str],
    selection: Selection,
    progress: Progress | None,
    total: int = 0,
) -> None:
    posts = PostsOfContacts() if form is CONTACTS else None
    for count, row in enumerate(rows, 1):
        if 0 < selection.max_rows < count:
            raise refused(
                f"plus de {selection.max_rows} lignes : partagez la liste en plusieurs fichiers"
            )
        if progress and count % PROGRESS_EVERY == 0:
            progress(count, total)
        if row.fault:
            reading.faults.append(Fault(row.line, (row.fault,)))
            continue
        try:
            entry = form.read(row.line, row.cells, confirmed)
            selection.check(entry, form)
        except RowSkipped as skipped:
            reading.skipped[skipped.reason] += 1
            continue
        except RowRefused as refusal:
            if reason := selection.skips_refused(row.cells, form):
                reading.skipped[reason] += 1
                continue
            if form.is_whole_council and (key := organisation_of_cells(row.cells)):
                reading.incomplete.add(key)
            doubled = posts.doubled(refusal.post, row.line) if posts else ()
            reading.faults.append(Fault(row.line, (*refusal.reasons, *doubled)))
            continue
        if posts and (doubled := posts.doubled(entry.post, entry.line)):
            reading.faults.append(Fault(row.line, doubled))
        else:
            reading.entries.append(entry)
    if form is not CONTACTS:
        settle_public_list(reading)


def _find_header(table: Table, form: str, name: str) -> tuple[Format, TableRow]:
    """Return the format and its header's row; the first row where no format is recognised.

    Raises FileRefused for an empty file.
    """
    candidates = list(FORMATS.values()) if form == AUTOMATIC else [FORMATS[form]]
    first: list[TableRow] = []
    for row in table.rows:
        first.append(row)
        if row.fault:
            break
        for candidate in candidates:
            if candidate.has_header(row.cells):
                return candidate, row
        if len(first) == _MAX_HEADER_LINE or not _is_title(row):
            break
    if not first:
        expected = (CONTACTS if form == AUTOMATIC else FORMATS[form]).columns
        raise refused(
            f"le fichier « {name} » est vide : il y faut l’en-tête "
            f"{expected.expected or ';'.join(expected.needed)}"
        )
    return (CONTACTS if form == AUTOMATIC else FORMATS[form]), first[0]


def _is_title(row: TableRow) -> bool:
    """Return whether only one cell of the row says something."""
    return sum(map(bool, row.cells)) == 1


def _is_any_header(cells: Sequence[str]) -> bool:
    return any(form.has_header(cells) for form in FORMATS.values())


def _read_table(path: Path, head: bytes) -> Table:
    content = path.read_bytes()
    if is_workbook(head):
        return read_workbook(content, path.name, _is_any_header)
    return read_text_table(content, path.name)


def _read_head(path: Path) -> bytes:
    """Return the first bytes. Raises FileRefused if the file cannot be read."""
    try:
        if path.is_file() and path.stat().st_size > _MAX_BYTES and path.suffix != ".json":
            raise refused(f"« {path.name} » dépasse 256 Mo : ce n’est pas une liste de contacts")
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES)
    except IsADirectoryError:
        raise refused(f"« {path.name} » est un dossier : donnez le fichier lui-même") from None
    except OSError as error:
        raise refused(f"le fichier « {path.name} » {describe_os_error(error)}") from None
