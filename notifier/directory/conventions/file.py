"""Read and refuse a convention as an operator writes it, in TOML: all faults, by line and key.

What it names is checked against what is known: categories by their codes, which the caller gives,
for they belong to another room; organisations, sites and functions by the directory.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictStr,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import ErrorDetails

from notifier.directory.conventions.rules import is_among
from notifier.directory.models import (
    ConventionKind,
    Detail,
    Function,
    OrganisationKind,
    OrganisationRef,
)
from notifier.toml_file import (
    Key,
    TomlFile,
    TomlRefusedError,
    describe,
    distinct,
    one_of,
    parse_toml,
    read_toml,
    some_of,
)

Severity = Literal["minor", "moderate", "severe", "extreme"]
Lane = Literal["urgent", "routine"]
MAX_TITLE_LENGTH = 160


class ConventionRefusedError(Exception):
    """The file cannot be used; the message lists every fault by file, line and key, in French."""


@dataclass(frozen=True)
class Known:
    """What a convention may name."""

    categories: Mapping[str, str]
    """The labels of the categories by code."""
    withheld: Collection[str]
    """The codes of those that a mayor may never know."""
    read_organisation: Callable[[str], OrganisationRef]
    """Reads "epci:246300701". Raises ValueError, in French, also where there is none."""
    sites_of: Callable[[OrganisationRef], Collection[str]]
    """The names of an organisation's sites."""
    find_unsafe: Callable[[str], str | None]
    """Says what of a text a telephone must not show, in French: a title stands in mails."""


# --- what a key may hold


def _title(text: str, info: ValidationInfo) -> str:
    if found := _known(info).find_unsafe(_printable(text)):
        raise ValueError(f"vaut {text!r}, qui ne doit pas figurer dans un texte ({found}) ; l’ôter")
    return text


def _printable(text: str) -> str:
    if not text.strip() or text != text.strip() or not text.isprintable():
        raise ValueError(f"vaut {text!r} ; y écrire un texte sans espace au bord ni saut de ligne")
    return text


def _day(value: object) -> object:
    # A moment is a day as well to Python.
    if type(value) is not date:
        raise ValueError(f"vaut {value!r} ; écrire une date : 2026-01-31")
    return value


def _read_organisation(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str):
        raise ValueError(f'vaut {value!r} ; écrire un organisme : "epci:246300701"')  # noqa: TRY004
    try:
        return _known(info).read_organisation(value)
    except ValueError as error:
        raise ValueError(f"vaut {value!r} : {error}") from None


def _category(code: str, info: ValidationInfo) -> str:
    known = _known(info)
    below = [category for category in known.categories if is_among(category, [code])]
    if not code or not below:
        raise ValueError(
            f"nomme {code!r}, qui n’est ni une catégorie ni le début d’une catégorie de "
            "categories.toml ; le corriger ou l’ôter"
        )
    if all(category in known.withheld for category in below):
        raise ValueError(
            f"nomme {code!r} (« {known.categories[below[0]]} »), qui n’est communiqué à aucun "
            "maire et ne peut donc l’être par une convention ; l’ôter"
        )
    return code


def _within_period(ends_on: date | None, info: ValidationInfo) -> date | None:
    starts_on = info.data.get("starts_on")
    if ends_on is not None and starts_on is not None and ends_on < starts_on:
        raise ValueError(f"vaut {ends_on}, avant le début ({starts_on}) ; corriger l’une des deux")
    return ends_on


def _needs_end(value: int | None, info: ValidationInfo) -> int | None:
    if value is not None and info.data.get("ends_on", ...) is None:
        raise ValueError("est sans effet sur une convention sans fin ; l’ôter, ou écrire until")
    return value


def _of_residents(requires_release: bool | None, info: ValidationInfo) -> bool | None:
    told = info.data.get("organisation")
    if told and told.kind == OrganisationKind.QUARTER and requires_release is False:
        raise ValueError(
            "vaut false, or un quartier ne lit que ce qu’une personne a relayé ; l’ôter"
        )
    return requires_release


