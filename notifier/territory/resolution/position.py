"""Read a point, a circle or an area by itself.

A point proves the commune that contains it only as far as borders allow: 99 in 100 borders of the
contours are within 128 m of IGN's (`data/LICENCE.md`) and positions are no better, so every commune
within reach stays possible, with its proximity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from notifier.territory.geometry import lookup
from notifier.territory.geometry.abroad import is_abroad
from notifier.territory.geometry.geometry import Polygons
from notifier.territory.geometry.lookup import Proximity, TooLargeError
from notifier.territory.reference import communes as reference
from notifier.territory.reference import overseas
from notifier.territory.resolution.evidence import MAX_LISTED, Evidence, format_communes

REACH_M = {"exact": 150, "street": 500, "town": 5_000}
"""Within how many metres of a point the incident may be, by the precision stated for it."""
# The mayor polices bathing up to 300 m from the shore (CGCT art. L2213-23).
_MIN_OFFSHORE_M = 300 + REACH_M["exact"]
# The territorial sea, twelve nautical miles (ordonnance n° 2016-1687, art. 5): up to there a code
# may name the commune before which a point lies. Its coast may be half as far again as the nearest.
_TERRITORIAL_SEA_M = 22_224
_COAST_FACTOR = 1.5
_TOWN = "town"


def read_point(
    latitude: float | None, longitude: float | None, radius_m: int, precision: str | None
) -> Evidence:
    """Read a position, by its precision (see `REACH_M`; None is exact) or its radius if wider."""
    given = " ; ".join("?" if x is None else _format_decimal(x, 5) for x in (latitude, longitude))
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
        proximities = _proximities(latitude, longitude, reach, radius_m)
    except TooLargeError:
        return _too_large("point", given)
    proximities = _snap_to_coast(proximities, reach)
    if not any(proximity.holds for proximity in proximities):
        return _read_off_land(given, latitude, longitude, proximities)
    codes = frozenset(proximity.code for proximity in proximities)
    if off := max(proximity.distance_m for proximity in proximities if proximity.holds):
        codes |= {proximity.code for proximity in _communes_facing(latitude, longitude, off)}
    says = _explain(proximities, "Le point", reach)
    if precision == _TOWN:
        says += " Il n’est précis qu’à la ville près : il ne prouve rien à lui seul."
    return Evidence(
        "point", given, codes, says, proves_alone=precision != _TOWN, proximities=tuple(proximities)
    )


def read_polygon(polygons: Polygons) -> Evidence:
    """Read an area: polygons of rings of [longitude, latitude] in degrees, outer ring first."""
    given = f"zone de {sum(len(ring) for rings in polygons for ring in rings)} sommets"
    try:
        _require_degrees(polygons)
        (latitude, longitude), under = lookup.communes_in_polygons(polygons)
    except TooLargeError:
        return _too_large("polygon", given)
    except (ValueError, TypeError, IndexError):
        says = (
            "La zone n’est pas un polygone lisible : ses côtés se croisent, elle n’entoure rien, "
            "ou elle est trop enchevêtrée."
        )
        return Evidence("polygon", given, frozenset(), says)
    reach = REACH_M["exact"]
    proximities = _snap_to_coast(
        _merge(under, lookup.communes_within(latitude, longitude, reach)), reach
    )
    if not proximities:
        return _read_off_land(given, latitude, longitude, [], "polygon")
    codes = frozenset(proximity.code for proximity in proximities)
    says = _explain(proximities, "Le centre de la zone", reach)
    return Evidence("polygon", given, codes, says, proximities=tuple(proximities))


def _require_degrees(polygons: Polygons) -> None:
    for position in (position for rings in polygons for ring in rings for position in ring):
        if not (-180 <= position[0] <= 180 and -90 <= position[1] <= 90):
            raise ValueError("not degrees")


def _proximities(latitude: float, longitude: float, reach: int, radius_m: int) -> list[Proximity]:
    near = lookup.communes_within(latitude, longitude, reach)
    return (
        _merge(lookup.communes_in_circle(latitude, longitude, radius_m), near) if radius_m else near
    )


def _merge(under: list[Proximity], near: list[Proximity]) -> list[Proximity]:
    """Return the communes in an area and those that its centre is close to, nearest first."""
    touched = {proximity.code for proximity in under}
    close = [Proximity(m.code, m.holds, m.distance_m, 0.0) for m in near if m.code not in touched]
    return sorted(
        [*under, *close],
        key=lambda proximity: (proximity.distance_m, not proximity.holds, proximity.code),
    )


def _snap_to_coast(proximities: list[Proximity], reach: int) -> list[Proximity]:
    """Let the nearest commune within reach contain a point that lies in none.

    The contours cut off capes and quays, which can belong to no other commune.
    """
    if (
        not proximities
        or proximities[0].distance_m > reach
        or any(proximity.holds for proximity in proximities)
    ):
        return proximities
    return [replace(proximities[0], holds=True), *proximities[1:]]


def _communes_facing(latitude: float, longitude: float, nearest_m: int) -> list[Proximity]:
    """Return the communes whose code agrees with a point off land, `nearest_m` from the nearest.

    At sea, those off whose coast it lies, up to the end of the territorial sea; beyond a frontier,
    those within 450 m.
    """
    reach = float(_MIN_OFFSHORE_M)
    if not is_abroad(latitude, longitude):
        reach = max(reach, min(_COAST_FACTOR * nearest_m, _TERRITORIAL_SEA_M))
    return lookup.communes_within(latitude, longitude, reach)


def _explain(proximities: Sequence[Proximity], what: str, reach: int) -> str:
    """Say in French which commune contains it, and which others are close or in the area."""
    holding = [proximity.code for proximity in proximities if proximity.holds]
    off = [proximity for proximity in proximities if proximity.holds and proximity.distance_m]
    if off:
        says = f"{what} est hors de toute commune, au bord : la plus proche est "
        says += f"{_format_distances(off)}."
    elif len(holding) > 1:
        says = f"{what} est sur la limite, ou sur une terre que les contours ne partagent pas, "
        says += f"entre {format_communes(holding)}."
    elif holding:
        says = f"{what} est à {format_communes(holding)}."
    else:
        says = f"{what} n’est dans aucune commune."
    others = [proximity for proximity in proximities if not proximity.holds]
    if touched := [proximity for proximity in others if proximity.share]:
        says += f" L’étendue touche aussi {_format_distances(touched)}."
    if close := [proximity for proximity in others if not proximity.share]:
        says += f" À moins de {_format_metres(reach)} : {_format_distances(close)}."
    return says


def _read_off_land(
    given: str, latitude: float, longitude: float, proximities: list[Proximity], kind: str = "point"
) -> Evidence:
    """Read a point outside every commune: at sea, abroad, swapped, or without known contours."""
    what = "Le point" if kind == "point" else "La zone"
    if departement := overseas.collectivity_at(latitude, longitude):
        says = f"{what} est dans les parages de la collectivité {departement}, dont les contours "
        says += "ne sont pas connus : il ne prouve que cela."
        return Evidence(kind, given, None, says, near=departement)
    says = f"{what} n’est dans aucune commune (mer ou étranger)."
    if swapped := _communes_if_swapped(latitude, longitude):
        says += " Latitude et longitude semblent échangées : dans l’autre ordre, elles désignent "
        return Evidence(
            kind, given, frozenset(), f"{says}{format_communes(swapped)}.", hints=swapped
        )
    nearest = lookup.nearest_commune(latitude, longitude)
    if nearest is None:
        return Evidence(kind, given, frozenset(), f"{says} Aucune n’est à moins de 500 km.")
    close = _merge(proximities, _communes_facing(latitude, longitude, nearest.distance_m))
    says += f" La plus proche est {_format_distances([nearest])}."
    return Evidence(
        kind,
        given,
        frozenset(proximity.code for proximity in close),
        says,
        proves_alone=False,
        hints=frozenset({nearest.code}),
        proximities=tuple(close) or (nearest,),
    )


def _communes_if_swapped(latitude: float, longitude: float) -> frozenset[str]:
    """Return the communes at the point with latitude and longitude exchanged."""
    if not -90 <= longitude <= 90:
        return frozenset()
    return frozenset(
        m.code for m in lookup.communes_within(longitude, latitude, REACH_M["exact"]) if m.holds
    )


def _too_large(kind: str, given: str) -> Evidence:
    says = (
        f"L’étendue touche plus de {lookup.MAX_PIECES} communes, ou ses bords sont trop découpés "
        "pour être mesurés : elle ne désigne personne."
    )
    return Evidence(kind, given, frozenset(), says)


def _format_distances(proximities: Sequence[Proximity]) -> str:
    """List communes with their distances for a French sentence, at most twelve."""
    text = ", ".join(
        f"{found.label} à {_format_metres(proximity.distance_m)}{_format_share(proximity)}"
        for proximity in proximities[:MAX_LISTED]
        if (found := reference.commune_by_code(proximity.code))
    )
    rest = len(proximities) - MAX_LISTED
    return f"{text} et {rest} de plus" if rest > 0 else text


def _format_share(proximity: Proximity) -> str:
    return f" ({proximity.share:.0%} de l’étendue)".replace("%", " %") if proximity.share else ""


def _format_metres(metres: int) -> str:
    if metres < 1_000:
        return f"{metres} m"
    kilometres = metres / 1_000
    return f"{_format_decimal(kilometres, 1)} km" if kilometres < 20 else f"{kilometres:.0f} km"


def _format_decimal(number: float, places: int) -> str:
    return f"{number:.{places}f}".replace(".", ",")
