"""CAP 1.2 (OASIS): an alert, its updates and its cancellation, in XML."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from notifier.intake.area import closed
from notifier.intake.formats.message import (
    Effect,
    ForeignMessage,
    adapted_reference,
    identity_of,
)
from notifier.intake.formats.reading import Many, Part, dropped_names, read_part, refuse
from notifier.intake.formats.tables import Tables
from notifier.intake.formats.xml import read_xml
from notifier.intake.schema import Instant, RecentInstant

_ROOT = "alert"
# 1.1 says all that we read in the same words.
_NAMESPACES = ("urn:oasis:names:tc:emergency:cap:1.2", "urn:oasis:names:tc:emergency:cap:1.1")
_CODES_OF_COMMUNES = {"insee", "code insee", "cog", "fr-insee"}
_OUR_CODES = {"cisu", "alerte-maires"}
_METRES_OF_A_DEGREE = 111_320
_CORNERS = 36
_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)


class _Pair(Part):
    valueName: str  # noqa: N815 # the documents' own names
    value: str


class _Area(Part):
    polygon: Many[str] = []  # noqa: RUF012 # pydantic copies defaults
    circle: Many[str] = []  # noqa: RUF012
    geocode: Many[_Pair] = []  # noqa: RUF012


class _Info(Part):
    language: str = "en-US"
    category: Many[str]
    responseType: Many[str] = []  # noqa: N815, RUF012
    severity: Literal["Extreme", "Severe", "Moderate", "Minor", "Unknown"]
    eventCode: Many[_Pair] = []  # noqa: N815, RUF012
    effective: Instant | None = None
    onset: Instant | None = None
    expires: Instant | None = None
    area: Many[_Area] = []  # noqa: RUF012


class Alert(Part):
    """What is read of `alert`; headline, description, instructions and contacts are dropped."""

    identifier: str
    sender: str
    sent: RecentInstant
    status: Literal["Actual", "Exercise", "System", "Test", "Draft"]
    msgType: Literal["Alert", "Update", "Cancel", "Ack", "Error"]  # noqa: N815
    references: str = ""
    info: Many[_Info] = []  # noqa: RUF012


PATHS = {
    "reference": "alert.identifier",
    "category": "alert.info.category",
    "occurred_at": "alert.info.onset",
    "location": "alert.info.area",
    "location.insee": "alert.info.area.geocode",
    "location.communes": "alert.info.area.geocode",
    "location.radius_m": "alert.info.area.circle",
    "location.polygon": "alert.info.area.polygon",
    "expires_at": "alert.info.expires",
}


def read_cap(body: bytes, tables: Tables) -> ForeignMessage:
    """The message of a CAP document. Raises XmlRefusedError, FormatRefusedError."""
    root, namespace, document = read_xml(body)
    if root != _ROOT or namespace not in _NAMESPACES:
        raise refuse("corps", f"un élément « alert » est attendu, de l’espace {_NAMESPACES[0]}")
    alert = read_part(Alert, document, _ROOT)
    if alert.status in ("System", "Draft"):
        raise refuse("alert.status", "message de service ou brouillon : il n’alerte personne")
    if alert.msgType in ("Ack", "Error"):
        raise refuse("alert.msgType", "accusé ou erreur : il n’alerte personne")
    earlier = _referenced(alert.references)
    own = adapted_reference(alert.identifier)
    info = _french_first(alert.info)
    if info is None and alert.msgType != "Cancel":
        raise refuse("alert.info", "champ obligatoire")
    dropped = dropped_names(Alert, document, _ROOT)
    has_place = info is not None and any(a.polygon or a.circle or a.geocode for a in info.area)
    content = None
    if info is not None and (has_place or alert.msgType != "Cancel"):
        content = _content(alert, info, tables, dropped)
    return ForeignMessage(
        format="CAP",
        identity=identity_of("CAP", alert.sender, alert.identifier, alert.sent),
        threads=(*earlier, own),
        name=own,
        sender=identity_of(alert.sender),
        effect=_effect(alert, info),
        exercise=alert.status != "Actual",
        sent_at=alert.sent,
        content=content,
        expires_at=info.expires if info else None,
        is_update=alert.msgType == "Update",
        dropped=tuple(dropped),
        paths=PATHS,
    )


def _effect(alert: Alert, info: _Info | None) -> Effect:
    if alert.msgType == "Cancel":
        return Effect.CANCELS
    return Effect.CLOSES if info and "AllClear" in info.responseType else Effect.OPENS


def _referenced(references: str) -> list[str]:
    """Our references of the messages named ("sender,identifier,sent"), the oldest first."""
    found = []
    for triple in references.split():
        parts = triple.split(",")
        if len(parts) != 3:
            raise refuse("alert.references", "attendu : expéditeur,identifiant,date d’envoi")
        try:
            sent = _INSTANT.validate_python(parts[2])
        except ValidationError:
            raise refuse(
                "alert.references",
                "date d’envoi impossible ; attendu par exemple 2026-11-22T03:16:07+01:00",
            ) from None
        found.append((sent, adapted_reference(parts[1])))
    return [reference for _, reference in sorted(found)]


def _french_first(infos: list[_Info]) -> _Info | None:
    french = (info for info in infos if info.language.lower().startswith("fr"))
    return next(french, infos[0] if infos else None)


def _content(alert: Alert, info: _Info, tables: Tables, dropped: list[str]) -> dict[str, Any]:
    happened = info.onset or info.effective or alert.sent
    severity = tables.severity.default if info.severity == "Unknown" else info.severity.lower()
    return {
        "category": _category(info, tables),
        "severity": str(severity),
        # What is only announced has not happened yet: the announcement has.
        "occurred_at": min(happened, alert.sent).isoformat(),
        "location": _place(info.area, dropped),
        "expires_at": info.expires.isoformat() if info.expires else None,
    }


def _category(info: _Info, tables: Tables) -> str:
    ours = (pair.value for pair in info.eventCode if pair.valueName.lower() in _OUR_CODES)
    translated = (tables.categories.cap.get(category) for category in info.category)
    found = next(ours, None) or next((code for code in translated if code), None)
    if found is None:
        raise refuse(PATHS["category"], "catégorie sans équivalent dans foreign_categories.toml")
    return found


def _place(areas: list[_Area], dropped: list[str]) -> dict[str, Any]:
    pairs = [pair for area in areas for pair in area.geocode]
    named = (p.value for p in pairs if p.valueName.lower() in _CODES_OF_COMMUNES)
    codes = list(dict.fromkeys(named))
    circles = [_circle(text) for area in areas for text in area.circle]
    rings = [_polygon(text) for area in areas for text in area.polygon]
    place: dict[str, Any] = {"communes": codes} if len(codes) > 1 else {}
    if len(codes) == 1:
        place["insee"] = codes[0]
    if any(pair.value not in codes for pair in pairs):
        dropped.append(PATHS["location.insee"])
    if len(circles) == 1 and not rings:
        latitude, longitude, radius_m = circles[0]
        return place | {"latitude": latitude, "longitude": longitude, "radius_m": radius_m}
    rings += [_ring_around(*circle) for circle in circles]
    # None is another's hole: what lies under any of them is concerned.
    return place | ({"polygon": [[ring] for ring in rings]} if rings else {})


_NUMBER = r"([+-]?\d{1,3}(?:\.\d{1,20})?)"
_PAIR = re.compile(rf"{_NUMBER},{_NUMBER}")
_CIRCLE = re.compile(rf"{_NUMBER},{_NUMBER}\s+(\d{{1,6}}(?:\.\d{{1,20}})?)")


def _circle(text: str) -> tuple[float, float, int]:
    """Latitude and longitude in degrees and the radius in metres; CAP gives kilometres."""
    found = _CIRCLE.fullmatch(text.strip())
    if found is None:
        raise refuse("alert.info.area.circle", "attendu : latitude,longitude rayon en km")
    return float(found[1]), float(found[2]), round(float(found[3]) * 1000)


def _polygon(text: str) -> list[list[float]]:
    """The ring as [longitude, latitude]; CAP gives latitude first."""
    pairs = [_PAIR.fullmatch(pair) for pair in text.split()]
    ring = [[float(pair[2]), float(pair[1])] for pair in pairs if pair]
    if len(ring) < 4 or len(ring) < len(pairs) or ring[0] != ring[-1]:
        raise refuse(
            PATHS["location.polygon"],
            "attendu : quatre sommets latitude,longitude au moins, le dernier égal au premier",
        )
    return ring


def _ring_around(latitude: float, longitude: float, radius_m: int) -> list[list[float]]:
    """A circle among other areas, as a ring."""
    north = max(radius_m, 1) / _METRES_OF_A_DEGREE
    east = north / max(math.cos(math.radians(latitude)), 0.01)
    angles = [2 * math.pi * corner / _CORNERS for corner in range(_CORNERS)]
    corners = [[longitude + east * math.cos(a), latitude + north * math.sin(a)] for a in angles]
    return closed(corners)