def _known(info: ValidationInfo) -> Known:
    known = info.context
    if not isinstance(known, Known):
        raise TypeError("a convention is validated against what is known")
    return known


_Organisation = Annotated[
    OrganisationRef,
    BeforeValidator(_read_organisation),
    Field(description='un organisme, par exemple "epci:246300701"'),
]
_Functions = Annotated[
    tuple[Literal[*Function.values], ...],  # type: ignore[valid-type] # the names of the table
    AfterValidator(distinct),
    some_of(Function.values),
]
_Text = Annotated[StrictStr, AfterValidator(_printable)]
_Day = Annotated[date, BeforeValidator(_day)]
_Number = Annotated[int, Field(strict=True)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class People(_Section):
    """An organisation, and who of it; nobody named: its people in their order."""

    organisation: _Organisation
    functions: _Functions | None = None


class Rule(People):
    """Who is told of what, where, in which lane and detail."""

    categories: Annotated[
        tuple[Annotated[StrictStr, AfterValidator(_category)], ...],
        AfterValidator(distinct),
        Field(description='une liste de codes entiers ou de leur début : ["L01.01", "C07.13.02"]'),
    ]
    from_severity: Annotated[Severity | None, one_of(get_args(Severity))] = None
    territory: _Organisation | None = None
    sites: Annotated[
        tuple[StrictStr, ...] | None, Field(description="une liste de noms de lieux")
    ] = None
    lane: Annotated[Lane | None, one_of(get_args(Lane))] = None
    detail: Annotated[Detail, one_of(Detail.values)] = Detail.FULL
    requires_release: Annotated[StrictBool | None, AfterValidator(_of_residents)] = Field(
        None, validate_default=True, description="true ou false"
    )

    @property
    def territory_of(self) -> OrganisationRef:
        """Whose territory it applies to: if nothing is said, that of who is told."""
        return self.territory or self.organisation

    @property
    def needs_release(self) -> bool:
        """Whether it relays only what a person releases; to residents always."""
        return bool(self.requires_release) or self.organisation.kind == OrganisationKind.QUARTER


class ConventionFile(_Section):
    """The whole file."""

    reference: Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,59}$")] = Field(
        description="lettres sans accent, chiffres et tirets, 60 signes au plus"
    )
    kind: Annotated[ConventionKind, one_of(ConventionKind.values)]
    title: Annotated[StrictStr, Field(max_length=MAX_TITLE_LENGTH), AfterValidator(_title)] = Field(
        description=f"le titre, {MAX_TITLE_LENGTH} caractères au plus"
    )
    source: Annotated[_Text | None, Field(max_length=200)] = Field(
        None, description="l’adresse du texte publié, 200 caractères au plus"
    )
    starts_on: _Day = Field(alias="from", description="une date : 2026-01-31")
    ends_on: Annotated[_Day | None, AfterValidator(_within_period)] = Field(
        None, alias="until", description="une date : 2028-12-31"
    )
    tacit_renewal_months: Annotated[
        _Number | None, Field(ge=1, le=120), AfterValidator(_needs_end)
    ] = Field(None, description="des mois, de 1 à 120")
    notice_days: Annotated[_Number | None, Field(ge=1, le=730), AfterValidator(_needs_end)] = Field(
        None, description="des jours, de 1 à 730"
    )
    parties: Annotated[tuple[_Organisation, ...], AfterValidator(distinct)] = Field(
        description='une liste d’organismes : ["epci:246300701", "gendarmerie:ggd63"]'
    )
    owners: tuple[People, ...] = Field(
        min_length=1,
        description="une section [[owners]] au moins : l’organisme et les fonctions qui suivent "
        "la convention et en apprennent l’échéance",
    )
    rules: tuple[Rule, ...] = Field(
        min_length=1, description="une section [[rules]] au moins : qui apprend quoi, et où"
    )


# --- reading


