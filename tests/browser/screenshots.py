"""Every page of the console as a picture, at both widths and in both themes: `make screenshots`."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Literal

from playwright.sync_api import sync_playwright

from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.trial import Trial
from tests.browser.visitor import NARROW, WIDE, House
from tests.browser.walk import Walk

FOLDER = Path(__file__).resolve().parents[2] / "screenshots"
_THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def main() -> None:
    """Start a trial, and picture what each of its accounts may see."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="screenshots-") as folder, sync_playwright() as tools:
        trial = Trial(_environment(), Path(folder))
        try:
            browser = tools.chromium.launch(
                executable_path=shutil.which(CHROMIUM), args=list(ARGUMENTS)
            )
            house = House(browser, trial)
            for role in ("", *trial.accounts):
                _picture(house, role, Walk(trial.url))
            browser.close()
        finally:
            trial.end()
    print(f"{len(list(FOLDER.rglob('*.png')))} images dans {FOLDER}")


def _picture(house: House, role: str, walk: Walk) -> None:
    """Picture each page that a role reaches, once it has come to rest."""
    page = house.visitor(role).page
    for path in walk.pages(page, "/"):
        for width in (WIDE, NARROW):
            page.set_viewport_size({"width": width, "height": 850})
            for theme in _THEMES:
                page.emulate_media(color_scheme=theme)
                place = FOLDER / (role or "personne") / f"{width}-{theme}"
                place.mkdir(parents=True, exist_ok=True)
                name = re.sub(r"[^A-Za-z0-9]+", "-", path).strip("-") or "accueil"
                page.screenshot(path=place / f"{name}.png", full_page=True)
    house.close()


def _environment() -> dict[str, str]:
    """Return this terminal's environment without what it may hold of another service."""
    from notifier.environment import Environment

    ours = Environment.model_fields
    return {name: value for name, value in os.environ.items() if name not in ours}


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "notifier.settings")
    import django

    django.setup()
    main()
