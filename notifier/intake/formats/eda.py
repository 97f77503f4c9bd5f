"""Read RC-EDA: the case as a control room opened it, or as it stands now."""

from __future__ import annotations

import re
from typing import Any, Literal

from notifier.intake.formats.message import ReferenceOf
from notifier.intake.formats.reading import Many, Part, dropped_names, read_part
from notifier.intake.formats.tables import Tables
from notifier.intake.formats.xml import XmlRefusedError, read_xml
from notifier.intake.schema.area import closed
from notifier.intake.schema.report import Instant, Latitude, Longitude

NAME = "createCase"

# An address is a point; what nobody knows the precision of proves nothing alone.
_PRECISION = {
    "VILLE": "town",
    "RUE": "street",
    "ADRESSE": "exact",
    "EXACTE": "exact",
    "INCONNUE": "town",
}


class _Coded(Part):
    code: str


class _Risk(Part):
    code: str = ""


class _Victims(Part):
    count: str | None = None


class _Qualification(Part):
    whatsHappen: _Coded  # noqa: N815 # the documents' own names, here and below
    riskThreat: Many[_Risk] = []  # noqa: N815, RUF012 # pydantic copies defaults
    victims: _Victims | None = None


class _City(Part):
    name: str | None = None
    inseeCode: str | None = None  # noqa: N815


class _WayName(Part):
    complete: str | None = None


class _Address(Part):
    wayName: _WayName | None = None  # noqa: N815


class _Coord(Part):
    lat: Latitude | None = None
    lon: Longitude | None = None
    precision: Literal["VILLE", "RUE", "ADRESSE", "EXACTE", "INCONNUE"] = "INCONNUE"


class _Point(Part):
    coord: _Coord = _Coord()


class _Geometry(Part):
    point: _Point | None = None
    sketch: str | None = None


class _Location(Part):
    country: str = "FR"
    city: _City | None = None
    detailedAddress: _Address | None = None  # noqa: N815
    geometry: _Geometry | None = None


class _Alert(Part):
    reporting: str | None = None


class Case(Part):
    """The fields read from `createCase`; everything else is dropped."""

    caseId: str  # noqa: N815
    creation: Instant
    qualification: _Qualification
    location: _Location = _Location()
    initialAlert: _Alert | None = None  # noqa: N815
    newAlert: Many[_Alert] = []  # noqa: N815, RUF012


PATHS = {
    "reference": f"{NAME}.caseId",
    "category": f"{NAME}.qualification.whatsHappen.code",
    "occurred_at": f"{NAME}.creation",
    "location": f"{NAME}.location",
    "location.insee": f"{NAME}.location.city.inseeCode",
    "location.name": f"{NAME}.location.city.name",
    "location.label": f"{NAME}.location.detailedAddress.wayName.complete",
    "location.polygon": f"{NAME}.location.geometry.sketch",
}


def read_case(
    document: Any, tables: Tables, reference_of: ReferenceOf
) -> tuple[str, dict[str, Any], list[str]]:
    """Return the incident's reference, the content in our words, and what was dropped.

    Raises FormatRefusedError.
    """
    case = read_part(Case, document, NAME)
    dropped = dropped_names(Case, document, NAME)
    place = _read_place(case.location)
    geometry = case.location.geometry
    if geometry and geometry.sketch and "polygon" not in place:
        dropped.append(PATHS["location.polygon"])
    if geometry and geometry.point and _is_half(geometry.point.coord):
        dropped.append(f"{NAME}.location.geometry.point.coord")
    content = {
        "category": case.qualification.whatsHappen.code,
        "severity": _severity(case, tables),
        "occurred_at": case.creation.isoformat(),
        "location": place,
    }
    return reference_of(case.caseId), content, dropped


def _severity(case: Case, tables: Tables) -> str:
    table = tables.severity
    qualification = case.qualification
    alerts = [case.initialAlert, *case.newAlert] if case.initialAlert else case.newAlert
    victims = qualification.victims.count if qualification.victims else None
    return table.gravest(
        [
            *(table.risks.get(risk.code) for risk in qualification.riskThreat),
            *(table.reporting.get(alert.reporting or "") for alert in alerts),
            table.victims.get(victims or ""),
        ]
    )


def _read_place(location: _Location) -> dict[str, Any]:
    place: dict[str, Any] = {}
    if location.city:
        place |= {"insee": location.city.inseeCode, "name": location.city.name}
    if location.country.upper() not in _FRANCE:
        # Saint-Gingolph and Comines lie on both sides: a name that nobody here bears is held
        # against whatever else points here, and a person decides.
        place["name"] = f"{place.get('name') or '?'} (pays : {location.country[:3]})"
    if location.detailedAddress and location.detailedAddress.wayName:
        place["label"] = location.detailedAddress.wayName.complete
    geometry = location.geometry
    coord = geometry.point.coord if geometry and geometry.point else _Coord()
    if coord.lat is not None and coord.lon is not None:
        place |= {
            "latitude": coord.lat,
            "longitude": coord.lon,
            "precision": _PRECISION[coord.precision],
        }
    if geometry and geometry.sketch and (polygons := _read_polygons(geometry.sketch)):
        place["polygon"] = polygons
    return {name: value for name, value in place.items() if value not in (None, "")}


def _is_half(coord: _Coord) -> bool:
    return (coord.lat is None) != (coord.lon is None)


# Of ISO 3166-1, with what lies overseas.
_FRANCE = {
    *("FR", "FRA", "FRANCE", "BL", "BLM", "GF", "GUF", "GP", "GLP", "MF", "MAF", "MQ", "MTQ"),
    *("NC", "NCL", "PF", "PYF", "PM", "SPM", "RE", "REU", "TF", "ATF", "WF", "WLF", "YT", "MYT"),
}
_OTHER_SYSTEM = re.compile(r"srsName\s*=\s*[\"'](?![^\"']*4326)")


def _read_polygons(sketch: str) -> list[list[list[list[float]]]]:
    """Return the polygons of a GML sketch in EPSG:4326 (latitude first), or none."""
    if "Polygon" not in sketch or _OTHER_SYSTEM.search(sketch):
        return []
    try:
        root, _, tree = read_xml(sketch.encode())
        polygons = [
            [[float(number) for number in text.split()] for text in _texts("posList", polygon)]
            for polygon in _elements("Polygon", {root: tree})
        ]
    except (XmlRefusedError, ValueError):
        return []
    if any(len(ring) % 2 or len(ring) < 6 for rings in polygons for ring in rings):
        return []
    return [[_to_ring(ring) for ring in rings] for rings in polygons if rings]


def _to_ring(numbers: list[float]) -> list[list[float]]:
    pairs = zip(numbers[::2], numbers[1::2], strict=True)
    return closed([[longitude, latitude] for latitude, longitude in pairs])


def _elements(name: str, tree: Any) -> list[Any]:
    """Return the contents of all elements of that name, which do not nest, in order."""
    if isinstance(tree, list):
        return [found for item in tree for found in _elements(name, item)]
    if not isinstance(tree, dict):
        return []
    own = tree.get(name, [])
    rest = [found for key, v in tree.items() if key != name for found in _elements(name, v)]
    return [*(own if isinstance(own, list) else [own]), *rest]


def _texts(name: str, tree: Any) -> list[str]:
    return [found for found in _elements(name, tree) if isinstance(found, str)]
