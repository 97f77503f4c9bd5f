"""The theme's colours can be told apart, in both themes, and its pages hold to one set of rules."""

import re
from itertools import product
from pathlib import Path

import pytest

import notifier.console
from notifier.settings import packaged

STATIC = Path(notifier.console.__file__).parent / "static" / "console"
THEME = (STATIC / "theme.css").read_text(encoding="utf-8")
TEMPLATES = packaged("templates") / "console"
COLOURS = {
    name: {"light": light, "dark": dark}
    for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);", THEME)
}
GROUNDS = ("ground", "surface", "raised")
# What is written on what. WCAG 2.2 asks 4.5 of text, 3 of what must be seen to be used.
TEXTS = [
    *product(("ink", "muted", "accent", "accent-strong"), GROUNDS),
    *((kind, f"{kind}-surface") for kind in ("ok", "wait", "danger", "info", "off")),
    *(("ink", f"{kind}-surface") for kind in ("ok", "wait", "danger", "info", "accent")),
    *product(("ok", "danger"), ("ground", "surface")),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("surface", "danger"),
    ("accent-strong", "accent-surface"),
]
SHAPES = [
    *product(
        ("control", "focus", "series-1", "series-2", "series-3", "series-4"), ("ground", "surface")
    ),
]


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the ratio of WCAG 2."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_black_on_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read(theme: str) -> None:
    poor = {
        f"{ink} on {ground}": round(contrast(COLOURS[ink][theme], COLOURS[ground][theme]), 2)
        for ink, ground in TEXTS
    }
    assert not {pair: ratio for pair, ratio in poor.items() if ratio < 4.5}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_is_used_can_be_seen(theme: str) -> None:
    poor = {
        f"{shape} on {ground}": round(contrast(COLOURS[shape][theme], COLOURS[ground][theme]), 2)
        for shape, ground in SHAPES
    }
    assert not {pair: ratio for pair, ratio in poor.items() if ratio < 3}


PAGES = sorted(
    p for p in TEMPLATES.rglob("*.html") if "admin" not in p.relative_to(TEMPLATES).parts
)


def test_no_page_sets_styles_or_scripts_of_its_own() -> None:
    """The policy of the pages refuses them: they would do nothing, or worse, half of it."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        name = page.relative_to(TEMPLATES)
        own = re.sub(r"\{%.*?%\}", " ", text)
        assert not re.search(r"\sstyle=|<style|\son\w+=|javascript:|hx-on|morph:\{", own), name
        for attributes in re.findall(r"<script([^>]*)>", text):
            assert "src=" in attributes or "application/json" in attributes, name


def test_pages_use_classes_of_the_theme() -> None:
    styles = THEME + (STATIC / "map.css").read_text(encoding="utf-8")
    known = set(re.findall(r"\.([a-z][\w-]*)", styles))
    for page in PAGES:
        text = re.sub(r"\{[%{#].*?[%}#]\}", " ", page.read_text(encoding="utf-8"))
        for value in re.findall(r'\sclass="([^"]*)"', text):
            for one in value.split():
                assert one in known or one.endswith("-"), f"{page.relative_to(TEMPLATES)}: {one}"
