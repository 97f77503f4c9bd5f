"""Validate categories.toml; each fault says by key, in French, what to write instead.

A category is validated with all that it inherits; a fault is reported where it is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import ErrorDetails

from notifier.alerting.content.category_label import bracket_fault, parse_label
from notifier.intake.schema.clickable import find_unsafe
from notifier.intake.schema.vocabulary import Severity
from notifier.toml_file import describe, distinct, one_of, some_of

Disclosure = Literal["notify", "threshold", "withhold"]
Lane = Literal["urgent", "routine"]
Channel = Literal["sms", "email"]
Edge = Literal["all", "holder"]
Answer = Literal["none", "one", "each"]
Function = Literal["maire", "adjoint", "astreinte", "police_municipale", "dgs", "autre"]
MAX_LABEL_LENGTH = 59
MINUTE = timedelta(minutes=1)


# --- what a key may hold; a field's description follows « écrire » where it holds something else


def _between(least: int, most: int, unit: timedelta | int = 1) -> BeforeValidator:
    def read(value: object) -> timedelta | int:
        # TOML's true is an int to Python, but not of type int.
        if type(value) is not int or not least <= value <= most:
            raise ValueError(f"vaut {value!r} ; écrire un nombre entier de {least} à {most}")
        return value * unit

    return BeforeValidator(read)


def _label(written: str) -> str:
    plain = parse_label(written).plain
    if fault := bracket_fault(written):
        raise ValueError(fault)
    if len(plain) > MAX_LABEL_LENGTH:
        raise ValueError(f"a {len(plain)} caractères ; le ramener à {MAX_LABEL_LENGTH} au plus")
    if plain != plain.strip() or written != written.strip() or not written.isprintable():
        raise ValueError("a une espace au bord ou un saut de ligne ; l’ôter")
    return _showable(plain and written)


def _showable(text: str) -> str:
    """Refuse what a telephone would make a link of, or fail to show: it stands in every text."""
    if not text.strip():
        raise ValueError("est vide ; y écrire un texte")
    if found := find_unsafe(text):
        raise ValueError(f"vaut {text!r}, qu’un téléphone ne doit pas afficher ({found}) ; l’ôter")
    return text


def _rings_if_urgent(channels: tuple[str, ...], section: ValidationInfo) -> tuple[str, ...]:
    if section.data.get("lane") == "urgent" and "sms" not in channels:
        raise ValueError(
            'n’a pas "sms", et un courriel ne réveille personne ; l’ajouter, ou lane = "routine"'
        )
    return channels


def _fits_disclosure(threshold: Severity | None, section: ValidationInfo) -> Severity | None:
    disclosure = section.data.get("disclosure")
    if disclosure == "threshold" and threshold is None:
        raise ValueError('manque ; dire à partir de quelle gravité : threshold = "severe"')
    if disclosure in ("notify", "withhold") and threshold is not None:
        raise ValueError('est sans effet ; l’ôter, ou écrire disclosure = "threshold"')
    return threshold


def _answers_if_urgent(answer: Answer, section: ValidationInfo) -> Answer:
    if answer != "none" and section.data.get("lane") == "routine":
        raise ValueError(
            'vaut pour ce qui est urgent seul ; l’ôter (answer = "none"), ou lane = "urgent"'
        )
    return answer


_YesOrNo = Annotated[StrictBool, Field(description="true ou false")]
_Channels = Annotated[tuple[Channel, ...], AfterValidator(distinct)]
_Tell = Annotated[tuple[Function, ...], AfterValidator(distinct), some_of(get_args(Function))]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Storm(_Section):
    """From when on routine texts to one address go into a digest: after so many within `window`.

    An urgent alert that is opened again and again is sent at most once in `reopening`.
    """

    texts: Annotated[int, _between(1, 100)] = 5
    window: Annotated[timedelta, _between(1, 120, MINUTE)] = Field(15 * MINUTE, alias="minutes")
    reopening: Annotated[timedelta, _between(1, 240, MINUTE)] = Field(
        30 * MINUTE, alias="reopening_minutes"
    )


class Rules(_Section):
    """What the file says of a family, or of a category with what it inherits."""

    written_label: Annotated[str, AfterValidator(_label)] = Field(
        alias="label", description="son libellé"
    )
    disclosure: Annotated[Disclosure, one_of(get_args(Disclosure))]
    threshold: Annotated[Severity | None, AfterValidator(_fits_disclosure), one_of(Severity)] = (
        Field(None, validate_default=True)
    )
    lane: Annotated[Lane, one_of(get_args(Lane))]
    channels: Annotated[_Channels, AfterValidator(_rings_if_urgent), some_of(get_args(Channel))]
    lifetime: Annotated[timedelta, _between(5, 1440, MINUTE)] = Field(
        alias="lifetime_minutes", description="des minutes, de 5 à 1440"
    )
    place: _YesOrNo
    tell: _Tell
    # The defaults notify the fewest.
    edge: Annotated[Edge, one_of(get_args(Edge))] = "holder"
    neighbours: _YesOrNo = False
    whole_departement: _YesOrNo = False
    answer: Annotated[Answer, AfterValidator(_answers_if_urgent), one_of(get_args(Answer))] = "none"
    answer_within: Annotated[timedelta, _between(1, 60, MINUTE)] = Field(
        5 * MINUTE, alias="answer_minutes", description="des minutes, de 1 à 60"
    )
    escalate: Annotated[int, _between(1, 5)] = Field(1, description="un nombre, de 1 à 5")
    legal_basis: Annotated[str, AfterValidator(_showable), Field(description="le texte de loi")]


class Document(_Section):
    """The whole file."""

    storm: Storm = Field(Storm(), description="[storm], et ses clés dessous")
    families: dict[Annotated[str, Field(pattern=r"^[CL]\d\d$")], Rules] = Field(
        min_length=1, description="une section par famille : [families.C01]"
    )
    categories: dict[Annotated[str, Field(pattern=r"^[CL]\d\d\.\d\d\.\d\d$")], Rules] = Field(
        min_length=1,
        description="sous [categories] une ligne par code, entier et entre guillemets : "
        '"C01.01.01" = { label = "…" }',
    )


# --- faults

# ("families", "C01", "lane") or ("categories", "C01.01.01", "lane").
_Path = tuple[str, ...]
# By the length of the path of a key that it has.
_MODELS: list[type[BaseModel]] = [Document, Storm, Rules]
_FIELDS = [model.model_fields for model in _MODELS]
_TO_WRITE = {f.alias or name: f.description for of in _FIELDS for name, f in of.items()}


def faults(document: dict[str, Any]) -> Iterator[tuple[_Path, str]]:
    """Yield every fault of the document, with the path of the key that it is about."""
    families, entries = _table(document, "families"), _table(document, "categories")
    whole = {code: with_inherited(code, document) for code in entries}
    found: set[tuple[_Path, str]] = set()
    try:
        Document.model_validate({**document, "categories": whole})
    except ValidationError as error:
        found = {(_path_of(fault), _describe(fault)) for fault in error.errors()}
    wrong = {path for path, _ in found}
    for path, what in found:
        if path[0] != "categories" or len(path) < 3:
            yield path, what
        elif path[:2] not in wrong:
            _, code, key = path
            is_inherited = code[:3] not in families or any(
                ((*above, key), what) in found for above in _inherited_from(code)
            )
            if not is_inherited or key in entries[code] or key == "label":
                yield path, what
    for code in entries:
        if code[:3] not in families and ("categories", code) not in wrong:
            what = f"n’a pas de famille ; écrire une section [families.{code[:3]}]"
            yield ("categories", code), what


def _path_of(fault: ErrorDetails) -> _Path:
    """Return the key's path, without a list's index and pydantic's mark of a wrong key."""
    return tuple(part for part in fault["loc"] if isinstance(part, str) and part != "[key]")


