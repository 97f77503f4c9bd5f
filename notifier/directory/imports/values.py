"""Read single cells: names, addresses, codes, dates. Faults are French and name the cell."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator

from notifier.directory.names import normalise_name, validate_legible
from notifier.fields import validate_deliverable
from notifier.mailbox import strip_invisible
from notifier.territory.phones import PhoneError, parse_mobile, parse_voice_number
from notifier.territory.reference.communes import (
    FormerCode,
    former_codes,
    may_be_postal_code,
    normalise_code,
    other_communes_by_postal_code,
)
from notifier.territory.resolution import names
from notifier.territory.resolution.evidence import format_communes
from notifier.territory.resolve import Location, Verdict, commune_by_code, resolve

_MAX_SHOWN_LENGTH = 60
_ISO_DATE = re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})(?:[T ]0{1,2}:00.*)?")
_FRENCH_DATE = re.compile(r"(?P<d>\d{1,2})[/.-](?P<m>\d{1,2})[/.-](?P<y>\d{4})")
_name_length = MaxLengthValidator(100)
_email_length = MaxLengthValidator(254)


def read_name(column: str, text: str, reasons: list[str]) -> str:
    """Return a name as it is stored."""
    return _checked(column, text, normalise_name(text), (_name_length, validate_legible), reasons)


def read_email(column: str, text: str, reasons: list[str]) -> str:
    """Return an e-mail address as it is stored."""
    address = unicodedata.normalize("NFC", strip_invisible(text)).lower()
    if not address:
        return ""
    return _checked(column, text, address, (_email_length, validate_deliverable), reasons)


def read_mobile(text: str, commune: str, reasons: list[str]) -> str:
    """Return a mobile in E.164, read by the commune's numbering plan."""
    return _read_number(parse_mobile, text, commune, reasons)


def read_voice_number(text: str, commune: str, reasons: list[str]) -> str:
    """Return a telephone that can be called in E.164."""
    return _read_number(parse_voice_number, text, commune, reasons)


def read_date(column: str, text: str, reasons: list[str]) -> date | None:
    """Return a date written 2026-03-21 or 21/03/2026; None if the cell is empty."""
    if not text:
        return None
    if found := _ISO_DATE.fullmatch(text) or _FRENCH_DATE.fullmatch(text):
        try:
            return date(int(found["y"]), int(found["m"]), int(found["d"]))
        except ValueError:
            pass
    reasons.append(f"{column} « {shortened(text)} » : donnez une date, par exemple 21/03/2026")
    return None


def read_siren(column: str, text: str, reasons: list[str]) -> str:
    """Return a SIREN: nine digits, the last of which checks the others (Luhn's formula)."""
    digits = "".join(text.split())
    if re.fullmatch(r"[0-9]{9}", digits) and _luhn(digits):
        return digits
    reasons.append(f"{column} « {shortened(text)} » n’est pas un SIREN : neuf chiffres, sans faute")
    return ""


def normalise_commune_code(code: str) -> str:
    """Return the code as the COG writes it: "1033", as spreadsheets leave it, is "01033"."""
    return normalise_code(code) or code


def unknown_commune_reason(code: str, column: str = "code_commune") -> str:
    """Say in French why a code is no current commune's, and which one it may stand for."""
    if not code:
        return f"{column} manquant"
    clues = resolve(Location(insee=code)).clues
    return f"{column} « {code} » refusé : {' '.join(clue.says for clue in clues).rstrip('.')}"


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


def name_mismatch(code: str, name: str) -> str:
    """Return why a commune's name does not go with its code, in French; "" if it does."""
    commune = commune_by_code(code)
    if commune and _name_key(commune.name) == _name_key(name):
        return ""
    resolution = resolve(Location(insee=code, name=name))
    if resolution.verdict is Verdict.CERTAIN:
        return ""
    says = " ".join(clue.says for clue in resolution.clues).rstrip(".")
    return f"code_commune « {code} » et commune « {name} » ne vont pas ensemble : {says}"


def successor_of(code: str) -> str:
    """Return the one commune that took the place of a code that is no more; "" if none is sure."""
    former: list[FormerCode] = former_codes(code)
    today = {entry.commune for entry in former}
    return today.pop() if len(today) == 1 and not may_be_postal_code(former) else ""


def shortened(text: str) -> str:
    """Return the text, cut where it would hide the message."""
    return text if len(text) <= _MAX_SHOWN_LENGTH else f"{text[:_MAX_SHOWN_LENGTH]}…"


@lru_cache(maxsize=4096)
def _name_key(name: str) -> str:
    return names.normalise(name)


def _checked(
    column: str,
    text: str,
    value: str,
    validators: tuple[Callable[[str], None], ...],
    reasons: list[str],
) -> str:
    for validate in validators:
        try:
            validate(value)
        except ValidationError as refusal:
            said = " ; ".join(refusal.messages)
            reasons.append(f"{column} « {shortened(text)} » : {said}")
    return value


def _read_number(parse: Callable[..., str], text: str, commune: str, reasons: list[str]) -> str:
    if not text:
        return ""
    try:
        return parse(text, commune, fiction_allowed=settings.ENVIRONMENT.SIMULATOR)
    except PhoneError as error:
        reasons.append(str(error))
        return ""


def _luhn(digits: str) -> bool:
    doubled = (int(d) * (1 + (place % 2)) for place, d in enumerate(reversed(digits)))
    return sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0
