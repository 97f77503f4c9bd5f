"""Somebody at a browser: a size, a theme, an account; what they do by mouse or keyboard alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
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
    parts: dict[str, int] = field(default_factory=dict)

    def go(self, path: str) -> None:
        """Open an address of the console; no step: it is a bookmark, or a link of a mail."""
        self.page.goto(self.trial.url + path)

    def menu(self, entry: str) -> None:
        """Go to a main page; on a phone its link is behind a button."""
        link = self.page.get_by_role("navigation", name="Menu principal").get_by_role(
            "link", name=entry, exact=True
        )
        if self.is_narrow:
            self.press("Menu", role="button", exact=True)
        self.press(link)

    @property
    def is_narrow(self) -> bool:
        """Whether it is a phone."""
        size = self.page.viewport_size
        return size is not None and size["width"] == NARROW

    def note_part(self, name: str, steps: int) -> None:
        """Count the steps of a part of the task by itself."""
        self.parts[name] = steps

    def confirm_identity(self) -> None:
        """Prove again who it is, where a page asks."""
        if "/connexion/confirmer" in self.page.url:
            self.fill("Mot de passe", self.trial.password)
            self.press("Confirmer", role="button")

    def press(self, what: Locator | str, *, role: str = "", exact: bool = False) -> None:
        """Press a button or follow a link, by its name."""
        found = self.named(what, role, exact=exact) if isinstance(what, str) else what
        self._note(f"press {what if isinstance(what, str) else _describe(found)}")
        if self.means == "mouse":
            found.click()
        else:
            self.tab_to(found)
            self.page.keyboard.press("Enter")

    def fill_date(self, label: str, day: date) -> None:
        """Fill in a day; a keyboard types it in the order of the browser's own language."""
        found = self.field(label)
        self._note(f"fill {label}")
        if self.means == "mouse":
            found.fill(day.isoformat())
            return
        self.tab_to(found)
        for order in ("%d%m%Y", "%m%d%Y"):
            self.page.keyboard.type(f"{day:{order}}")
            if found.input_value() == day.isoformat():
                return
            self.page.keyboard.press("ArrowLeft")
            self.page.keyboard.press("ArrowLeft")
        raise AssertionError(f"{label}: {found.input_value()} after {day} was typed")

    def fill(self, label: Locator | str, text: str, *, exact: bool = False) -> None:
        """Fill in a field, by its label."""
        found = self.field(label, exact=exact) if isinstance(label, str) else label
        self._note(f"fill {label if isinstance(label, str) else _describe(found)}")
        if self.means == "mouse":
            found.fill(text)
            return
        self.tab_to(found)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def choose(self, label: Locator | str, option: str) -> None:
        """Choose a value of a list, by its label and the words of the value."""
        found = self.field(label) if isinstance(label, str) else label
        self._note(f"choose {option}")
        if self.means == "mouse":
            wanted = found.locator("option").filter(has_text=option).first
            found.select_option(value=wanted.get_attribute("value"))
            return
        self.tab_to(found)
        chosen = found.locator("option:checked")
        for _ in range(found.locator("option").count()):
            if option in chosen.inner_text():
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"no {option!r} below what is chosen")

    def tick(self, label: Locator | str) -> None:
        """Tick a box or choose a radio button."""
        found = self.field(label) if isinstance(label, str) else label
        self._note(f"tick {label if isinstance(label, str) else _describe(found)}")
        if self.means == "mouse":
            found.check()
            return
        if found.get_attribute("type") == "radio":
            self._move_to(found)
        else:
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

    def named(self, name: str, role: str = "", *, exact: bool = False) -> Locator:
        """Return the first visible button or link of this name."""
        roles = [role] if role else ["button", "link", "tab", "menuitem"]
        kinds = [self.page.get_by_role(each, name=name, exact=exact) for each in roles]  # type: ignore[arg-type]
        found = kinds[0]
        for kind in kinds[1:]:
            found = found.or_(kind)
        return found.filter(visible=True).first

    def field(self, label: str, *, exact: bool = False) -> Locator:
        """Return the first visible field of this label."""
        return self.page.get_by_label(label, exact=exact).filter(visible=True).first

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

    def _move_to(self, radio: Locator) -> None:
        """Tab stops at one button of a group; the arrows go on from there."""
        name = radio.get_attribute("name")
        buttons = self.page.locator(f'input[type=radio][name="{name}"]')
        self.tab_to(buttons.locator("xpath=self::*[@checked]").or_(buttons.first).first)
        for _ in range(buttons.count()):
            if radio.evaluate(IS_FOCUSED):
                return
            self.page.keyboard.press("ArrowDown")

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
