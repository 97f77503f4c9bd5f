"""What may be told of each category: `config/categories.toml`, read and checked once.

The file is an operator's. Whatever is wrong in it is said all at once, by file, line and key, and
nothing of a faulty file is ever used: half a policy would tell what the law keeps secret.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, get_args

from notifier.intake.words import Severity

Disclosure = Literal["notify", "threshold", "withhold"]
Lane = Literal["urgent", "routine"]
Channel = Literal["sms", "email"]
Function = Literal["maire", "adjoint", "astreinte", "police_municipale", "dgs", "autre"]

LONGEST_LABEL = 59
SHORTEST_LIFETIME, LONGEST_LIFETIME = 5, 1440  # minutes


@dataclass(frozen=True)
class Category:
    """What may be told of one category: to whom at once, how, for how long, by which text of law.

    `threshold` is set exactly when `disclosure` is "threshold": told only from that severity on.
    """

    code: str
    label: str
    family: str
    disclosure: Disclosure
    threshold: Severity | None
    lane: Lane
    channels: tuple[Channel, ...]
    lifetime: timedelta
    place: bool
    tell: tuple[Function, ...]
    legal_basis: str


class Categories:
    """Every category that the operator's file knows."""

    def __init__(self, by_code: Mapping[str, Category]) -> None:
        self._by_code = dict(by_code)

    def get(self, code: str) -> Category | None:
        """The category of exactly this code, or None."""
        return self._by_code.get(code)

    def codes(self) -> tuple[str, ...]:
        """All codes, in the file's order."""
        return tuple(self._by_code)


class CategoriesError(Exception):
    """The categories file cannot be used; the message lists every fault by file, line and key."""


def load(path: Path) -> Categories:
    """Read and check the operator's file.

    Raises CategoriesError, in English for the operator's log, with all faults in line order.
    """
    text = _read(path)
    lines = _line_of_each_key(text)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CategoriesError(f"{path}: not valid TOML: {error}; correct that line") from error
    faults = sorted((_line(lines, key), ".".join(key), what) for key, what in _faults(document))
    if faults:
        raise CategoriesError(
            "\n".join(f"{path}:{line}: {key}: {what}" for line, key, what in faults)
        )
    families, entries = document["families"], document["categories"]
    return Categories({code: _category(code, families, entries) for code in entries})


# --- reading

# A key's path in the document: ("families", "C01", "lane") or ("categories", "C01.01.01", "lane").
_Key = tuple[str, ...]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise CategoriesError(
            f"{path}: cannot be read ({error.strerror}); put it there or correct its permissions"
        ) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise CategoriesError(f"{path}:{line}: not UTF-8; save the file as UTF-8") from error


_SECTION = re.compile(r'\s*\[\s*(\w+)\s*(?:\.\s*"?([\w.]+)"?\s*)?\]')
_ENTRY = re.compile(r"""\s*["']?([\w.-]+)["']?\s*=""")


def _line_of_each_key(text: str) -> dict[_Key, int]:
    """Where each section and key stands: the parser of the standard library does not say."""
    lines: dict[_Key, int] = {}
    section: _Key = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _SECTION.match(line):
            section = tuple(part for part in header.groups() if part)
            lines.setdefault(section, number)
        elif entry := _ENTRY.match(line):
            lines.setdefault((*section, entry[1]), number)
    return lines


def _line(lines: Mapping[_Key, int], key: _Key) -> int:
    """The line of the key, else of the section that it stands in, or is missing from."""
    while key and key not in lines:
        key = key[:-1]
    return lines.get(key, 1)


# --- checking

_Check = Callable[[object], str | None]


def _one_of(*allowed: str) -> _Check:
    choice = ", ".join(f'"{word}"' for word in allowed)
    return lambda value: None if value in allowed else f"is {value!r}; write one of {choice}"


def _some_of(*allowed: str) -> _Check:
    choice = ", ".join(f'"{word}"' for word in allowed)

    def check(value: object) -> str | None:
        if not isinstance(value, list) or not value:
            return f"is {value!r}; write a list of one or more of {choice}"
        wrong = [word for word in value if word not in allowed]
        if wrong:
            return f"holds {wrong[0]!r}; write only {choice}"
        return None if len(set(value)) == len(value) else "names one twice; name each once"

    return check


def _label(value: object) -> str | None:
    if not isinstance(value, str) or not value.strip():
        return f"is {value!r}; write the French label"
    if len(value) > LONGEST_LABEL:
        return f"has {len(value)} characters; shorten it to {LONGEST_LABEL} at most"
    if value != value.strip() or not value.isprintable():
        return "begins or ends with a space, or holds a line break; write one clean line"
    return None


def _lifetime(value: object) -> str | None:
    # TOML's true is an int to Python, but not of type int.
    if type(value) is int and SHORTEST_LIFETIME <= value <= LONGEST_LIFETIME:
        return None
    return f"is {value!r}; write whole minutes from {SHORTEST_LIFETIME} to {LONGEST_LIFETIME}"


