"""What a mayor reads: the texts of one alert, from a whitelist of facts and the templates.

A template sees flat words, no object and no free text: what is not in `Facts` cannot be told,
whatever an operator writes. Each template is tried at start with sample facts, so that none
fails at 3 a.m.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError, nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

from notifier.alerting.gsm import SmsSize, count, to_gsm
from notifier.alerting.place import safe_place
from notifier.intake.words import Severity

MOST_SEGMENTS = 2
PARTS = ("sms", "subject", "txt", "html")
# The e-mail to dispatch's own groupement when nobody could be told; it alone may say `why`.
UNREACHED = ("unreached.subject.j2", "unreached.txt.j2")


class Kind(StrEnum):
    """Which of an alert's texts; a commune no longer concerned gets a cancellation."""

    FIRST = "first"
    UPDATE = "update"
    END = "end"
    CANCELLATION = "cancellation"


@dataclass(frozen=True)
class Facts:
    """All that a mayor may be told of an intervention.

    `status` is engaged, on_scene, closed or cancelled; `severity` one of `Severity`.
    `occurred_at` and `told_at` are aware and shown in `time_zone`, the commune's own (IANA).
    `place` is dispatch's label, or None where the category does not allow one; only what
    `safe_place` lets out of it reaches a template.
    """

    commune: str
    category_label: str
    status: str
    severity: str
    occurred_at: datetime
    told_at: datetime
    time_zone: str
    place: str | None
    reference: str
    service: str
    legal_basis: str
    exercise: bool

    def __post_init__(self) -> None:
        if self.occurred_at.tzinfo is None or self.told_at.tzinfo is None:
            raise ValueError("occurred_at and told_at must say their time zone")


@dataclass(frozen=True)
class Texts:
    """One text for each channel: the SMS with its size, the e-mail with subject and both bodies."""

    sms: str
    size: SmsSize
    subject: str
    plain: str
    html: str


class TemplatesError(Exception):
    """An operator's template cannot be used; the message names each fault by file and line."""


