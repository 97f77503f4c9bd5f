"""Read EMSI: the event as operations centres exchange it (ISO 22351)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from notifier.intake.formats.message import Effect, ReferenceOf
from notifier.intake.formats.reading import Many, Part, dropped_names, read_part, refuse
from notifier.intake.formats.tables import Tables
from notifier.intake.schema.area import closed
from notifier.intake.schema.report import Instant, Latitude, Longitude
from notifier.intake.schema.vocabulary import Severity

NAME = "emsi"


class _Context(Part):
    ID: str
    MODE: Literal["ACTUAL", "EXERCS", "SYSTEM", "TEST"]
    MSGTYPE: Literal["ACK", "ALERT", "CANCEL", "ERROR", "UPDATE"]
    CREATION: Instant | None = None


class _Type(Part):
    CATEGORY: Many[str]


class _Casualties(Part):
    TRIAGERED: int = 0
    TRIAGEYELLOW: int = 0
    TRIAGEBLACK: int = 0
    MISSING: int = 0


class _Coord(Part):
    LAT: Latitude | None = None
    LONG: Longitude | None = None

    @property
    def lon_lat(self) -> list[float]:
        """Return longitude and latitude in degrees; empty unless both are given."""
        return [] if self.LAT is None or self.LONG is None else [self.LONG, self.LAT]


class _Position(Part):
    TYPE: str | None = None
    COORDSYS: str | None = None
    COORD: Many[_Coord] = []  # noqa: RUF012 # pydantic copies defaults


class _Geo(Part):
    TYPE: str | None = None
    POSITION: _Position | None = None


class _Event(Part):
    ID: str
    MAIN_EVENT_ID: str | None = None
    ETYPE: _Type
    SCALE: str | None = None
    DECL_DATIME: Instant | None = None
    OCC_DATIME: Instant | None = None
    STATUS: Literal["COM", "IPR", "NST", "STOP"] | None = None
    CASUALTIES: Many[_Casualties] = []  # noqa: RUF012
    EGEO: Many[_Geo] = []  # noqa: RUF012


class Emsi(Part):
    """The fields read from `emsi`; missions, resources, free text and names are dropped."""

    CONTEXT: _Context
    EVENT: _Event


# What names the place of the event itself, before zones, posts and routes about it; best first.
_OWN_PLACE = ("GEN/EVENT", "GEN/INCGRD", "GEN/LOCAT", None)
# Where people land, meet, command, rest: mostly beside it, and often in the commune next door.
_BESIDE = re.compile(
    r"AIR(/.*)?|GEN/(ASY|CKP|CNTPTL|COM|CRDPNT|DIVRT|DROPPT|ENTPT|EXITPT|FWCTPT|LA$|MSR|PSSGPT"
    r"|RNDZPT|SAFERT|SAFZ|STRTPT|SUP|TRSTRT).*"
)
_TYPE = re.compile(r"[A-Z]{2,5}(/[A-Z]{1,6})?")

PATHS = {
    "reference": f"{NAME}.EVENT.MAIN_EVENT_ID",
    "category": f"{NAME}.EVENT.ETYPE.CATEGORY",
    "occurred_at": f"{NAME}.EVENT.OCC_DATIME",
    "location": f"{NAME}.EVENT.EGEO",
}


@dataclass(frozen=True)
class EmsiContent:
    """An EMSI message in our vocabulary."""

    reference: str
    own_id: str
    effect: Effect
    is_update: bool
    exercise: bool
    content: dict[str, Any]
    """Without a location where none is given."""
    dropped: list[str]


def read_emsi(document: Any, tables: Tables, reference_of: ReferenceOf) -> EmsiContent:
    """Read the event. Raises FormatRefusedError."""
    emsi = read_part(Emsi, document, NAME)
    if emsi.CONTEXT.MODE == "SYSTEM":
        raise refuse(f"{NAME}.CONTEXT.MODE", "message de service : il n’alerte personne")
    event = emsi.EVENT
    category = tables.categories.of_emsi(event.ETYPE.CATEGORY)
    if category is None:
        raise refuse(PATHS["category"], "catégorie sans équivalent dans foreign_categories.toml")
    happened = event.OCC_DATIME or event.DECL_DATIME or emsi.CONTEXT.CREATION
    if happened is None:
        raise refuse(PATHS["occurred_at"], "champ obligatoire")
    dropped = dropped_names(Emsi, document, NAME)
    if len(event.ETYPE.CATEGORY) > 1:
        dropped.append(PATHS["category"])
    content = {
        "category": category,
        "severity": _severity(event, tables),
        "occurred_at": happened.isoformat(),
        "location": _place(event, dropped),
    }
    return EmsiContent(
        reference=reference_of(event.MAIN_EVENT_ID or event.ID),
        own_id=emsi.CONTEXT.ID,
        effect=_effect(emsi),
        is_update=emsi.CONTEXT.MSGTYPE == "UPDATE",
        exercise=emsi.CONTEXT.MODE != "ACTUAL",
        content=content,
        dropped=dropped,
    )


def _effect(emsi: Emsi) -> Effect:
    if emsi.CONTEXT.MSGTYPE in ("ACK", "ERROR"):
        raise refuse(f"{NAME}.CONTEXT.MSGTYPE", "accusé ou erreur : il n’alerte personne")
    if emsi.CONTEXT.MSGTYPE == "CANCEL":
        return Effect.CANCELS
    # STOP is a pause: it is under control, and goes on.
    return {"COM": Effect.CLOSES, "NST": Effect.NOT_BEGUN}.get(
        emsi.EVENT.STATUS or "", Effect.OPENS
    )


def _severity(event: _Event, tables: Tables) -> str:
    table = tables.severity
    found: list[Severity | None] = [table.emsi_scale.get(event.SCALE or "")]
    for casualties in event.CASUALTIES:
        counts = casualties.model_dump()
        found += [s for name, s in table.emsi_casualties.items() if counts.get(name, 0) > 0]
    return table.gravest(found)


def _place(event: _Event, dropped: list[str]) -> dict[str, Any]:
    """Return the event's own position: its point, or the area that it bounds; empty if none.

    Adds the kinds of the other positions to what was dropped.
    """
    given = [geo for geo in event.EGEO if geo.POSITION and geo.POSITION.COORD]
    # Without one of its corners an area is another.
    geos = [geo for geo in given if geo.POSITION and all(c.lon_lat for c in geo.POSITION.COORD)]
    if len(geos) < len(given):
        dropped.append(f"{PATHS['location']}.POSITION.COORD")
    position = _own_position(geos)
    others = [geo.TYPE for geo in geos if position is None or position != geo.POSITION]
    for kind in dict.fromkeys(others):
        known = kind if kind and _TYPE.fullmatch(kind) else "?"
        dropped.append(f"{PATHS['location']} ({known})")
    return _point_or_area(position) if position else {}


def _own_position(geos: list[_Geo]) -> _Position | None:
    """Return the only position, however often given, or the only one of the best kind.

    None where only places beside it are given.
    """
    if all(_BESIDE.fullmatch(geo.TYPE or "") for geo in geos):
        return None
    of_kind = ([geo.POSITION for geo in geos if kind == geo.TYPE] for kind in _OWN_PLACE)
    for found in ([geo.POSITION for geo in geos], *of_kind):
        if found and all(position == found[0] for position in found):
            return found[0]
    return None


def _point_or_area(position: _Position) -> dict[str, Any]:
    if (position.COORDSYS or "EPSG-4326") != "EPSG-4326":
        raise refuse(f"{PATHS['location']}.POSITION.COORDSYS", "EPSG-4326 est attendu")
    coords = position.COORD
    if len(coords) > 1:
        if len(coords) < 3 or position.TYPE not in ("POLYGON", "AREA"):
            raise refuse(f"{PATHS['location']}.POSITION", "un point ou un polygone est attendu")
        return {"polygon": [closed([coord.lon_lat for coord in coords])]}
    longitude, latitude = coords[0].lon_lat
    return {"latitude": latitude, "longitude": longitude}