def read_convention(path: Path, known: Known) -> ConventionFile:
    """Read and check a convention. Raises ConventionRefusedError with every fault at once."""
    try:
        return _checked(read_toml(path), known)
    except TomlRefusedError as refused:
        raise ConventionRefusedError(str(refused)) from refused


def parse_convention(path: Path, content: bytes, known: Known) -> ConventionFile:
    """Check a convention as `read_convention`, of content that was sent; `path` only names it."""
    try:
        return _checked(parse_toml(path, content), known)
    except TomlRefusedError as refused:
        raise ConventionRefusedError(str(refused)) from refused


def _checked(file: TomlFile, known: Known) -> ConventionFile:
    try:
        convention = ConventionFile.model_validate(file.document, context=known)
    except ValidationError as error:
        faults = {(_path_of(fault), _describe(fault)) for fault in _causes(error.errors())}
        raise ConventionRefusedError(file.say(faults)) from None
    if faults := set(_faults_together(convention, known)):
        raise ConventionRefusedError(file.say(faults))
    return convention


def _faults_together(convention: ConventionFile, known: Known) -> Iterator[tuple[Key, str]]:
    """Yield the faults that only several keys together make."""
    named = [owner.organisation for owner in convention.owners]
    for position, organisation in enumerate(named):
        if organisation in named[:position]:
            what = f"vaut {str(organisation)!r}, déjà nommé ; réunir ses fonctions en une section"
            yield ("owners", position, "organisation"), what
    is_of_residents = convention.kind is ConventionKind.CITIZENS
    for position, rule in enumerate(convention.rules):
        key: Key = ("rules", position)
        if is_of_residents is not (rule.organisation.kind == OrganisationKind.QUARTER):
            what = (
                f"vaut {str(rule.organisation)!r} : seule une participation_citoyenne prévient un "
                "quartier, et elle ne prévient que lui ; corriger l’un ou l’autre"
            )
            yield (*key, "organisation"), what
        if rule.detail is Detail.FIGURE and rule.lane == "urgent":
            yield (*key, "lane"), 'vaut "urgent", or un chiffre ne presse pas ; l’ôter'
        if what := _fault_of_sites(rule, known):
            yield (*key, "sites"), what


def _fault_of_sites(rule: Rule, known: Known) -> str:
    if rule.sites is None:
        return ""
    if not rule.sites:
        return "est vide ; nommer un lieu ou plusieurs, ou ôter la clé"
    there = known.sites_of(rule.territory_of)
    missing = ", ".join(f"« {name} »" for name in rule.sites if name not in there)
    if not missing:
        return ""
    listed = ", ".join(f"« {name} »" for name in sorted(there)) or "aucun"
    return (
        f"nomme {missing}, qui n’est pas un lieu de {rule.territory_of} (ses lieux : {listed}) ; "
        "le corriger, ou l’ajouter d’abord à cet organisme"
    )


# --- faults

_LISTS = {"owners": People.model_fields, "rules": Rule.model_fields}
_TO_WRITE = {
    field.alias or name: field.description
    for fields in (ConventionFile.model_fields, Rule.model_fields)
    for name, field in fields.items()
}


def _causes(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out that a list is too short where its only items are at fault themselves."""
    faulty = {fault["loc"][:1] for fault in errors if len(fault["loc"]) > 1}
    return [f for f in errors if f["type"] != "too_short" or f["loc"] not in faulty]


def _path_of(fault: ErrorDetails) -> Key:
    """Return the key's path: of a list of sections with its position, without a value's own."""
    loc = fault["loc"]
    return loc[:3] if loc[0] in _LISTS else loc[:1]


def _describe(fault: ErrorDetails) -> str:
    path = _path_of(fault)
    fields = _LISTS.get(str(path[0]), {}) if len(path) == 3 else ConventionFile.model_fields
    to_write = _TO_WRITE.get(str(path[-1])) or _TO_WRITE.get(str(path[0])) or ""
    return describe(fault, fields, to_write)
