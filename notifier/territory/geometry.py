"""Plane geometry on the file's grid: inside, distance, overlap. No file, no names, no rules.

Coordinates are units of a hundred-thousandth of a degree (1.1 m northwards), longitude first. A
ring is two lists, xs and ys, without the first vertex repeated. A surface is a list of rings whose
holes turn against their outer ring.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import cos, hypot, inf, pi, radians, sin, sqrt

UNITS = 100_000
"""Units in a degree."""

Ring = tuple[Sequence[float], Sequence[float]]
Surface = Sequence[Ring]
Corner = tuple[float, float]
Box = tuple[float, float, float, float]
"""Least x, greatest x, least y, greatest y."""

# WGS 84: semi-major axis in metres, first eccentricity squared.
_A = 6_378_137.0
_E2 = 0.00669437999014
_CORNERS_OF_A_CIRCLE = 48


def metres_per_unit(latitude: float) -> tuple[float, float]:
    """Metres that one unit measures eastwards and northwards at a latitude (degrees)."""
    phi = radians(latitude)
    w = 1 - _E2 * sin(phi) ** 2
    unit = radians(1 / UNITS)
    return _A * cos(phi) / sqrt(w) * unit, _A * (1 - _E2) / w**1.5 * unit


def holds(surface: Surface, x: float, y: float) -> bool:
    """Whether the surface holds a point (even-odd rule, so holes and crossed rings come right)."""
    inside = False
    for xs, ys in surface:
        x1, y1 = xs[-1], ys[-1]
        for x2, y2 in zip(xs, ys, strict=True):
            if (y1 > y) is not (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
                inside = not inside
            x1, y1 = x2, y2
    return inside


def distance(
    surface: Surface, x: float, y: float, scale: tuple[float, float], reach: float
) -> float:
    """Metres from a point to the nearest border; infinite beyond `reach` metres.

    `scale` is what `metres_per_unit` says for the point's latitude.
    """
    kx, ky = scale
    # What lies wholly above, below, left or right of these is out of reach.
    left, right, low, high = x - reach / kx, x + reach / kx, y - reach / ky, y + reach / ky
    best = reach * reach
    found = False
    for xs, ys in surface:
        x1, y1 = xs[-1], ys[-1]
        for x2, y2 in zip(xs, ys, strict=True):
            if not (
                (y1 < low and y2 < low)
                or (y1 > high and y2 > high)
                or (x1 < left and x2 < left)
                or (x1 > right and x2 > right)
            ):
                px, py = (x - x1) * kx, (y - y1) * ky
                ex, ey = (x2 - x1) * kx, (y2 - y1) * ky
                length = ex * ex + ey * ey
                along = (px * ex + py * ey) / length if length else 0.0
                along = min(1.0, max(0.0, along))
                px -= along * ex
                py -= along * ey
                away = px * px + py * py
                if away <= best:
                    best = away
                    found = True
            x1, y1 = x2, y2
    return sqrt(best) if found else inf


def box_distance(box: Box, x: float, y: float, scale: tuple[float, float]) -> float:
    """Metres from a point to a box, 0 inside."""
    dx = max(box[0] - x, 0.0, x - box[1]) * scale[0]
    dy = max(box[2] - y, 0.0, y - box[3]) * scale[1]
    return hypot(dx, dy)


def circle(x: float, y: float, radius: float, scale: tuple[float, float]) -> Surface:
    """A circle of `radius` metres as one ring of 48 corners."""
    turns = [2 * pi * k / _CORNERS_OF_A_CIRCLE for k in range(_CORNERS_OF_A_CIRCLE)]
    xs = [x + radius / scale[0] * cos(turn) for turn in turns]
    ys = [y + radius / scale[1] * sin(turn) for turn in turns]
    return [(xs, ys)]


def box_of(surface: Surface) -> Box:
    """The box around a surface."""
    xs = [x for ring in surface for x in ring[0]]
    ys = [y for ring in surface for y in ring[1]]
    return min(xs), max(xs), min(ys), max(ys)


def area(surface: Surface) -> float:
    """Square units; the sign tells which way the outer rings turn (positive: anticlockwise)."""
    return sum(_moments(ring)[0] for ring in surface)


def centre(surface: Surface) -> tuple[float, float]:
    """The centre of gravity of a surface whose area is not zero."""
    moments = [_moments(ring) for ring in surface]
    whole = sum(moment[0] for moment in moments)
    return sum(m[1] for m in moments) / whole, sum(m[2] for m in moments) / whole


def inner_point(surface: Surface) -> tuple[float, float]:
    """A point of a surface whose area is not zero: its centre of gravity where that lies in it.

    A crescent's and that of two distant parts do not: then it is the middle of the broadest stretch
    at half the height of the largest ring.
    """
    x, y = centre(surface)
    if holds(surface, x, y):
        return x, y
    _, _, low, high = box_of([max(surface, key=lambda ring: abs(area([ring])))])
    y = (low + high) / 2
    borders = sorted(
        (x2 - x1) * (y - y1) / (y2 - y1) + x1
        for (x1, y1), (x2, y2) in _sides(surface)
        if (y1 > y) is not (y2 > y)
    )
    left, right = max(zip(borders[::2], borders[1::2], strict=True), key=lambda s: s[1] - s[0])
    return (left + right) / 2, y


def is_tangled(surface: Surface) -> bool:
    """Whether sides cross, or a ring comes back to one of its corners: its inside is a guess."""
    for ring in surface:
        corners = [end for start, end in _sides([ring]) if start != end]
        if len(set(corners)) < len(corners):
            return True
    open_sides: list[tuple[Corner, Corner]] = []
    for side in sorted(sorted(side) for side in _sides(surface)):
        start, end = side
        open_sides = [other for other in open_sides if other[1][0] >= start[0]]
        if any(_cross(start, end, *other) for other in open_sides):
            return True
        open_sides.append((start, end))
    return False


def turned(rings: Surface) -> Surface:
    """The same rings with outer ones anticlockwise and holes clockwise, by how they lie in others.

    A ring inside an even number of the others is land, inside an odd number a hole.
    """
    surface = []
    for ring in rings:
        others = [other for other in rings if other is not ring]
        depth = sum(holds([other], ring[0][0], ring[1][0]) for other in others)
        anticlockwise = _moments(ring)[0] > 0
        if anticlockwise is not (depth % 2 == 0):
            ring = ring[0][::-1], ring[1][::-1]
        surface.append(ring)
    return surface


def overlap(surface: Surface, other: Surface) -> float:
    """Square units that two surfaces share.

    The other one is cut to the surface's box, then taken apart into triangles from its first
    corner, added or taken away as they turn: so neither needs to be convex.
    """
    corners = _corners(box_of(surface))
    near = cut_to(box_of(surface), other)
    if abs(area(near)) >= abs(area([corners])) * (1 - 1e-12):
        return abs(area(surface))
    shared = 0.0
    for xs, ys in near:
        for (x1, y1), (x2, y2) in pairwise(zip(xs[1:], ys[1:], strict=True)):
            triangle: Ring = ([xs[0], x1, x2], [ys[0], y1, y2])
            turning = _moments(triangle)[0]
            if turning < 0:
                triangle = triangle[0][::-1], triangle[1][::-1]
            if turning:
                piece = area([_cut(ring, triangle) for ring in surface])
                shared += piece if turning > 0 else -piece
    return abs(shared)


def cut_to(box: Box, surface: Surface) -> Surface:
    """The part of a surface within a box."""
    return [r for r in (_cut(ring, _corners(box)) for ring in surface) if len(r[0]) > 2]


def _corners(box: Box) -> Ring:
    return [box[0], box[1], box[1], box[0]], [box[2], box[2], box[3], box[3]]


def _sides(surface: Surface) -> Iterator[tuple[Corner, Corner]]:
    for xs, ys in surface:
        before = xs[-1], ys[-1]
        for corner in zip(xs, ys, strict=True):
            yield before, corner
            before = corner


def _cross(a: Corner, b: Corner, c: Corner, d: Corner) -> bool:
    """Whether two sides cross away from their ends."""
    if max(a[1], b[1]) < min(c[1], d[1]) or max(c[1], d[1]) < min(a[1], b[1]):
        return False
    return _left(a, b, c) * _left(a, b, d) < 0 and _left(c, d, a) * _left(c, d, b) < 0


def _left(a: Corner, b: Corner, point: Corner) -> float:
    return (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])


def _moments(ring: Ring) -> tuple[float, float, float]:
    """Area and its moments about the axes, positive for an anticlockwise ring."""
    xs, ys = ring
    if not xs:
        return 0.0, 0.0, 0.0
    # From the first corner: far from the origin, the differences would drown in rounding.
    ox, oy = xs[0], ys[0]
    doubled = mx = my = 0.0
    x1, y1 = xs[-1] - ox, ys[-1] - oy
    for x, y in zip(xs, ys, strict=True):
        x2, y2 = x - ox, y - oy
        cross = x1 * y2 - x2 * y1
        doubled += cross
        mx += (x1 + x2) * cross
        my += (y1 + y2) * cross
        x1, y1 = x2, y2
    half = doubled / 2
    return half, mx / 6 + ox * half, my / 6 + oy * half


def _cut(ring: Ring, convex: Ring) -> Ring:
    """The part of a ring inside a convex anticlockwise ring (Sutherland and Hodgman, 1974)."""
    xs, ys = list(ring[0]), list(ring[1])
    cx, cy = convex
    ax, ay = cx[-1], cy[-1]
    for bx, by in zip(cx, cy, strict=True):
        if not xs:
            break
        ex, ey = bx - ax, by - ay
        left = [ex * (y - ay) - ey * (x - ax) for x, y in zip(xs, ys, strict=True)]
        if min(left) < 0:
            xs, ys = _left_part(xs, ys, left)
        ax, ay = bx, by
    return xs, ys


def _left_part(
    xs: list[float], ys: list[float], left: list[float]
) -> tuple[list[float], list[float]]:
    """What of a ring lies left of a line; `left` says how far each vertex does."""
    kept_x: list[float] = []
    kept_y: list[float] = []
    x1, y1, l1 = xs[-1], ys[-1], left[-1]
    for x2, y2, l2 in zip(xs, ys, left, strict=True):
        if (l1 >= 0) is not (l2 >= 0):
            t = l1 / (l1 - l2)
            kept_x.append(x1 + t * (x2 - x1))
            kept_y.append(y1 + t * (y2 - y1))
        if l2 >= 0:
            kept_x.append(x2)
            kept_y.append(y2)
        x1, y1, l1 = x2, y2, l2
    return kept_x, kept_y
