"""A finding of the doctor: what was checked, whether it is well, and what to do if not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """How serious a finding is; only BAD makes the doctor end with exit code 1."""

    GOOD = "✓"
    WARNING = "!"
    BAD = "✗"


@dataclass(frozen=True)
class Finding:
    """What was found, in French; `remedy` says what to do about it."""

    mark: Level
    what: str
    remedy: str = ""


Check = Callable[[], Iterable[Finding]]


def good(what: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(Level.GOOD, what)


def warning(what: str, remedy: str) -> Finding:
    """Return a finding that works but that an operator should know."""
    return Finding(Level.WARNING, what, remedy)


def bad(what: str, remedy: str) -> Finding:
    """Return a finding that keeps alerts from arriving."""
    return Finding(Level.BAD, what, remedy)


def examine(title: str, check: Check) -> list[Finding]:
    """Run a check; one that fails is itself a finding, never the doctor's end."""
    try:
        return list(check())
    except Exception as error:  # whatever breaks must be shown beside the other findings
        # A database quotes its SQL on further lines, of no use to who reads this.
        first = (str(error).splitlines() or [""])[0]
        broken = f"{title} : vérification impossible ({type(error).__name__} : {first})"
        return [bad(broken, "corriger d’abord les points précédents, puis relancer")]
