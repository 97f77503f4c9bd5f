"""What to do at once, by category: the sheets that a reader finds behind the link of an alert.

One file for each family (`C04.j2`) or finer code (`C04.05.j2`), and `general.j2` for the rest. Each
line is one piece of advice, of what not to do after "! ". An operator's own folder may replace some
of them; every sheet is tried at start.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from notifier.unreadable import describe_os_error

GENERAL = "general"
# Read on a telephone, woken up: no more than this.
MIN_LINES, MAX_LINES = 3, 6
MAX_LENGTH = 200
_NAME = re.compile(rf"{GENERAL}|[CL]\d\d(\.\d\d){{0,2}}")
_NOT_TO_DO = "! "
_SAMPLE = {"commune": "Delle", "service": "Gendarmerie"}


class ReflexesError(Exception):
    """A sheet cannot be used; the message names each fault by file."""


@dataclass(frozen=True)
class Reflex:
    """One piece of advice."""

    text: str
    is_warning: bool
    """Whether it says what not to do."""


class Reflexes:
    """The sheets of the package, and of an operator's folder in their place.

    Raises ReflexesError, in French, where one cannot be used.
    """

    def __init__(self, packaged: Path, own: Path | None = None) -> None:
        folders = [own, packaged] if own else [packaged]
        self._environment = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(folders),
            undefined=StrictUndefined,
            # Lines of plain text, which the page escapes.
            autoescape=False,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.clear()
        files = {path.name: path for folder in reversed(folders) for path in folder.glob("*.j2")}
        self._known = {name.removesuffix(".j2") for name in files}
        faults = [fault for path in sorted(files.values()) for fault in self._faults(path)]
        if own and not own.is_dir():
            faults.append(f"{own} n’est pas un dossier ; corriger REFLEXES_DIR")
        if faults:
            raise ReflexesError("\n".join(faults))

    def of(self, category: str, commune: str, service: str) -> list[Reflex]:
        """Return the sheet of the category, else of its nearest parent, else the general one."""
        parts = category.split(".")
        codes = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
        code = next((code for code in codes if code in self._known), GENERAL)
        return self._render(f"{code}.j2", {"commune": commune, "service": service})

    def _render(self, name: str, context: Mapping[str, str]) -> list[Reflex]:
        text = self._environment.get_template(name).render(context)
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return [
            Reflex(line.removeprefix(_NOT_TO_DO).strip(), line.startswith(_NOT_TO_DO))
            for line in lines
        ]

    def _faults(self, path: Path) -> Iterator[str]:
        if not _NAME.fullmatch(path.name.removesuffix(".j2")):
            yield f"{path} : nommer la fiche par un code (C04.j2, C04.05.j2) ou general.j2"
            return
        try:
            lines = self._render(path.name, _SAMPLE)
        except TemplateError as error:
            line = getattr(error, "lineno", None) or 1
            words = " et ".join(_SAMPLE)
            yield f"{path}:{line} : {error.message} ; n’employer que {words}, sans leurs méthodes"
            return
        except UnicodeDecodeError:
            yield f"{path} : l’enregistrer en UTF-8"
            return
        except OSError as error:
            yield f"{path} {describe_os_error(error)}"
            return
        if not MIN_LINES <= len(lines) <= MAX_LINES:
            yield f"{path} : {len(lines)} lignes ; il en faut de {MIN_LINES} à {MAX_LINES}"
        for reflex in lines:
            if len(reflex.text) > MAX_LENGTH:
                yield f"{path} : « {reflex.text[:40]}… » passe {MAX_LENGTH} signes ; raccourcir"
