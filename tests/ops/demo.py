"""A scene of `notifier demo`, prepared on the running service; afterwards nobody of it is left."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from notifier.ops.api_client import DispatchClient
from notifier.ops.demo.inboxes import AddressBook, Arrivals
from notifier.ops.demo.phones import Phones
from notifier.ops.demo.scenario import Scene
from notifier.ops.demo.steps import DemoRunner
from tests.harness.service import Service


@dataclass
class Operator:
    """Somebody at a keyboard beside the service."""

    service: Service

    def require(self, *args: str) -> str:
        done = self.service.run(*args)
        assert done.returncode == 0, (args, done.stdout, done.stderr)
        return done.stdout


@contextmanager
def playing(service: Service, scene: Scene, folder: Path) -> Iterator[DemoRunner]:
    """Everything entered; afterwards nobody of it is told of other tests' incidents."""
    service.simulator.reset()
    operator = Operator(service)
    dispatch: dict[str, DispatchClient] = {}
    runner = DemoRunner(
        *(operator, dispatch, AddressBook(scene.contacts), Arrivals(service.simulator)),
        *(Phones(service.simulator), lambda _: None, lambda _: None),
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
        _leave(operator, scene, folder)


def _leave(operator: Operator, scene: Scene, folder: Path) -> None:
    with scene.contacts.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter=";"))
    yesterday = (datetime.now(UTC) - timedelta(days=2)).date().isoformat()
    with (folder / "contacts.csv").open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, dict.fromkeys([*rows[0], "debut", "fin"]), delimiter=";")
        writer.writeheader()
        # Whoever another test had end came in anew today, and cannot end before.
        writer.writerows({**row, "debut": "2020-01-01", "fin": yesterday} for row in rows)
    operator.require("directory", "import", str(folder / "contacts.csv"))
    if any("convention" in command.words for command in scene.preparation):
        for line in operator.require("convention", "list").splitlines():
            operator.require("convention", "end", line.split()[0])
    for source in scene.sources:
        operator.require("source", "revoke", source.name)
