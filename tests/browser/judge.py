"""What is asked of each page, whoever sees it: axe, both widths, the Tab key, no error."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.visitor import NARROW, WIDE

THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
# A third of a second to read, so once for the four states of a page.
_AXE = Axe().axe_script
# Of what passes axe would send every node as well.
_VIOLATIONS = """() => axe.run(document, {resultTypes: ["violations"]})
  .then(results => results.violations)"""
_HEIGHT = 850
MAX_TABS = 600
_FOCUS = Path(__file__).with_name("focus.js").read_text(encoding="utf-8")
_TOO_WIDE = """() => {
  const room = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= room) return [];
  return [...document.querySelectorAll('body *')]
    .filter(element => element.getBoundingClientRect().right > room + 1)
    .slice(0, 3).map(element => element.outerHTML.slice(0, 120));
}"""


def judge(page: Page, *, tabs: bool = True) -> list[str]:
    """Return what is wrong with the page that is open, in words for whoever mends it."""
    faults: list[str] = []
    page.evaluate(_AXE)
    for width in (NARROW, WIDE):
        page.set_viewport_size({"width": width, "height": _HEIGHT})
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            faults += [f"{width} px, {theme}: {fault}" for fault in _axe(page)]
        faults += [
            f"{width} px: wider than the screen: {what}" for what in page.evaluate(_TOO_WIDE)
        ]
    page.emulate_media(color_scheme="light")
    if tabs:
        faults += tab_faults(page)
    return list(dict.fromkeys(faults))


def _axe(page: Page) -> list[str]:
    """Return the violations that axe-core finds on the page as it is, with the first element."""
    return [
        f"axe {found['id']}: {found['help']}: {found['nodes'][0]['html'][:160]}"
        f" ({len(found['nodes'])} of them; {found['nodes'][0]['failureSummary'][:160]!r})"
        for found in page.evaluate(_VIOLATIONS)
    ]


def tab_faults(page: Page) -> list[str]:
    """Walk the page with the Tab key; return what it misses, hides or does not show."""
    page.evaluate(_FOCUS)
    left = count = page.evaluate("tabWalk.mark()")
    faults: list[str] = []
    tabs = 0
    while left and tabs < MAX_TABS:
        page.keyboard.press("Tab")
        tabs += 1
        step = page.evaluate("tabWalk.step()")
        faults += step["faults"]
        left = step["left"]
    # A date has four parts; a map whose every shape is a stop keeps people from what follows it.
    if tabs > 2 * count + 20:
        faults.append(f"{tabs} presses of Tab for {count} things that react")
    return faults + list(page.evaluate("tabWalk.missed()"))
