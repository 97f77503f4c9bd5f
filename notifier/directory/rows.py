"""One row of a contact file, checked against the rules of the directory."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeAlias

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from notifier.directory.models import Contact, Function
from notifier.directory.reading import COMMUNE_NAME
from notifier.mailbox import visible
from notifier.territory.evidence import listing
from notifier.territory.phones import PhoneError, mobile_number
from notifier.territory.reference import rivals_of, tidy_code
from notifier.territory.resolve import Location, Verdict, resolve
from notifier.territory.resolve import commune as current_commune

Identity: TypeAlias = tuple[str, str, int]

_HIGHEST_RANK = 999
_FUNCTIONS = ", ".join(Function.values)


@dataclass(frozen=True)
class Row:
    """A row without fault, in the stored form."""

    line: int
    commune: str
    function: str
    rank: int
    last_name: str
    first_name: str
    mobile: str
    email: str
    question: str = ""
    """What a person has to confirm of a contact that is not known yet, in French; mostly nothing"""

    @property
    def identity(self) -> Identity:
        """What makes two rows speak of the same contact."""
        return (self.commune, self.function, self.rank)


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
    known = current_commune(commune) is not None
    if not known:
        reasons.append(unknown_commune(cells["code_commune"]))
    name = cells.get(COMMUNE_NAME, "")
    if known and name:
        reasons += _other_name(commune, name)
    function = cells["fonction"].lower()
    if function not in Function.values:
        reasons.append(f"fonction « {cells['fonction']} » inconnue ; attendu : {_FUNCTIONS}")
    rank = _rank(cells["rang"], reasons)
    identity = None if reasons else (commune, function, rank)
    # Without the commune nothing says which country's plan a national number belongs to.
    mobile = _mobile(cells["mobile"], commune, reasons) if known else ""
    email = _email(cells["courriel"], reasons)
    if not cells["mobile"] and not cells["courriel"]:
        reasons.append("ni mobile ni courriel : donnez au moins l’un des deux")
    last_name = _name("nom", cells["nom"], reasons)
    first_name = _name("prenom", cells["prenom"], reasons)
    if reasons:
        raise RowRefused(reasons, identity)
    question = "" if name or commune in confirmed else postal_question(commune)
    if question:
        question += (
            ", ajoutez au fichier une colonne « commune » avec son nom, ou à la commande "
            f"« --confirm {commune} »"
        )
    return Row(line, commune, function, rank, last_name, first_name, mobile, email, question)


def postal_question(code: str) -> str:
    """Which commune a code means that is also the postal code of others, in French; "" if none."""
    found = current_commune(code)
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


def _rank(text: str, reasons: list[str]) -> int:
    if re.fullmatch("[0-9]{1,9}", text) and 1 <= int(text) <= _HIGHEST_RANK:
        return int(text)
    reasons.append(f"rang « {text} » : donnez un nombre entier de 1 à {_HIGHEST_RANK}")
    return 0


def _mobile(text: str, commune: str, reasons: list[str]) -> str:
    if not text:
        return ""
    try:
        return mobile_number(text, commune, fiction_allowed=settings.ENVIRONMENT.SIMULATOR)
    except PhoneError as error:
        reasons.append(str(error))
        return ""


def _email(text: str, reasons: list[str]) -> str:
    if not text:
        return ""
    email = visible(text).lower()
    try:
        validate_email(email)
    except ValidationError:
        reasons.append(f"courriel « {text} » : ce n’est pas une adresse ; attendu : nom@domaine.fr")
    return email


def _name(column: str, text: str, reasons: list[str]) -> str:
    name = " ".join(text.split())
    longest = Contact._meta.get_field("last_name").max_length
    if longest is not None and len(name) > longest:
        reasons.append(f"{column} : {len(name)} caractères, {longest} au plus")
    return name