def _yes_or_no(value: object) -> str | None:
    return None if isinstance(value, bool) else f"is {value!r}; write true or false"


def _words(value: object) -> str | None:
    return (
        None if isinstance(value, str) and value.strip() else f"is {value!r}; write the text of law"
    )


_CHECKS: dict[str, _Check] = {
    "label": _label,
    "disclosure": _one_of(*get_args(Disclosure)),
    "threshold": _one_of(*Severity),
    "lane": _one_of(*get_args(Lane)),
    "channels": _some_of(*get_args(Channel)),
    "lifetime_minutes": _lifetime,
    "place": _yes_or_no,
    "tell": _some_of(*get_args(Function)),
    "legal_basis": _words,
}
_FAMILY_GIVES = [key for key in _CHECKS if key != "threshold"]

_FAMILY = re.compile(r"[CL]\d\d")
_CODE = re.compile(r"[CL]\d\d\.\d\d\.\d\d")


def _faults(document: dict[str, Any]) -> Iterator[tuple[_Key, str]]:
    for surplus in document.keys() - {"families", "categories"}:
        yield (surplus,), "is not known here; keep only [families.…] and [categories]"
    families, entries = document.get("families"), document.get("categories")
    if not isinstance(families, dict) or not families:
        yield ("families",), "is missing; write one [families.C01] section for each family"
        families = {}
    if not isinstance(entries, dict) or not entries:
        yield (
            ("categories",),
            "is missing; write a [categories] section with one line for each code",
        )
        entries = {}
    for name, given in families.items():
        yield from _family_faults(name, given)
    for code, given in entries.items():
        yield from _category_faults(code, given, families, entries)


def _family_faults(name: str, given: object) -> Iterator[tuple[_Key, str]]:
    key = ("families", name)
    if not _FAMILY.fullmatch(name):
        yield key, "is not a family; write C or L and two digits, as in [families.C01]"
    if not isinstance(given, dict):
        yield key, "is not a section; write [families.C01] and its keys below"
        return
    yield from _value_faults(key, given)
    for missing in [need for need in _FAMILY_GIVES if need not in given]:
        yield (*key, missing), "is missing; a family gives every key"
    yield from _threshold_faults(key, given, [given])


def _category_faults(
    code: str, given: object, families: dict[str, Any], entries: dict[str, Any]
) -> Iterator[tuple[_Key, str]]:
    key = ("categories", code)
    if not _CODE.fullmatch(code):
        yield key, 'is not a code; write it whole and in quotes, as in "C01.01.01" = { … }'
        return
    if not isinstance(given, dict):
        yield key, 'is not a table; write { label = "…" }'
        return
    yield from _value_faults(key, given)
    if "label" not in given:
        yield (*key, "label"), "is missing; every category has its own label"
    if code[:3] not in families:
        yield key, f"has no family; write a [families.{code[:3]}] section"
    yield from _threshold_faults(key, given, _lineage(code, families, entries))


def _value_faults(key: _Key, given: dict[str, Any]) -> Iterator[tuple[_Key, str]]:
    for name, value in given.items():
        check = _CHECKS.get(name)
        fault = check(value) if check else f"is not known; the keys are {', '.join(_CHECKS)}"
        if fault:
            yield (*key, name), fault


def _threshold_faults(
    key: _Key, given: dict[str, Any], lineage: list[dict[str, Any]]
) -> Iterator[tuple[_Key, str]]:
    settled = _settled(lineage)
    if settled.get("disclosure") == "threshold" and "threshold" not in settled:
        yield (*key, "threshold"), 'is missing; say from which severity, as in threshold = "severe"'
    if "threshold" in given and settled.get("disclosure") in ("notify", "withhold"):
        yield (*key, "threshold"), 'has no effect; remove it or write disclosure = "threshold"'


# --- inheriting


def _lineage(code: str, families: dict[str, Any], entries: dict[str, Any]) -> list[dict[str, Any]]:
    """The family, then each parent that the file names, then the code itself."""
    parents = dict.fromkeys([f"{code[:3]}.00.00", f"{code[:6]}.00", code])
    lineage = [families.get(code[:3]), *(entries.get(parent) for parent in parents)]
    return [given for given in lineage if isinstance(given, dict)]


def _settled(lineage: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: value for given in lineage for name, value in given.items()}


def _category(code: str, families: dict[str, Any], entries: dict[str, Any]) -> Category:
    settled = _settled(_lineage(code, families, entries))
    told_from = settled["disclosure"] == "threshold"
    return Category(
        code=code,
        label=settled["label"],
        family=code[:3],
        disclosure=settled["disclosure"],
        threshold=Severity(settled["threshold"]) if told_from else None,
        lane=settled["lane"],
        channels=tuple(settled["channels"]),
        lifetime=timedelta(minutes=settled["lifetime_minutes"]),
        place=settled["place"],
        tell=tuple(settled["tell"]),
        legal_basis=settled["legal_basis"],
    )
