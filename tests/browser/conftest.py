"""One trial and one browser for all tests of the console; each test has its own pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.trial import Trial
from tests.browser.visitor import House
from tests.conftest import outside_key, postgres_key

CHROMIUM = os.environ.get("CHROMIUM", "chromium")
# Its own temporary folder is Playwright's; it calls nobody.
ARGUMENTS = (
    *("--no-sandbox", "--disable-background-networking", "--disable-component-update"),
    *("--no-first-run", "--disable-sync", "--disable-gpu", "--disable-dev-shm-usage"),
)
house_key = pytest.StashKey[House]()
steps_key = pytest.StashKey[dict[str, dict[str, int]]]()
trial_key = pytest.StashKey[Trial]()


@pytest.fixture(scope="session")
def trial(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """The service as a newcomer starts it, on the database of `--database`."""
    outside = pytestconfig.stash[outside_key]
    environment = dict(outside)
    if (postgres := pytestconfig.stash[postgres_key]) is not None:
        environment["DATABASE_URL"] = postgres.create_database()
    running = Trial(environment, tmp_path_factory.mktemp("trial"))
    pytestconfig.stash[trial_key] = running
    yield running
    running.end()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's own."""
    path = shutil.which(CHROMIUM)
    if path is None:
        pytest.fail("chromium is missing: apt install chromium", pytrace=False)
    expect.set_options(timeout=15_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def _house(chromium: Browser, trial: Trial) -> House:
    return House(chromium, trial)


@pytest.fixture
def house(_house: House, request: pytest.FixtureRequest) -> Iterator[House]:
    """Where visitors come from, and go at the end of the test."""
    request.node.stash[house_key] = _house
    yield _house
    _house.close()


@pytest.fixture(scope="session")
def record_steps(pytestconfig: pytest.Config) -> dict[str, dict[str, int]]:
    """The number of steps of each task, by the way it was done."""
    return pytestconfig.stash.setdefault(steps_key, {})


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print how many steps each task takes."""
    if steps := config.stash.get(steps_key, {}):
        terminalreporter.section("steps of each task: clicks, fields, keys that activate")
        for task, ways in steps.items():
            counts = ", ".join(f"{way}: {count}" for way, count in ways.items())
            terminalreporter.line(f"{task}: {counts}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Beside a failure stand the address, a picture of each page, and the service's own lines."""
    report = yield
    if report.failed and report.when == "call" and (house := item.stash.get(house_key, None)):
        folder = item.config.rootpath / "tests" / "browser" / "failures"
        folder.mkdir(exist_ok=True)
        for number, context in enumerate(house.contexts):
            for page in context.pages:
                picture = folder / f"{item.name}-{number}.png".replace("/", "-")
                page.screenshot(path=picture, full_page=True)
                report.sections.append(("page", f"{page.url}\n{picture}"))
        report.sections.append(("the service's last lines", item.config.stash[trial_key].log()))
    return report
