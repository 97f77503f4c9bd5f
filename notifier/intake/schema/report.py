"""What a dispatch centre may say about a report, field by field; anything else is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError, PydanticKnownError

from notifier.intake.schema.area import Area
from notifier.intake.schema.clickable import LINK
from notifier.intake.schema.reference import REFERENCE
from notifier.intake.schema.vocabulary import Closure

# A clock may be wrong by this much; an older event is history, not an alert.
MAX_CLOCK_SKEW = timedelta(hours=1)
MAX_AGE = timedelta(days=7)
INSEE = r"^[0-9][0-9AaBb]?[0-9]{3}$"
POSTAL_CODE = r"^[0-9]{4,5}$"
CATEGORY = r"^[A-Za-z][A-Za-z0-9._-]{0,19}$"
# What each form asks for, said to whoever sent something else.
PATTERN_HINTS = {
    REFERENCE.pattern: (
        "60 caractères au plus, lettres sans accent, chiffres et « . _ / - », "
        "en commençant par une lettre ou un chiffre"
    ),
    INSEE: "le code INSEE de la commune, par exemple 90033 ou 2A004",
    POSTAL_CODE: "un code postal, par exemple 90100",
    CATEGORY: (
        "20 caractères au plus, lettres sans accent, chiffres et « . _ - », "
        "en commençant par une lettre"
    ),
}
DATE_AND_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:")
# ISO 8601 allows an offset of whole hours, and people put a space before it.
_OFFSET = re.compile(r"(?<=\d)\s*([+-]\d{2}|[Zz])(:?\d{2})?$")


def _printable(value: str) -> str:
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise PydanticCustomError("control_character", "contient un caractère de contrôle")
    return value


def _no_link(value: str) -> str:
    if LINK.search(value):
        raise PydanticCustomError(
            "link", "un point suivi de lettres deviendrait un lien sur le téléphone du maire"
        )
    return value


def _require_iso_8601(value: object) -> object:
    """Refuse seconds since 1970, which pydantic takes: nobody sees a wrong clock in them."""
    if not isinstance(value, str):
        raise PydanticKnownError("datetime_type")
    value = value.strip()
    if not DATE_AND_TIME.match(value):
        raise PydanticKnownError("datetime_parsing", {"error": "not ISO 8601"})
    return _OFFSET.sub(_with_minutes, value)


def _with_minutes(offset: re.Match[str]) -> str:
    hours, minutes = offset.groups()
    return hours + (minutes or ("" if hours in "Zz" else ":00"))


def _plausible(value: datetime) -> datetime:
    now = datetime.now(UTC)
    if value > now + MAX_CLOCK_SKEW:
        raise PydanticCustomError(
            "date_ahead", "est dans le futur : vérifiez l’horloge et le fuseau horaire"
        )
    if value < now - MAX_AGE:
        raise PydanticCustomError(
            "date_old", "remonte à plus de 7 jours : ce n’est plus une alerte"
        )
    return value


def _of_an_end(value: Closure | None, report: ValidationInfo) -> Closure | None:
    if value is not None and report.data.get("status") not in (None, "closed"):
        raise PydanticCustomError("closure", "dit une fin : seulement avec status closed")
    return value


def _upper(value: str) -> str:
    return value.upper()


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(_printable),
]
Label = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(_printable)
]
# An instant as written out with its zone, and one that an alert can still be about.
Instant = Annotated[AwareDatetime, BeforeValidator(_require_iso_8601)]
RecentInstant = Annotated[Instant, AfterValidator(_plausible)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False, description="WGS 84")]


MAX_COMMUNES = 500
InseeCode = Annotated[str, Field(pattern=INSEE)]


class Place(BaseModel):
    """Where it is. One way to say it is enough; all that is given is checked against the rest."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    insee: Annotated[
        InseeCode | None,
        Field(
            description="Code officiel géographique de la commune (pas le code postal)",
            examples=["90033", "2A004"],
        ),
    ] = None
    communes: Annotated[
        list[InseeCode] | None,
        Field(
            min_length=1,
            max_length=MAX_COMMUNES,
            description="Plusieurs communes, toutes concernées : leurs codes, à la place d’insee, "
            "name et postal_code",
            examples=[["90033", "90056"]],
        ),
    ] = None
    name: Annotated[Name | None, Field(description="Nom de la commune")] = None
    postal_code: Annotated[
        str | None, Field(pattern=POSTAL_CODE, description="Code postal", examples=["90100"])
    ] = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    radius_m: Annotated[int, Field(ge=0, le=50_000, strict=True, description="Rayon en mètres")] = 0
    precision: Annotated[
        Literal["exact", "street", "town"] | None,
        Field(description="Ce que vaut le point : exact (défaut), à la rue, à la ville près"),
    ] = None
    polygon: Area | None = None
    label: Annotated[Label | None, Field(description="Voie ou lieu-dit, sans nom de personne")] = (
        None
    )

    def whole_departements(self) -> list[str]:
        """Codes of départements named as a whole, as only messages of other formats do."""
        return []

    @model_validator(mode="after")
    def _is_said_once(self) -> Place:
        if (self.latitude is None) != (self.longitude is None):
            raise PydanticCustomError("half_point", "latitude et longitude vont ensemble")
        if self.communes and any((self.insee, self.name, self.postal_code)):
            raise PydanticCustomError(
                "one_and_several", "communes remplace insee, name et postal_code : retirez-les"
            )
        return self

    @model_validator(mode="after")
    def _is_somewhere(self) -> Place:
        if not has_clue(vars(self)):
            raise PydanticCustomError(
                "nowhere",
                "n’indique aucun lieu : donnez insee, communes, name, postal_code, polygon "
                "ou latitude et longitude",
            )
        return self


