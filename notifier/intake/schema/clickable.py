"""What a phone turns into a link: the one rule for every text from an operator or dispatch.

A mayor taps what is underlined. So a reference, a service's or a source's name, and a category's
label contain no address, no e-mail, no IP and no number, however it is separated.
"""

from __future__ import annotations

import re
import unicodedata

import phonenumbers

# A dot (or what is one in an address: RFC 3490, 3.1), then the letters of a domain.
LINK = re.compile(r"[.\u3002][^\W\d_]{2}")
_SCHEME = re.compile(r"://|\b(?:www|tel|sms|mailto)[.:]", re.IGNORECASE)
# Alone as well: what comes before or after it in a text would be joined to it.
_MAIL = re.compile("@")
_IP = re.compile(r"(?<![0-9])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9])|[0-9a-fA-F]{0,4}::[0-9a-fA-F]")
_RUN = re.compile(r"[0-9]+(?:[\s.,_/()+-]{1,3}[0-9]+)*")
# As one dials it in France and overseas, from there or from abroad.
_NATIONAL = re.compile(r"0[1-9][0-9]{8}")
_INTERNATIONAL = re.compile(r"(?:00)?(?:33|262|508|590|594|596)[1-9][0-9]{8}")
_MAX_NUMBER_LENGTH = 15


def find_clickable(text: str) -> str | None:
    """Return what a phone would turn into a link, in French: "un lien"; None if nothing."""
    text = unicodedata.normalize("NFKC", text)
    if _MAIL.search(text):
        return "une adresse électronique"
    if _IP.search(text):
        return "une adresse IP"
    if LINK.search(text) or _SCHEME.search(text):
        return "un lien"
    return "un numéro de téléphone" if contains_phone_number(text) else None


def find_unsafe(text: str) -> str | None:
    """Return what must not appear on a mayor's phone, in French; None if nothing does.

    Also letters of another alphabet, disguised digits, and invisible characters.
    """
    strange = next((c for c in text if not _is_plain(c)), None)
    return find_clickable(text) or (f"« {strange} » (U+{ord(strange):04X})" if strange else None)


def _is_plain(character: str) -> bool:
    if character.isalpha():
        return unicodedata.name(character, "").startswith("LATIN")
    if character.isnumeric():
        return character in "0123456789"
    return character in "\u00a0\u202f " or unicodedata.category(character)[0] in "PS"


def contains_phone_number(text: str) -> bool:
    """Return whether it contains a phone number that a French reader would dial."""
    written = re.sub(r"[._/,-]+", " ", text) if "+" in text else text
    if phonenumbers.PhoneNumberMatcher(written, "FR").has_next():
        return True
    return any(_is_dialled(re.findall("[0-9]+", run[0])) for run in _RUN.finditer(text))


def _is_dialled(groups: list[str]) -> bool:
    """Return whether digits between two separators are a number, extra digits in a group ignored.

    Exchanges ignore them too: whoever dials three digits too many is connected.
    """
    for start, first in enumerate(groups):
        if _NATIONAL.match(first):
            return True
        joined = ""
        for group in groups[start:]:
            joined += group
            if len(joined) > _MAX_NUMBER_LENGTH:
                break
            if _NATIONAL.fullmatch(joined) or _INTERNATIONAL.fullmatch(joined):
                return True
    return False
