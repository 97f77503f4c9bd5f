"""Borders as directed edges: dissolving polygons into one, chaining edges into rings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from notifier.territory.polygon_sources import Polygon, Ring

Edge = tuple[tuple[int, int], tuple[int, int]]


def dissolved(polygons: Iterable[Polygon]) -> list[Polygon]:
    """The polygons as one surface: borders that run both ways between them vanish."""
    edges: dict[Edge, int] = defaultdict(int)
    for xs, ys in (ring for polygon in polygons for ring in polygon):
        before = (xs[-1], ys[-1])
        for vertex in zip(xs, ys, strict=True):
            if edges.get((vertex, before)):
                edges[vertex, before] -= 1
            else:
                edges[before, vertex] += 1
            before = vertex
    return [chained(edge for edge, count in edges.items() for _ in range(count))]


def chained(edges: Iterable[Edge]) -> list[Ring]:
    """Closed rings out of directed edges that leave each vertex as often as they reach it."""
    leaving: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for start, end in edges:
        leaving[start].append(end)
    rings = []
    for first in sorted(leaving):
        while leaving[first]:
            at, vertices = leaving[first].pop(), [first]
            while at != first and leaving[at]:
                vertices.append(at)
                at = leaving[at].pop()
            if len(vertices) > 2:
                rings.append(([x for x, _ in vertices], [y for _, y in vertices]))
    return rings