def has_clue(location: Mapping[str, Any]) -> bool:
    """Return whether a location names a place at all, even a doubtful one."""
    clues = ("insee", "communes", "name", "postal_code", "latitude", "polygon", "departements")
    return any(location.get(clue) is not None for clue in clues)


class NewReport(BaseModel):
    """A report, or the next state of one, as a dispatch centre pushes it."""

    model_config = ConfigDict(
        extra="forbid",
        str_strip_whitespace=True,
        json_schema_extra={
            "examples": [
                {
                    "reference": "CORG90-2026-004217",
                    "sequence": 1,
                    "status": "engaged",
                    "category": "C01.01.01",
                    "severity": "severe",
                    "occurred_at": "2026-11-22T03:16:07+01:00",
                    "exercise": False,
                    "location": {"insee": "90033", "name": "Delle", "postal_code": "90100"},
                }
            ]
        },
    )

    reference: Annotated[
        str,
        Field(
            pattern=REFERENCE.pattern,
            description="Votre numéro d’intervention ; le maire le lit",
        ),
        AfterValidator(_no_link),
    ]
    sequence: Annotated[
        int, Field(ge=1, le=1_000_000, strict=True, description="1, puis 2… à chaque nouvel état")
    ]
    status: Literal["engaged", "on_scene", "closed", "cancelled"]
    category: Annotated[
        str,
        Field(pattern=CATEGORY, description="Code CISU ou local"),
        AfterValidator(_upper),
    ]
    severity: Literal["minor", "moderate", "severe", "extreme"]
    occurred_at: Annotated[RecentInstant, Field(description="ISO 8601 avec fuseau horaire")]
    exercise: Annotated[
        bool, Field(strict=True, description="true : tous les textes portent EXERCICE")
    ] = False
    closure: Annotated[
        Closure | None,
        Field(
            description="Avec closed seulement : comment elle s’est terminée, que lisent alors "
            "ceux qui ont été prévenus"
        ),
        AfterValidator(_of_an_end),
    ] = None
    location: Place

    def canonical(self) -> dict[str, Any]:
        """Return the content as plain JSON types, instants in UTC: equal content, equal result."""
        content = self.model_dump(mode="json")
        # Fields younger than the first release: what was received before them still is the same.
        for name in ("precision", "polygon", "communes", "departements"):
            if content["location"].get(name) is None:
                content["location"].pop(name, None)
        if content["closure"] is None:
            del content["closure"]
        content["occurred_at"] = self.occurred_at.astimezone(UTC).isoformat()
        return content