class Composer:
    """Composes from the templates of one folder.

    Raises TemplatesError, in English for the operator's log, when one is missing, is not Jinja2,
    uses a name that it may not see, or makes an SMS that cannot be kept within two segments.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(folder),
            undefined=StrictUndefined,
            autoescape=lambda name: name is not None and name.endswith(".html.j2"),
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        # Jinja2's own range, lipsum, cycler: nothing but the facts is there to be named.
        self._environment.globals.clear()
        faults = [*self._syntax_faults()] or [*self._trial_faults()]
        if faults:
            raise TemplatesError("\n".join(dict.fromkeys(faults)))

    def compose(self, kind: Kind, facts: Facts) -> Texts:
        """The texts of this kind; the SMS is GSM-7 and takes two segments at the most."""
        words = _words(facts)
        sms = self._sms(kind, words)
        return Texts(
            sms=sms,
            size=count(sms),
            subject=_one_line(self._render(kind, "subject", words)),
            plain=self._render(kind, "txt", words).strip() + "\n",
            html=_unbreakable(self._render(kind, "html", words).strip()) + "\n",
        )

    def unreached(self, facts: Facts, why: str) -> tuple[str, str]:
        """Subject and plain text of the e-mail that says that nobody of the commune could be told."""
        words = {**_words(facts), "why": why}
        subject, text = (self._environment.get_template(name).render(words) for name in UNREACHED)
        return _one_line(subject), text.strip() + "\n"

    def _sms(self, kind: Kind, words: _Words) -> str:
        """The first of ever shorter texts that fits; the shortest still says what, where, when."""
        for shorter in _ever_shorter(words):
            sms = to_gsm(_one_line(self._render(kind, "sms", shorter)))
            if count(sms).segments <= MOST_SEGMENTS:
                break
        return sms

    def _render(self, kind: Kind, part: str, words: _Words) -> str:
        return self._environment.get_template(f"{kind}.{part}.j2").render(words)

    # --- trying the operator's templates at start

    def _syntax_faults(self) -> Iterator[str]:
        wanted = {f"{kind}.{part}.j2" for kind, part in product(Kind, PARTS)} | {*UNREACHED}
        present = {path.name for path in self._folder.glob("*.j2")}
        for name in sorted(wanted - present):
            yield f"{self._folder / name}: is missing; put it there, the package's own is a model"
        for name in sorted(present):
            path = self._folder / name
            try:
                tree = self._environment.parse(path.read_text(encoding="utf-8"), name, str(path))
                yield from _unknown_names(path, tree)
            except TemplateSyntaxError as error:
                yield f"{path}:{error.lineno}: {error.message}; correct that line"
            except (OSError, UnicodeDecodeError) as error:
                yield f"{path}: cannot be read as UTF-8: {error}"

    def _trial_faults(self) -> Iterator[str]:
        """What only shows when the text is made: an escape, a piece missing, a text too long."""
        for kind, part, facts in product(Kind, PARTS, _SAMPLES):
            path = self._folder / f"{kind}.{part}.j2"
            try:
                self._render(kind, part, _words(facts))
                sms = self._sms(kind, _words(facts)) if part == "sms" else ""
            except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
                file, line = _where(error, path)
                yield f"{file}:{line}: {error}; use only the facts, without methods of theirs"
                continue
            if part == "sms" and facts.reference not in sms:
                yield f"{path}:1: has no reference in its SMS; end it with {{{{ reference }}}}"
            if count(sms).segments > MOST_SEGMENTS:
                yield f"{path}:1: makes an SMS of more than {MOST_SEGMENTS} segments; shorten it"


# --- the words that templates see

_STATUS = {
    "engaged": "intervention en cours",
    "on_scene": "équipe sur place",
    "closed": "intervention terminée",
    "cancelled": "intervention annulée",
}
_MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre"),
    *("octobre", "novembre", "décembre"),
)
_NBSP, _NARROW = "\u00a0", "\u202f"

_Words = dict[str, str | bool | None]


def _words(facts: Facts) -> _Words:
    zone = ZoneInfo(facts.time_zone)
    occurred, told = facts.occurred_at.astimezone(zone), facts.told_at.astimezone(zone)
    clock = f"à {occurred.hour}h{occurred:%M}"
    day = "1er" if occurred.day == 1 else str(occurred.day)
    return {
        "commune": facts.commune,
        "category": facts.category_label,
        "place": safe_place(facts.place),
        "reference": facts.reference,
        "reference_mark": "Réf. ",
        "service": facts.service,
        "legal_basis": facts.legal_basis,
        "exercise": facts.exercise,
        "status": str(facts.status),
        "status_words": _STATUS[facts.status],
        "severity": str(facts.severity),
        "severity_words": Severity(facts.severity).label,
        "time": clock if occurred.date() == told.date() else f"le {occurred:%d/%m} {clock}",
        "date_and_time": f"le {day} {_MONTHS[occurred.month - 1]} {occurred.year} "
        f"à {occurred.hour} h {occurred:%M}",
    }


def _ever_shorter(words: _Words) -> Iterator[_Words]:
    """Shorter and shorter facts for an SMS; the reference is never cut."""
    yield words
    words = {**words, "place": None}
    yield words
    words = {**words, "reference_mark": ""}
    yield words
    for most in (40, 25, 12):
        yield {
            **words,
            "category": _cut(str(words["category"]), most),
            "commune": _cut(str(words["commune"]), most),
            "service": _cut(str(words["service"]), most),
        }


def _cut(text: str, most: int) -> str:
    """At most that many characters, "..." included, cut between words where there is one."""
    if len(text) <= most:
        return text
    kept = text[: most - 2]
    ends = max(kept.rfind(" "), kept.rfind("-"))
    return (kept[:ends] if ends > 0 else kept[:-1]) + "..."


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _unbreakable(html: str) -> str:
    """French typography: no line begins with a colon, nor breaks within "3 h 16"."""
    html = re.sub(r" ([;!?])", rf"{_NARROW}\1", html)
    html = re.sub(r" ([:»])", rf"{_NBSP}\1", html).replace("« ", f"«{_NBSP}")
    return re.sub(r"(\d) h (\d)", rf"\1{_NBSP}h{_NBSP}\2", html)


def _unknown_names(path: Path, tree: nodes.Template) -> Iterator[str]:
    known = _words(_SAMPLE).keys() | ({"why"} if path.name in UNREACHED else set())
    unknown = find_undeclared_variables(tree) - known
    for name in tree.find_all(nodes.Name):
        if name.name in unknown and name.ctx == "load":
            use = ", ".join(sorted(known))
            yield f"{path}:{name.lineno}: '{name.name}' is not known here; use {use}"


def _where(error: BaseException, path: Path) -> tuple[Path, int]:
    """The innermost line of a template that the error passed through."""
    file, line, trace = path, 1, error.__traceback__
    while trace:
        name = Path(trace.tb_frame.f_code.co_filename)
        if name.parent == path.parent:
            file, line = name, trace.tb_lineno
        trace = trace.tb_next
    return file, line


_SAMPLE = Facts(
    commune="Delle",
    category_label="accident de la route",
    status="engaged",
    severity=Severity.SEVERE,
    occurred_at=datetime(2026, 11, 22, 2, 16, tzinfo=UTC),
    told_at=datetime(2026, 11, 22, 2, 17, tzinfo=UTC),
    time_zone="Europe/Paris",
    place="rue de Déridé",
    reference="CORG90-2026-004217",
    service="Gendarmerie",
    legal_basis="article L132-3 du code de la sécurité intérieure",
    exercise=False,
)
# The longest that may come: France's longest commune, the longest label and reference.
_LONGEST = replace(
    _SAMPLE,
    commune="Saint-Remy-en-Bouzemont-Saint-Genest-et-Isson",
    category_label="x" * 59,
    place="rue " + "x" * 46,
    reference="X" * 60,
    service="x" * 30,
    exercise=True,
)
# Every status and severity, with and without a place, real and exercise: each branch is taken.
_SAMPLES = [
    _LONGEST,
    *(
        replace(_SAMPLE, status=status, severity=severity, place=place, exercise=exercise)
        for status, severity, place, exercise in product(
            _STATUS, Severity, ("rue de Déridé", None), (False, True)
        )
    ),
]
