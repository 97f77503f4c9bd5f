"""What a point, a circle or an area says when read by itself.

A point proves the commune that holds it only as far as borders allow: 99 in 100 borders of the
contours are within 128 m of IGN's (`data/LICENCE.md`) and positions are no better, so every commune
within reach remains possible, and is marked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from notifier.territory.geometry import lookup as ground
from notifier.territory.geometry.abroad import is_abroad
from notifier.territory.geometry.geometry import Polygons
from notifier.territory.geometry.lookup import Proximity, TooWideError
from notifier.territory.reference import communes as reference
from notifier.territory.reference import overseas
from notifier.territory.resolution.evidence import LISTED, Evidence, listing

REACH_M = {"exact": 150, "street": 500, "town": 5_000}
"""Within how many metres of a point the incident may be, by the precision stated for it."""
# The mayor polices bathing up to 300 m from the shore (CGCT art. L2213-23).
_OFF_SHORE_M = 300 + REACH_M["exact"]
# The territorial sea, twelve nautical miles (ordonnance n° 2016-1687, art. 5): up to there a code
# may name the commune before which a point lies. Its coast may be half as far again as the nearest.
_TERRITORIAL_SEA_M = 22_224
_BEFORE_IT = 1.5
_TOWN = "town"


def read_point(
    latitude: float | None, longitude: float | None, radius_m: int, precision: str | None
) -> Evidence:
    """A position, by its precision (see `REACH_M`; unstated means exact) or its radius if wider."""
    given = " ; ".join("?" if x is None else _decimal(x, 5) for x in (latitude, longitude))
    if latitude is None or longitude is None:
        return Evidence("point", given, None, "Une coordonnée manque : le point ne prouve rien.")
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return Evidence("point", given, frozenset(), "Ce ne sont pas des coordonnées en degrés.")
    if not latitude and not longitude:
        says = (
            "0 ; 0 est ce qu’un logiciel envoie quand il n’a pas de position : il ne prouve rien."
        )
        return Evidence("point", given, None, says)
    reach = REACH_M.get(precision or "exact", REACH_M["exact"])
    try:
        marks = _marks(latitude, longitude, reach, radius_m)
    except TooWideError:
        return _too_wide("point", given)
    marks = _ashore(marks, reach)
    if not any(mark.holds for mark in marks):
        return _off_land(given, latitude, longitude, marks)
    codes = frozenset(mark.code for mark in marks)
    if off := max(mark.distance_m for mark in marks if mark.holds):
        codes |= {mark.code for mark in _before(latitude, longitude, off)}
    says = _where(marks, "Le point", reach)
    if precision == _TOWN:
        says += " Il n’est précis qu’à la ville près : il ne prouve rien à lui seul."
    return Evidence(
        "point", given, codes, says, proves_alone=precision != _TOWN, marks=tuple(marks)
    )


def read_polygon(polygons: Polygons) -> Evidence:
    """An area: polygons of rings of [longitude, latitude] in degrees, an outer one, then holes."""
    given = f"zone de {sum(len(ring) for rings in polygons for ring in rings)} sommets"
    try:
        _refuse_no_degrees(polygons)
        (latitude, longitude), under = ground.under_polygons(polygons)
    except TooWideError:
        return _too_wide("polygon", given)
    except (ValueError, TypeError, IndexError):
        says = (
            "La zone n’est pas un polygone lisible : ses côtés se croisent, elle n’entoure rien, "
            "ou elle est trop enchevêtrée."
        )
        return Evidence("polygon", given, frozenset(), says)
    reach = REACH_M["exact"]
    marks = _ashore(_merged(under, ground.near(latitude, longitude, reach)), reach)
    if not marks:
        return _off_land(given, latitude, longitude, [], "polygon")
    codes = frozenset(mark.code for mark in marks)
    says = _where(marks, "Le centre de la zone", reach)
    return Evidence("polygon", given, codes, says, marks=tuple(marks))


def _refuse_no_degrees(polygons: Polygons) -> None:
    for position in (position for rings in polygons for ring in rings for position in ring):
        if not (-180 <= position[0] <= 180 and -90 <= position[1] <= 90):
            raise ValueError("no degrees")


def _marks(latitude: float, longitude: float, reach: int, radius_m: int) -> list[Proximity]:
    near = ground.near(latitude, longitude, reach)
    return _merged(ground.under_circle(latitude, longitude, radius_m), near) if radius_m else near


def _merged(under: list[Proximity], near: list[Proximity]) -> list[Proximity]:
    """The communes under an area and those that its centre is close to, nearest first."""
    touched = {mark.code for mark in under}
    close = [Proximity(m.code, m.holds, m.distance_m, 0.0) for m in near if m.code not in touched]
    return sorted([*under, *close], key=lambda mark: (mark.distance_m, not mark.holds, mark.code))


def _ashore(marks: list[Proximity], reach: int) -> list[Proximity]:
    """Off every commune, the nearest within reach holds the point.

    The contours cut capes and quays off, and there is nobody else whose it could be.
    """
    if not marks or marks[0].distance_m > reach or any(mark.holds for mark in marks):
        return marks
    return [replace(marks[0], holds=True), *marks[1:]]


def _before(latitude: float, longitude: float, nearest_m: int) -> list[Proximity]:
    """The communes whose own code agrees with a point off the land, `nearest_m` from the nearest.

    At sea those before whose coast it lies, up to the end of the territorial sea; beyond a frontier
    those within 450 m.
    """
    reach = float(_OFF_SHORE_M)
    if not is_abroad(latitude, longitude):
        reach = max(reach, min(_BEFORE_IT * nearest_m, _TERRITORIAL_SEA_M))
    return ground.near(latitude, longitude, reach)


def _where(marks: Sequence[Proximity], what: str, reach: int) -> str:
    """Which commune holds it, and which others lie close or under the area."""
    holding = [mark.code for mark in marks if mark.holds]
    off = [mark for mark in marks if mark.holds and mark.distance_m]
    if off:
        says = f"{what} est hors de toute commune, au bord : la plus proche est {_distances(off)}."
    elif len(holding) > 1:
        says = f"{what} est sur la limite, ou sur une terre que les contours ne partagent pas, "
        says += f"entre {listing(holding)}."
    elif holding:
        says = f"{what} est à {listing(holding)}."
    else:
        says = f"{what} n’est dans aucune commune."
    others = [mark for mark in marks if not mark.holds]
    if touched := [mark for mark in others if mark.share]:
        says += f" L’étendue touche aussi {_distances(touched)}."
    if close := [mark for mark in others if not mark.share]:
        says += f" À moins de {_metres(reach)} : {_distances(close)}."
    return says


def _off_land(
    given: str, latitude: float, longitude: float, marks: list[Proximity], kind: str = "point"
) -> Evidence:
    """A point outside of every commune: at sea, abroad, swapped, or where no contours are known."""
    what = "Le point" if kind == "point" else "La zone"
    if departement := overseas.collectivity_at(latitude, longitude):
        says = f"{what} est dans les parages de la collectivité {departement}, dont les contours "
        says += "ne sont pas connus : il ne prouve que cela."
        return Evidence(kind, given, None, says, near=departement)
    says = f"{what} n’est dans aucune commune (mer ou étranger)."
    if swapped := _swapped(latitude, longitude):
        says += " Latitude et longitude semblent échangées : dans l’autre ordre, elles désignent "
        return Evidence(kind, given, frozenset(), f"{says}{listing(swapped)}.", hints=swapped)
    nearest = ground.nearest(latitude, longitude)
    if nearest is None:
        return Evidence(kind, given, frozenset(), f"{says} Aucune n’est à moins de 500 km.")
    close = _merged(marks, _before(latitude, longitude, nearest.distance_m))
    says += f" La plus proche est {_distances([nearest])}."
    return Evidence(
        kind,
        given,
        frozenset(mark.code for mark in close),
        says,
        proves_alone=False,
        hints=frozenset({nearest.code}),
        marks=tuple(close) or (nearest,),
    )


def _swapped(latitude: float, longitude: float) -> frozenset[str]:
    """The communes at the point if its two coordinates changed places."""
    if not -90 <= longitude <= 90:
        return frozenset()
    return frozenset(m.code for m in ground.near(longitude, latitude, REACH_M["exact"]) if m.holds)


def _too_wide(kind: str, given: str) -> Evidence:
    says = (
        f"L’étendue touche plus de {ground.WIDEST} communes, ou ses bords sont trop découpés pour "
        "être mesurés : elle ne désigne personne."
    )
    return Evidence(kind, given, frozenset(), says)


def _distances(marks: Sequence[Proximity]) -> str:
    """Communes with their distances, for a French sentence, bounded."""
    text = ", ".join(
        f"{found.label} à {_metres(mark.distance_m)}{_share(mark)}"
        for mark in marks[:LISTED]
        if (found := reference.commune_by_code(mark.code))
    )
    rest = len(marks) - LISTED
    return f"{text} et {rest} de plus" if rest > 0 else text


def _share(mark: Proximity) -> str:
    return f" ({mark.share:.0%} de l’étendue)".replace("%", " %") if mark.share else ""


def _metres(metres: int) -> str:
    if metres < 1_000:
        return f"{metres} m"
    kilometres = metres / 1_000
    return f"{_decimal(kilometres, 1)} km" if kilometres < 20 else f"{kilometres:.0f} km"


def _decimal(number: float, places: int) -> str:
    return f"{number:.{places}f}".replace(".", ",")
