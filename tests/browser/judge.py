"""What is asked of each page, whoever sees it: axe, both widths, the Tab key, no error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.visitor import NARROW, WIDE

_AXE = Axe()
_HEIGHT = 850
MAX_TABS = 600
_COLOURS = ("color-contrast", "link-in-text-block")
_FOCUS = Path(__file__).with_name("focus.js").read_text(encoding="utf-8")
_TOO_WIDE = """() => {
  const room = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= room) return [];
  return [...document.querySelectorAll('body *')]
    .filter(element => element.getBoundingClientRect().right > room + 1)
    .slice(0, 3).map(element => element.outerHTML.slice(0, 120));
}"""


def judge(page: Page, *, tabs: bool = True) -> list[str]:
    """Return what is wrong with the page that is open, in words for whoever mends it.

    The dark theme changes colours alone: it is asked for these, and on the desk, where all stand.
    """
    faults: list[str] = []
    for width in (NARROW, WIDE):
        page.set_viewport_size({"width": width, "height": _HEIGHT})
        page.emulate_media(color_scheme="light")
        faults += [f"{width} px: {fault}" for fault in axe(page)]
        faults += [
            f"{width} px: wider than the screen: {what}" for what in page.evaluate(_TOO_WIDE)
        ]
    page.emulate_media(color_scheme="dark")
    faults += [f"dark: {fault}" for fault in axe(page, _COLOURS)]
    page.emulate_media(color_scheme="light")
    if tabs:
        faults += tab_faults(page)
    return list(dict.fromkeys(faults))


def axe(page: Page, rules: tuple[str, ...] = ()) -> list[str]:
    """Return the violations that axe-core finds, of some rules or all, with the first element."""
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = {"type": "rule", "values": rules}
    response: dict[str, Any] = _AXE.run(page, options=options).response
    return [
        f"axe {found['id']}: {found['help']}: {found['nodes'][0]['html'][:160]}"
        f" ({len(found['nodes'])} of them; {found['nodes'][0]['failureSummary'][:160]!r})"
        for found in response["violations"]
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
