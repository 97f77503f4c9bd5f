"""Every page of the console, found by its links and by the registry of addresses."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from django.urls import (
    Resolver404,
    ResolverMatch,
    URLPattern,
    URLResolver,
    get_resolver,
    resolve,
)
from django.urls.resolvers import RoutePattern
from playwright.sync_api import Error, Page

# Of an address, one page without and one with a filter; of those whose rows differ, some rows.
MAX_ALIKE = 2
_ROWS_DIFFER = {
    "console:incident": 3,
    "console:import-job": 3,
    **dict.fromkeys(("console:review", "console:organisation", "console:change"), 2),
    **dict.fromkeys(("console:convention", "console:source"), 2),
}
# Doors for machines, and the platform's own administration, which is reached from nowhere.
_NOT_PAGES = ("api/", "admin/", "healthz", "readyz", "metrics", "static/")
_LINKS = """() => [...document.querySelectorAll('a[href]')]
  .filter(link => !link.hasAttribute('download')).map(link => link.href)"""
_BUTTONS = "() => [...document.querySelectorAll('form[method=post]')].map(form => form.action)"


@dataclass
class Walk:
    """What a visitor may reach from one address: a path for each kind of page."""

    base: str
    paths: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    values: dict[str, str] = field(default_factory=dict)
    """The last value seen of each part of an address."""
    _alike: Counter[str] = field(default_factory=Counter)
    _kinds: set[tuple[str, ...]] = field(default_factory=set)
    _next: deque[str] = field(default_factory=deque)
    _seen: set[str] = field(default_factory=set)

    def pages(self, page: Page, *starts: str) -> Iterator[str]:
        """Open page after page, and yield the path of each while it is open."""
        for start in starts:
            self._note(start)
        while self._next:
            path = self._next.popleft()
            try:
                answer = page.goto(self.base + path)
            except Error as error:
                # A file, not a page.
                if "Download is starting" not in error.message:
                    raise
                continue
            if answer is None or not (answer.headers.get("content-type") or "").startswith(
                "text/html"
            ):
                continue
            arrived = page.url.removeprefix(self.base).partition("#")[0]
            if arrived in self.paths:
                continue
            self.paths.append(arrived)
            self._seen.add(arrived)
            yield arrived
            for link in page.evaluate(_LINKS):
                if link.startswith(self.base):
                    there = urlsplit(link)
                    self._note(there.path + (f"?{there.query}" if there.query else ""))
            for button in page.evaluate(_BUTTONS):
                if found := found_at(button.removeprefix(self.base)):
                    self.values |= _values(found)

    def _note(self, path: str) -> None:
        address = urlsplit(path)
        if path in self._seen or address.path.lstrip("/").startswith(_NOT_PAGES):
            return
        self._seen.add(path)
        found = found_at(path)
        if found is None:
            # It is opened all the same: the watch then tells of a broken link.
            self._next.append(path)
            return
        self.names.add(found.view_name)
        self.values |= _values(found)
        kind = (found.view_name, *sorted(parse_qs(address.query)))
        is_other = kind not in self._kinds or found.view_name in _ROWS_DIFFER
        most = _ROWS_DIFFER.get(found.view_name, MAX_ALIKE)
        if is_other and self._alike[found.view_name] < most:
            self._kinds.add(kind)
            self._alike[found.view_name] += 1
            self._next.append(path)


@dataclass(frozen=True)
class Named:
    """An address of the registry that may be a page."""

    name: str
    parts: tuple[str, ...]


def found_at(path: str) -> ResolverMatch | None:
    """Return what answers at this path, query and all; None if nothing does."""
    try:
        return resolve(urlsplit(path).path)
    except Resolver404:
        return None


def _values(found: ResolverMatch) -> dict[str, str]:
    return {name: str(value) for name, value in found.kwargs.items()}


def registry() -> list[Named]:
    """Return every named address for people."""
    return list(_named(get_resolver(), "", ""))


def _named(resolver: URLResolver, prefix: str, namespace: str) -> Iterator[Named]:
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern).removeprefix("^")
        if route.startswith(_NOT_PAGES):
            continue
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _named(pattern, route, inner)
        elif pattern.name:
            yield Named(namespace + pattern.name, _parts(pattern))


def _parts(pattern: URLPattern) -> tuple[str, ...]:
    known = pattern.pattern
    if isinstance(known, RoutePattern):
        return tuple(known.converters)
    return tuple(known.regex.groupindex)
