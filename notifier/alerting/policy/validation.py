"""What can be wrong in an operator's categories file: each fault says by key what to write."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Literal, get_args

from notifier.alerting.content.category_label import label_fault, read_label
from notifier.intake.schema.clickable import unfit
from notifier.intake.schema.vocabulary import Severity

Disclosure = Literal["notify", "threshold", "withhold"]
Lane = Literal["urgent", "routine"]
Channel = Literal["sms", "email"]
Edge = Literal["all", "holder"]
Function = Literal["maire", "adjoint", "astreinte", "police_municipale", "dgs", "autre"]

MAX_LABEL_LENGTH = 59
SHORTEST_LIFETIME, MAX_LIFETIME = 5, 1440  # minutes
# The keys of [storm] and the highest value of each.
STORM_KEYS = {"texts": 100, "minutes": 120, "reopening_minutes": 240}

# A key's path in the document: ("families", "C01", "lane") or ("categories", "C01.01.01", "lane").
Key = tuple[str, ...]

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
    if wrong := label_fault(value):
        return wrong
    label = read_label(value).plain
    if len(label) > MAX_LABEL_LENGTH:
        return f"has {len(label)} characters; shorten it to {MAX_LABEL_LENGTH} at most"
    if value != value.strip() or label != label.strip() or not value.isprintable():
        return "begins or ends with a space, or holds a line break; write one clean line"
    return _shown(label) if label else "is empty; write the French label"


def _shown(value: str) -> str | None:
    """It stands in every text: a telephone must find nothing to tap in it, nor fail to show it."""
    if found := unfit(value):
        return f"is {value!r}, with what no mayor's telephone may show ({found}); leave that out"
    return None


def _lifetime(value: object) -> str | None:
    # TOML's true is an int to Python, but not of type int.
    if type(value) is int and SHORTEST_LIFETIME <= value <= MAX_LIFETIME:
        return None
    return f"is {value!r}; write whole minutes from {SHORTEST_LIFETIME} to {MAX_LIFETIME}"


def _yes_or_no(value: object) -> str | None:
    return None if isinstance(value, bool) else f"is {value!r}; write true or false"


def _words(value: object) -> str | None:
    if not isinstance(value, str) or not value.strip():
        return f"is {value!r}; write the text of law"
    return _shown(value)


_CHECKS: dict[str, _Check] = {
    "label": _label,
    "disclosure": _one_of(*get_args(Disclosure)),
    "threshold": _one_of(*Severity),
    "lane": _one_of(*get_args(Lane)),
    "channels": _some_of(*get_args(Channel)),
    "lifetime_minutes": _lifetime,
    "place": _yes_or_no,
    "tell": _some_of(*get_args(Function)),
    "edge": _one_of(*get_args(Edge)),
    "neighbours": _yes_or_no,
    "whole_departement": _yes_or_no,
    "legal_basis": _words,
}
_MAY_BE_LEFT_OUT = ("threshold", "edge", "neighbours", "whole_departement")
_FAMILY_GIVES = [key for key in _CHECKS if key not in _MAY_BE_LEFT_OUT]

_FAMILY = re.compile(r"[CL]\d\d")
_CODE = re.compile(r"[CL]\d\d\.\d\d\.\d\d")


def faults(document: dict[str, Any]) -> Iterator[tuple[Key, str]]:
    """Every fault of the document, with the path of the key that it is about."""
    for surplus in document.keys() - {"storm", "families", "categories"}:
        yield (surplus,), "is not known here; keep only [storm], [families.…] and [categories]"
    yield from _storm_faults(document.get("storm", {}))
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


def _storm_faults(given: object) -> Iterator[tuple[Key, str]]:
    if not isinstance(given, dict):
        yield ("storm",), "is not a section; write [storm] and its keys below"
        return
    for name, value in given.items():
        most = STORM_KEYS.get(name)
        if most is None:
            yield ("storm", name), f"is not known; the keys are {', '.join(STORM_KEYS)}"
        elif type(value) is not int or not 1 <= value <= most:
            yield ("storm", name), f"is {value!r}; write a whole number from 1 to {most}"


def _family_faults(name: str, given: object) -> Iterator[tuple[Key, str]]:
    key = ("families", name)
    if not _FAMILY.fullmatch(name):
        yield key, "is not a family; write C or L and two digits, as in [families.C01]"
    if not isinstance(given, dict):
        yield key, "is not a section; write [families.C01] and its keys below"
        return
    yield from _value_faults(key, given)
    for missing in [need for need in _FAMILY_GIVES if need not in given]:
        yield (*key, missing), "is missing; a family gives it"
    yield from _threshold_faults(key, given, [given])
    yield from _channel_faults(key, given, [given])


def _category_faults(
    code: str, given: object, families: dict[str, Any], entries: dict[str, Any]
) -> Iterator[tuple[Key, str]]:
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
    given_by = lineage(code, families, entries)
    yield from _threshold_faults(key, given, given_by)
    yield from _channel_faults(key, given, given_by)


def _value_faults(key: Key, given: dict[str, Any]) -> Iterator[tuple[Key, str]]:
    for name, value in given.items():
        check = _CHECKS.get(name)
        fault = check(value) if check else f"is not known; the keys are {', '.join(_CHECKS)}"
        if fault:
            yield (*key, name), fault


def _threshold_faults(
    key: Key, given: dict[str, Any], given_by: list[dict[str, Any]]
) -> Iterator[tuple[Key, str]]:
    whole = settled(given_by)
    if whole.get("disclosure") == "threshold" and "threshold" not in whole:
        yield (*key, "threshold"), 'is missing; say from which severity, as in threshold = "severe"'
    if "threshold" in given and whole.get("disclosure") in ("notify", "withhold"):
        yield (*key, "threshold"), 'has no effect; remove it or write disclosure = "threshold"'


def _channel_faults(
    key: Key, given: dict[str, Any], given_by: list[dict[str, Any]]
) -> Iterator[tuple[Key, str]]:
    """An urgent alert rings a telephone; said where the lane or the channels are given."""
    whole = settled(given_by)
    channels = whole.get("channels")
    if whole.get("lane") != "urgent" or not isinstance(channels, list) or "sms" in channels:
        return
    if given.keys() & {"lane", "channels"}:
        yield (
            (*key, "channels"),
            'has no "sms", and an e-mail wakes nobody; add "sms" or write lane = "routine"',
        )


# --- inheriting


def lineage(code: str, families: dict[str, Any], entries: dict[str, Any]) -> list[dict[str, Any]]:
    """The family, then each parent that the file names, then the code itself."""
    parents = dict.fromkeys([f"{code[:3]}.00.00", f"{code[:6]}.00", code])
    given_by = [families.get(code[:3]), *(entries.get(parent) for parent in parents)]
    return [given for given in given_by if isinstance(given, dict)]


def settled(given_by: list[dict[str, Any]]) -> dict[str, Any]:
    """Each key as the last of the lineage that gives it has it."""
    return {name: value for given in given_by for name, value in given.items()}
