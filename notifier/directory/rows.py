"""One row of a contact file, checked against the rules of the directory."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeAlias

from django.conf import settings
from django.core.exceptions import ValidationError

from notifier.directory.functions import function_of, rank_of
from notifier.directory.models import Contact, Function
from notifier.directory.reading import COMMUNE_NAME
from notifier.territory.phones import PhoneError, mobile_number
from notifier.territory.reference.communes import rivals_of, tidy_code
from notifier.territory.resolution.evidence import listing
from notifier.territory.resolve import Location, Verdict, commune_by_code, resolve

Identity: TypeAlias = tuple[str, str, int]

_HIGHEST_RANK = 999
_LONGEST_SHOWN = 60
_COLUMN_OF = {"last_name": "nom", "first_name": "prenom", "email": "courriel"}
_FUNCTIONS = ", ".join(Function.values)


@dataclass(frozen=True)
class Row:
    """A row without fault: the contact that it makes, in the stored form."""

    line: int
    contact: Contact
    question: str = ""
    """What a person has to confirm of a contact that is not known yet, in French; mostly nothing"""

    @property
    def commune(self) -> str:
        """The code of the contact's commune."""
        return self.contact.commune

    @property
    def identity(self) -> Identity:
        """What makes two rows speak of the same contact."""
        return identity_of(self.contact)


class RowRefused(ValueError):
    """A row with at least one fault; `reasons` says all of them in French.

    `identity` is None when the faults are in the very cells that make it.
    """

    def __init__(self, reasons: list[str], identity: Identity | None) -> None:
        super().__init__(" ; ".join(reasons))
        self.reasons = tuple(reasons)
        self.identity = identity


def checked(line: int, cells: dict[str, str], confirmed: Collection[str] = ()) -> Row:
    """The row in its stored form. Raises RowRefused with every reason at once.

    `confirmed`: codes of communes, said not to be the postal codes that they are as well.
    """
    reasons: list[str] = []
    commune = written_out(cells["code_commune"])
    known = commune_by_code(commune) is not None
    if not known:
        reasons.append(unknown_commune(cells["code_commune"]))
    name = cells.get(COMMUNE_NAME, "")
    if known and name:
        reasons += _other_name(commune, name)
    function, said = function_of(cells["fonction"])
    if function is None:
        reasons.append(f"fonction « {cells['fonction']} » inconnue ; attendu : {_FUNCTIONS}")
    rank = _rank(cells, said, reasons)
    contact = Contact(
        commune=commune,
        function=function or "",
        rank=rank,
        last_name=cells["nom"],
        first_name=cells["prenom"],
        email=cells["courriel"],
    )
    identity = None if reasons else identity_of(contact)
    if known:
        # Without the commune nothing says which country's plan a national number belongs to.
        contact.mobile = _mobile(cells["mobile"], commune, reasons)
    if not cells["mobile"] and not cells["courriel"]:
        reasons.append("ni mobile ni courriel : donnez au moins l’un des deux")
    reasons += _faults_of(contact, cells)
    if reasons:
        raise RowRefused(reasons, identity)
    question = "" if name or commune in confirmed else postal_question(commune)
    if question:
        question += (
            ", ajoutez au fichier une colonne « commune » avec son nom, ou à la commande "
            f"« --confirm {commune} »"
        )
    return Row(line, contact, question)


def identity_of(contact: Contact) -> Identity:
    """What no two contacts share."""
    return (contact.commune, str(contact.function), contact.rank)


def postal_question(code: str) -> str:
    """Which commune a code means that is also the postal code of others, in French; "" if none."""
    found = commune_by_code(code)
    others = rivals_of(code)
    if found is None or not others:
        return ""
    return (
        f"{code} est le code INSEE de {found.name}, mais aussi le code postal de "
        f"{listing(others)} : si c’est bien {found.name}"
    )


def _other_name(code: str, name: str) -> list[str]:
    """Why a commune's name does not go with its code; nothing if it does."""
    resolution = resolve(Location(insee=code, name=name))
    if resolution.verdict is Verdict.CERTAIN:
        return []
    says = " ".join(clue.says for clue in resolution.clues).rstrip(".")
    return [f"code_commune « {code} » et commune « {name} » ne vont pas ensemble : {says}"]


def written_out(code: str) -> str:
    """The code as the COG writes it, with the zero that spreadsheets take away: "1033" is 01033."""
    return tidy_code(code) or code


def unknown_commune(code: str) -> str:
    """Why a code is not that of a current commune, and which it may stand for, in French."""
    if not code:
        return "code_commune manquant"
    clues = resolve(Location(insee=code)).clues
    return f"code_commune « {code} » refusé : {' '.join(clue.says for clue in clues).rstrip('.')}"


def _rank(cells: dict[str, str], said: int | None, reasons: list[str]) -> int:
    """The rank, which may stand with the function ("1er adjoint") instead of in its own cell."""
    text = cells["rang"]
    rank = rank_of(text) if text else said
    if rank is None or not 1 <= rank <= _HIGHEST_RANK:
        reasons.append(f"rang « {text} » : donnez un nombre entier de 1 à {_HIGHEST_RANK}")
        return 0
    if said not in (None, rank):
        reasons.append(f"fonction « {cells['fonction']} » et rang « {text} » se contredisent")
    return rank


def _mobile(text: str, commune: str, reasons: list[str]) -> str:
    if not text:
        return ""
    try:
        return mobile_number(text, commune, fiction_allowed=settings.ENVIRONMENT.SIMULATOR)
    except PhoneError as error:
        reasons.append(str(error))
        return ""


def _faults_of(contact: Contact, cells: dict[str, str]) -> list[str]:
    """What the directory refuses of the contact's names and address, as a form would."""
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
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
