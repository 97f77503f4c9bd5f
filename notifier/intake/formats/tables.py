"""The operator's tables `config/severity.toml` and `config/foreign_categories.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from notifier.intake.schema.vocabulary import Severity
from notifier.settings import packaged

M = TypeVar("M", bound=BaseModel)
_STRICT: Final = ConfigDict(extra="forbid", frozen=True)


class TablesError(Exception):
    """An unusable table; the message names the file and every wrong key, in English."""


class SeverityTable(BaseModel):
    """The severity of a report by what it contains."""

    model_config = _STRICT

    default: Severity
    risks: Mapping[str, Severity]
    victims: Mapping[str, Severity]
    reporting: Mapping[str, Severity]
    emsi_scale: Mapping[str, Severity]
    emsi_casualties: Mapping[str, Severity]

    def gravest(self, found: Iterable[Severity | None]) -> Severity:
        """Return the gravest of what was found; the default if nothing was."""
        return max((s for s in found if s), key=lambda s: s.rank, default=self.default)


class ForeignCategories(BaseModel):
    """Which of our categories stands for a foreign kind."""

    model_config = _STRICT

    emsi: Mapping[str, str]
    cap: Mapping[str, str]

    def all_lines(self) -> list[tuple[str, str]]:
        """Return every foreign kind with our code for it."""
        return [*self.emsi.items(), *self.cap.items()]

    def of_emsi(self, kinds: Iterable[str]) -> str | None:
        """Look up by the longest line that each kind begins with: "TRP/COL", else "TRP"."""
        return _first(self.emsi, filter(None, map(self._line_of_emsi, kinds)))

    def of_cap(self, kinds: Iterable[str]) -> str | None:
        """Look up by the lines of exactly these names."""
        return _first(self.cap, kinds)

    def _line_of_emsi(self, kind: str) -> str | None:
        parts = kind.split("/")
        lines = ("/".join(parts[:length]) for length in range(len(parts), 0, -1))
        return next((line for line in lines if line in self.emsi), None)


def _first(table: Mapping[str, str], kinds: Iterable[str]) -> str | None:
    """Return, of several kinds, the one whose line comes first in the file."""
    given = set(kinds)
    return next((code for kind, code in table.items() if kind in given), None)


class Tables(BaseModel):
    """Both tables."""

    model_config = _STRICT

    severity: SeverityTable
    categories: ForeignCategories


@cache
def tables() -> Tables:
    """Return the tables in use, read once per process. Raises TablesError."""
    return load_tables(packaged("config"))


def load_tables(folder: Path) -> Tables:
    """Read and check both files. Raises TablesError with every fault of the first faulty file."""
    return Tables(
        severity=_load(folder / "severity.toml", SeverityTable),
        categories=_load(folder / "foreign_categories.toml", ForeignCategories),
    )


def _load(path: Path, model: type[M]) -> M:
    try:
        document: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return model.model_validate(document)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TablesError(f"{path}: cannot be read: {error}; correct that line") from error
    except ValidationError as error:
        faults = (
            f"{path}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}"
            for fault in error.errors()
        )
        raise TablesError("\n".join(faults)) from error
