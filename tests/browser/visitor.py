"""Somebody at a browser: a size, a theme, an account; what they do by mouse or keyboard alone."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Locator, Page, StorageState, expect

from tests.browser.trial import Trial
from tests.browser.watch import Watch

WIDE, NARROW = 1360, 390
_HEIGHTS = {WIDE: 850, NARROW: 844}
MAX_TABS = 400
Means = Literal["mouse", "keyboard"]

IS_FOCUSED = "element => element === document.activeElement"


@dataclass
class Visitor:
    """One page of one browser. Each click, filled field, chosen value or pressed key is a step."""

    page: Page
    trial: Trial
    watch: Watch
    means: Means = "mouse"
    steps: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        """Open an address of the console; no step: it is a bookmark, or a link of a mail."""
        self.page.goto(self.trial.url + path)

    def press(self, what: Locator | str, *, role: str = "") -> None:
        """Press a button or follow a link, by its name."""
        found = self.named(what, role) if isinstance(what, str) else what
        self._note(f"press {what if isinstance(what, str) else _describe(found)}")
        if self.means == "mouse":
            found.click()
        else:
            self.tab_to(found)
            self.page.keyboard.press("Enter")

    def fill(self, label: Locator | str, text: str) -> None:
        """Fill in a field, by its label."""
        found = self.field(label) if isinstance(label, str) else label
        self._note(f"fill {label if isinstance(label, str) else _describe(found)}")
        if self.means == "mouse":
            found.fill(text)
            return
        self.tab_to(found)
        kind = found.get_attribute("type") or "text"
        if kind in ("date", "time", "datetime-local"):
            # Its parts are typed in the order of the reader's language, which is the browser's.
            found.fill(text)
            return
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def choose(self, label: Locator | str, option: str) -> None:
        """Choose a value of a list, by its label and the words of the value."""
        found = self.field(label) if isinstance(label, str) else label
        self._note(f"choose {option}")
        if self.means == "mouse":
            found.select_option(label=option)
            return
        self.tab_to(found)
        self.page.keyboard.type(option)
        expect(found.locator("option:checked")).to_have_text(re.compile(re.escape(option)))

    def tick(self, label: Locator | str) -> None:
        """Tick a box or choose a radio button."""
        found = self.field(label) if isinstance(label, str) else label
        self._note(f"tick {label if isinstance(label, str) else _describe(found)}")
        if self.means == "mouse":
            found.check()
            return
        self.tab_to(found)
        if not found.is_checked():
            self.page.keyboard.press("Space")
        expect(found).to_be_checked()

    def upload(self, label: Locator | str, file: Path) -> None:
        """Choose a file."""
        found = self.field(label) if isinstance(label, str) else label
        self._note(f"choose the file {file.name}")
        with self.page.expect_file_chooser() as chooser:
            if self.means == "mouse":
                found.click()
            else:
                self.tab_to(found)
                self.page.keyboard.press("Enter")
        chooser.value.set_files(file)

    def named(self, name: str, role: str = "") -> Locator:
        """Return the first visible button or link of this name."""
        roles = [role] if role else ["button", "link", "tab", "menuitem"]
        kinds = [self.page.get_by_role(each, name=name) for each in roles]  # type: ignore[arg-type]
        found = kinds[0]
        for kind in kinds[1:]:
            found = found.or_(kind)
        return found.filter(visible=True).first

    def field(self, label: str) -> Locator:
        """Return the first visible field of this label."""
        return self.page.get_by_label(label).filter(visible=True).first

    def sees(self, words: str) -> None:
        """Wait for words anywhere in what is shown."""
        expect(self.page.get_by_text(words).filter(visible=True).first).to_be_visible()

    def tab_to(self, wanted: Locator) -> None:
        """Move the focus there with the Tab key alone."""
        expect(wanted).to_be_visible()
        for _ in range(MAX_TABS):
            if wanted.evaluate(IS_FOCUSED):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab never reaches {_describe(wanted)}")

    def _note(self, step: str) -> None:
        self.steps.append(step)

    def log_in(self, username: str) -> None:
        """Open a session, with the second factor where the account has one."""
        self.go(reverse("account_login"))
        self.fill("Identifiant", username)
        self.fill("Mot de passe", self.trial.password)
        self.press("Se connecter", role="button")
        if self.trial.accounts[username].has_second_factor:
            self.page.wait_for_url(f"**{reverse('mfa_authenticate')}**")
            self.fill("Code", self.trial.simulator.code(username))
            self.press("Se connecter", role="button")
        self.page.wait_for_url(lambda url: "/connexion" not in url)


class House:
    """Makes visitors; whoever logged in once need not again."""

    def __init__(self, browser: Browser, trial: Trial) -> None:
        self._browser = browser
        self._trial = trial
        self._states: dict[str, StorageState] = {}
        self.contexts: list[BrowserContext] = []

    def visitor(
        self,
        username: str = "",
        *,
        width: int = WIDE,
        theme: Literal["light", "dark"] = "light",
        means: Means = "mouse",
    ) -> Visitor:
        """Return somebody logged in under this name, or nobody known."""
        if username and username not in self._states:
            newcomer = self._open(WIDE, "light", None)
            newcomer.log_in(username)
            self._states[username] = newcomer.page.context.storage_state()
        visitor = self._open(width, theme, self._states.get(username))
        visitor.means = means
        return visitor

    def _open(
        self, width: int, theme: Literal["light", "dark"], state: StorageState | None
    ) -> Visitor:
        context = self._browser.new_context(
            viewport={"width": width, "height": _HEIGHTS[width]},
            color_scheme=theme,
            locale="fr-FR",
            timezone_id="Europe/Paris",
            storage_state=state,
            has_touch=width == NARROW,
            reduced_motion="reduce",
        )
        context.set_default_timeout(15_000)
        self.contexts.append(context)
        page = context.new_page()
        return Visitor(page, self._trial, Watch(page))

    def close(self) -> None:
        """Close every page."""
        for context in self.contexts:
            context.close()
        self.contexts.clear()


def _describe(element: Locator) -> str:
    return str(element.evaluate("e => (e.innerText || e.name || e.outerHTML).slice(0, 80)"))
