"""Territories and conventions on the real service, by the commands that an operator types.

The stories are those of `notifier demo --scene conventions`: each says who is told, on which
channel, in which words, and that nobody else is.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from notifier.ops.api_client import DispatchClient
from notifier.ops.demo import conventions
from notifier.ops.demo.inboxes import AddressBook, Arrivals
from notifier.ops.demo.scenario import Scene
from notifier.ops.demo.steps import DemoRunner
from tests.harness.service import Service

STORIES = (
    "enlargement", "natural zone", "estate", "school", "quarter", "absence", "rota", "three hats",
    "elected official",
)  # fmt: skip


@dataclass
class Operator:
    """Somebody at a keyboard beside the service."""

    service: Service

    def require(self, *args: str) -> str:
        done = self.service.run(*args)
        assert done.returncode == 0, (args, done.stdout, done.stderr)
        return done.stdout


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return conventions.scene(tmp_path_factory.mktemp("scene"), datetime.now(UTC))


@pytest.fixture(scope="module")
def runner(
    service: Service, scene: Scene, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DemoRunner]:
    """Everything entered; afterwards nobody of it is told of other tests' incidents."""
    service.simulator.reset()
    operator = Operator(service)
    dispatch: dict[str, DispatchClient] = {}
    runner = DemoRunner(
        *(operator, dispatch, AddressBook(scene.contacts), Arrivals(service.simulator)),
        *(lambda _: None, lambda _: None),
    )
    try:
        for command in scene.preparation:
            runner.run(command)
        for source in scene.sources:
            options = ("--departement", source.departement, "--duty-phone", source.duty_phone)
            printed = operator.require("source", "add", source.name, *options)
            dispatch[source.name] = DispatchClient(service.url, printed.split()[-1])
        yield runner
    finally:
        _leave(operator, scene, tmp_path_factory.mktemp("end"))


def _leave(operator: Operator, scene: Scene, folder: Path) -> None:
    with scene.contacts.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter=";"))
    yesterday = (datetime.now(UTC) - timedelta(days=2)).date().isoformat()
    with (folder / "contacts.csv").open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, [*rows[0], "fin"], delimiter=";")
        writer.writeheader()
        writer.writerows({**row, "fin": yesterday} for row in rows)
    operator.require("directory", "import", str(folder / "contacts.csv"))
    for line in operator.require("convention", "list").splitlines():
        operator.require("convention", "end", line.split()[0])
    for source in scene.sources:
        operator.require("source", "revoke", source.name)


@pytest.mark.parametrize("story", STORIES)
def test_those_are_told_whom_law_and_conventions_name_and_nobody_else(
    runner: DemoRunner, scene: Scene, story: str
) -> None:
    for step in scene.stories[story]:
        runner.play(step)


def test_every_story_is_told(scene: Scene) -> None:
    assert tuple(scene.stories) == STORIES


def test_nothing_comes_afterwards(runner: DemoRunner, service: Service) -> None:
    service.wait_until_idle()
    service.simulator.wait(settled=True)
    assert runner.arrivals.take() == ([], [])
