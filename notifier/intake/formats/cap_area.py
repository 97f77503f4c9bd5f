"""Read where a CAP alert is: its circles, polygons and codes of communes."""

from __future__ import annotations

import math
import re
from typing import Any

from notifier.intake.formats.departements import LISTS_OF_COG, departement_of_code
from notifier.intake.formats.reading import Many, Part, refuse
from notifier.intake.schema.area import closed

PATHS = {
    "location": "alert.info.area",
    "location.insee": "alert.info.area.geocode",
    "location.communes": "alert.info.area.geocode",
    "location.departements": "alert.info.area.geocode",
    "location.radius_m": "alert.info.area.circle",
    "location.polygon": "alert.info.area.polygon",
}
_METRES_OF_A_DEGREE = 111_320
_CORNERS = 36


class Pair(Part):
    """A code, and the name of its list."""

    valueName: str = ""  # noqa: N815 # the documents' own names
    value: str = ""


class Area(Part):
    """The fields read from `area`; its description is free text and dropped."""

    polygon: Many[str] = []  # noqa: RUF012 # pydantic copies defaults
    circle: Many[str] = []  # noqa: RUF012
    geocode: Many[Pair] = []  # noqa: RUF012

    @property
    def communes(self) -> list[str]:
        """The codes of communes, as given."""
        return [
            pair.value
            for pair in self.geocode
            if pair.valueName.lower() in LISTS_OF_COG and pair.value and not _departement(pair)
        ]

    @property
    def departements(self) -> list[str]:
        """The départements that are meant as a whole: nothing else says where in them."""
        if self.polygon or self.circle or self.communes:
            return []
        return [found for pair in self.geocode if (found := _departement(pair))]


def _departement(pair: Pair) -> str | None:
    return departement_of_code(pair.valueName, pair.value)


def place_of(areas: list[Area], dropped: list[str]) -> dict[str, Any]:
    """Return the place in our vocabulary; add codes of unknown lists to what was dropped."""
    codes = list(dict.fromkeys(code for area in areas for code in area.communes))
    whole = list(dict.fromkeys(code for area in areas for code in area.departements))
    circles = [_read_circle(text) for area in areas for text in area.circle]
    rings = [_read_polygon(text) for area in areas for text in area.polygon]
    place: dict[str, Any] = {"communes": codes} if len(codes) > 1 else {}
    if len(codes) == 1:
        place["insee"] = codes[0]
    if whole:
        place["departements"] = whole
    if any(len(a.geocode) > len(a.communes) + len(a.departements) for a in areas):
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


def _read_circle(text: str) -> tuple[float, float, int]:
    """Return latitude and longitude in degrees, and the radius in metres (CAP: kilometres)."""
    found = _CIRCLE.fullmatch(text.strip())
    if found is None:
        raise refuse("alert.info.area.circle", "attendu : latitude,longitude rayon en km")
    return float(found[1]), float(found[2]), round(float(found[3]) * 1000)


def _read_polygon(text: str) -> list[list[float]]:
    """Return the ring as [longitude, latitude] (CAP: latitude first)."""
    pairs = [_PAIR.fullmatch(pair) for pair in text.split()]
    ring = [[float(pair[2]), float(pair[1])] for pair in pairs if pair]
    if len(ring) < 4 or len(ring) < len(pairs) or ring[0] != ring[-1]:
        raise refuse(
            PATHS["location.polygon"],
            "attendu : quatre sommets latitude,longitude au moins, le dernier égal au premier",
        )
    return ring


def _ring_around(latitude: float, longitude: float, radius_m: int) -> list[list[float]]:
    """Return a circle as a ring, for use beside other areas."""
    north = max(radius_m, 1) / _METRES_OF_A_DEGREE
    east = north / max(math.cos(math.radians(latitude)), 0.01)
    angles = [2 * math.pi * corner / _CORNERS for corner in range(_CORNERS)]
    corners = [[longitude + east * math.cos(a), latitude + north * math.sin(a)] for a in angles]
    return closed(corners)
