"""Words that are heard on a telephone, not read: hours, numbers and references in French."""

from __future__ import annotations

import re
from datetime import datetime

from notifier.moments import season, written_day

# What a voice reads as one number; longer ones are easier to write down digit by digit.
_LONGEST_NUMBER = 4
_GROUPS = re.compile(r"[0-9]+|[^\W\d_]+")


def spoken_hour(at: datetime) -> str:
    """Say the hour: "3 heures 16", "1 heure", "minuit", "midi 5"; `at` is aware and local."""
    hour = {0: "minuit", 1: "1 heure", 12: "midi"}.get(at.hour, f"{at.hour} heures")
    said = f"{hour} {at.minute}" if at.minute else hour
    which = season(at)
    return f"{said}, {which}" if which else said


def spoken_day(at: datetime) -> str:
    """Say the day, without its year: "22 novembre"."""
    return written_day(at).rpartition(" ")[0]


def spoken_reference(reference: str) -> str:
    """Say a reference in groups: "CORG 90, 2026, 0 0 4 2 1 7"."""
    parts = [_GROUPS.findall(part) for part in re.split(r"[\W_]+", reference)]
    return ", ".join(" ".join(_spoken_group(group) for group in part) for part in parts if part)


def spoken_phone(number: str) -> str:
    """Say a telephone number, as it is written, in pairs: "03, 53, 01, 00, 90"."""
    return ", ".join(number.split()).replace("+", "plus ")


def _spoken_group(group: str) -> str:
    if not group.isdigit() or (len(group) <= _LONGEST_NUMBER and not group.startswith("0")):
        return group
    return " ".join(group)