def _describe(fault: ErrorDetails) -> str:
    path = _path_of(fault)
    to_write = next((_TO_WRITE[key] for key in reversed(path) if key in _TO_WRITE), None)
    return describe(fault, _FIELDS[len(path) - 1], to_write or "")


# --- inheriting


def with_inherited(code: str, document: dict[str, Any]) -> Any:
    """Return a category with all that it inherits; what is nearest to it wins."""
    own = document["categories"][code]
    if not isinstance(own, dict):
        return own
    whole: dict[str, Any] = {}
    for above in _inherited_from(code):
        whole |= _table(_table(document, above[0]), above[1])
    whole.pop("label", None)
    if (whole | own).get("disclosure") in ("notify", "withhold"):
        whole.pop("threshold", None)
    if (whole | own).get("lane") == "routine":
        whole.pop("answer", None)
    return whole | own


def _inherited_from(code: str) -> list[_Path]:
    """Return the paths that a category inherits from, the furthest first: family, then parents."""
    parents = [f"{code[:3]}.00.00", f"{code[:6]}.00"]
    return [("families", code[:3]), *(("categories", name) for name in parents if name != code)]


def _table(document: dict[str, Any], name: str) -> dict[str, Any]:
    value = document.get(name)
    return value if isinstance(value, dict) else {}
