"""Put a commune's name into a French sentence: after « de » and « à », in print."""

import re
import unicodedata

_APOSTROPHE = re.compile(r"(?<=\w)'(?=\w)")


def with_apostrophes(name: str) -> str:
    """Return a name as print has it: "Villar-d’Arêne"; it is stored as a plain SMS has it."""
    return _APOSTROPHE.sub("’", name)


def with_de(commune: str) -> str:
    """Return the name after « de », contracted: "de Delle", "d’Essert", "du Havre"."""
    if contracted := _contracted(commune, "du", "des"):
        return contracted
    plain = unicodedata.normalize("NFD", commune.replace("Œ", "O").replace("Æ", "A")).upper()
    # "d’Yvetot" but "de Yutz"; before an h both are in use, and "de" is never wrong.
    is_vowel = re.match(r"[AEIOU]|Y[^AEIOU]", plain) is not None
    return f"d’{commune}" if is_vowel else f"de {commune}"


def with_a(commune: str) -> str:
    """Return the name after « à », contracted: "à Delle", "au Havre", "aux Abymes"."""
    return _contracted(commune, "au", "aux") or f"à {commune}"


def _contracted(commune: str, le: str, les: str) -> str | None:
    for article, contracted in (("Le ", le), ("Les ", les)):
        if commune.startswith(article):
            return f"{contracted} {commune.removeprefix(article)}"
    return None
