"""Check one row of a contact file against the rules of the directory."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeAlias

from django.conf import settings
from django.core.exceptions import ValidationError

from notifier.directory.imports.csv_reader import COMMUNE_NAME
from notifier.directory.imports.functions import parse_function, parse_rank
from notifier.directory.models import OF_COMMUNE, Contact
from notifier.territory.phones import PhoneError, parse_mobile
from notifier.territory.reference.communes import normalise_code, other_communes_by_postal_code
from notifier.territory.resolution.evidence import format_communes
from notifier.territory.resolve import Location, Verdict, commune_by_code, resolve

Identity: TypeAlias = tuple[str, str, int]

_MAX_RANK = 999
_MAX_SHOWN_LENGTH = 60
_COLUMN_OF = {"last_name": "nom", "first_name": "prenom", "email": "courriel"}
_FUNCTIONS = ", ".join(OF_COMMUNE)


@dataclass(frozen=True)
class Row:
    """A valid row: the contact it describes, in its stored form."""

    line: int
    contact: Contact
    question: str = ""
    """What the user must confirm if the contact is new, in French; usually empty."""

    @property
    def commune(self) -> str:
        """The code of the contact's commune."""
        return self.contact.commune

    @property
    def identity(self) -> Identity:
        """What two rows that describe the same contact have in common."""
        return identity_of(self.contact)


class RowRefused(ValueError):
    """A row with at least one fault; `reasons` are all of them, in French.

    `identity` is None when the faults are in the very cells that make it.
    """

    def __init__(self, reasons: list[str], identity: Identity | None) -> None:
        super().__init__(" ; ".join(reasons))
        self.reasons = tuple(reasons)
        self.identity = identity


def check_row(line: int, cells: dict[str, str], confirmed: Collection[str] = ()) -> Row:
    """Convert the cells into a Row. Raises RowRefused with every reason at once.

    `confirmed`: codes of communes that the user says are not meant as postal codes.
    """
    reasons: list[str] = []
    commune = normalise_commune_code(cells["code_commune"])
    is_known = commune_by_code(commune) is not None
    if not is_known:
        reasons.append(unknown_commune_reason(cells["code_commune"]))
    name = cells.get(COMMUNE_NAME, "")
    if is_known and name:
        reasons += _name_mismatch(commune, name)
    function, stated_rank = parse_function(cells["fonction"])
    if function is None:
        reasons.append(f"fonction « {cells['fonction']} » inconnue ; attendu : {_FUNCTIONS}")
    rank = _read_rank(cells, stated_rank, reasons)
    contact = Contact(
        commune=commune,
        function=function or "",
        rank=rank,
        last_name=cells["nom"],
        first_name=cells["prenom"],
        email=cells["courriel"],
    )
    identity = None if reasons else identity_of(contact)
    if is_known:
        # Without the commune nothing says which country's plan a national number belongs to.
        contact.mobile = _read_mobile(cells["mobile"], commune, reasons)
    if not cells["mobile"] and not cells["courriel"]:
        reasons.append("ni mobile ni courriel : donnez au moins l’un des deux")
    reasons += _field_faults(contact, cells)
    if reasons:
        raise RowRefused(reasons, identity)
    question = "" if name or commune in confirmed else ambiguous_code_question(commune)
    if question:
        question += (
            ", ajoutez au fichier une colonne « commune » avec son nom, ou à la commande "
            f"« --confirm {commune} »"
        )
    return Row(line, contact, question)


def identity_of(contact: Contact) -> Identity:
    """Return the commune, function and rank, which no two contacts share."""
    return (contact.commune, str(contact.function), contact.rank)


def ambiguous_code_question(code: str) -> str:
    """Ask in French which commune a code means that is also a postal code; "" if it is none."""
    found = commune_by_code(code)
    others = other_communes_by_postal_code(code)
    if found is None or not others:
        return ""
    return (
        f"{code} est le code INSEE de {found.name}, mais aussi le code postal de "
        f"{format_communes(others)} : si c’est bien {found.name}"
    )


def _name_mismatch(code: str, name: str) -> list[str]:
    """Return why a commune's name does not go with its code, in French; nothing if it does."""
    resolution = resolve(Location(insee=code, name=name))
    if resolution.verdict is Verdict.CERTAIN:
        return []
    says = " ".join(clue.says for clue in resolution.clues).rstrip(".")
    return [f"code_commune « {code} » et commune « {name} » ne vont pas ensemble : {says}"]


def normalise_commune_code(code: str) -> str:
    """Return the code as the COG writes it: "1033", as spreadsheets leave it, is "01033"."""
    return normalise_code(code) or code


def unknown_commune_reason(code: str) -> str:
    """Say in French why a code is no current commune's, and which one it may stand for."""
    if not code:
        return "code_commune manquant"
    clues = resolve(Location(insee=code)).clues
    return f"code_commune « {code} » refusé : {' '.join(clue.says for clue in clues).rstrip('.')}"


def _read_rank(cells: dict[str, str], stated_rank: int | None, reasons: list[str]) -> int:
    """Return the rank: from its own cell, or from the function's ("1er adjoint")."""
    text = cells["rang"]
    rank = parse_rank(text) if text else stated_rank
    if rank is None or not 1 <= rank <= _MAX_RANK:
        reasons.append(f"rang « {text} » : donnez un nombre entier de 1 à {_MAX_RANK}")
        return 0
    if stated_rank not in (None, rank):
        reasons.append(f"fonction « {cells['fonction']} » et rang « {text} » se contredisent")
    return rank


def _read_mobile(text: str, commune: str, reasons: list[str]) -> str:
    if not text:
        return ""
    try:
        return parse_mobile(text, commune, fiction_allowed=settings.ENVIRONMENT.SIMULATOR)
    except PhoneError as error:
        reasons.append(str(error))
        return ""


def _field_faults(contact: Contact, cells: dict[str, str]) -> list[str]:
    """Return what the model refuses of the contact's names and address, as a form would."""
    try:
        contact.clean_fields(exclude={"commune", "function", "rank", "mobile"})
    except ValidationError as refusal:
        by_field = refusal.message_dict
        return [
            f"{column} « {_shortened(cells[column])} » : {' ; '.join(by_field[field])}"
            for field, column in _COLUMN_OF.items()
            if field in by_field
        ]
    return []


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN_LENGTH else f"{text[:_MAX_SHOWN_LENGTH]}…"
