"""Run the demonstration: start everything, play and check a scene, end everything."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import chain
from pathlib import Path

from django.utils import timezone

from notifier.console.terminal import WIDTH, paint, table, wrap
from notifier.environment import Environment
from notifier.ops.api_client import DispatchClient
from notifier.ops.demo import belfort, conventions, replies
from notifier.ops.demo.inboxes import AddressBook, Arrivals
from notifier.ops.demo.phones import Phones
from notifier.ops.demo.scenario import Scene, Source
from notifier.ops.demo.steps import SECONDS_FOR_ONE_STEP, DemoFailed, DemoRunner
from notifier.ops.local.stack import Bind, Stack, current_environment, free_port, wait_until_ready
from notifier.ops.local.supervisor import Child, Supervisor, interrupted_by_signals

# Each is given the folder of the demonstration and the moment.
SCENES: Mapping[str, Callable[[Path, datetime], Scene]] = {
    "alertes": lambda _folder, _now: belfort.scene(),
    "conventions": conventions.scene,
    "reponse": lambda _folder, _now: replies.scene(),
}
WORKER_READY = r" ready\."
# Where the words begin in a line of `notifier timeline`, after the hour and the time since.
TIMELINE_INDENT = 23


class Demo:
    """One demonstration from beginning to end."""

    def __init__(self, scene: str) -> None:
        """`scene` is one of SCENES."""
        self._scene = SCENES[scene]
        self._began = time.monotonic()
        self._lines: list[str] = []
        self._children: list[Child] = []

    def play(self, *, keep: bool) -> None:
        """Play the scene. However it ends, nothing is left running.

        Raises DemoFailed, ProcessError.
        """
        folder = Path(tempfile.mkdtemp(prefix="alerte-maires-demo-"))
        supervisor = Supervisor(lambda name, line: self._lines.append(f"{name:>9} │ {line}"))
        with interrupted_by_signals():
            try:
                self._perform(Stack(self._own_environment(), folder, supervisor))
            except KeyboardInterrupt:
                self._say("Arrêt demandé : 10 secondes au plus…")
                raise
            finally:
                supervisor.end()
                if keep:
                    log = "\n".join(self._lines)
                    (folder / "programmes.log").write_text(log + "\n", encoding="utf-8")
                    self._say(f"Tout est arrêté ; données conservées dans {folder}")
                else:
                    shutil.rmtree(folder, ignore_errors=True)
                    self._say("Tout est arrêté, rien ne reste.")

    def logs(self) -> list[str]:
        """Return the last lines of the programs, to find the cause of a failure."""
        return self._lines[-40:]

    @staticmethod
    def _own_environment() -> dict[str, str]:
        """Return an environment without anything that an operator set."""
        ours = Environment.model_fields
        return {name: value for name, value in current_environment().items() if name not in ours}

    def _perform(self, stack: Stack) -> None:
        self._title("Mise en place (SIMULATEUR : rien ne part vraiment)")
        scene = self._scene(stack.data_dir, timezone.now())
        bind = Bind("127.0.0.1", free_port())
        simulator = stack.start_simulator(bind.url)
        self._say(f"Prestataire simulé : {simulator.control}")
        stack.start_broker()
        self._say("Valkey du paquet : prêt")
        stack.require("migrate", "--no-input", "--verbosity", "0")
        self._say("Base SQLite : créée")
        worker = stack.start_worker()
        self._children = [stack.start_web(bind), worker, stack.start_beat()]
        dispatch: dict[str, DispatchClient] = {}
        book, arrivals = AddressBook(scene.contacts), Arrivals(simulator)
        phones = Phones(simulator)
        runner = DemoRunner(stack, dispatch, book, arrivals, phones, self._say, self._show)
        for command in scene.preparation:
            runner.run(command)
        for source in scene.sources:
            dispatch[source.name] = DispatchClient(bind.url, self._add_source(stack, source))
        worker.wait_for_line(WORKER_READY, SECONDS_FOR_ONE_STEP)
        wait_until_ready(bind.url)
        self._say(f"Service prêt : {bind.url}")
        self._play(scene, runner)
        self._show_timelines(stack, scene.timelines)
        self._title("Récapitulatif")
        rows = ([row[column] for column in scene.columns] for row in runner.rows)
        self._show(table(scene.columns, rows))
        self._require_all_alive()

    def _add_source(self, stack: Stack, source: Source) -> str:
        """Create a source; return its key."""
        options = ("--departement", source.departement, "--duty-phone", source.duty_phone)
        added = stack.require("source", "add", source.name, *options)
        self._say(f"Source « {source.name} » : créée, avec sa clé")
        return added.strip().splitlines()[-1]

    def _play(self, scene: Scene, runner: DemoRunner) -> None:
        chapter = 0
        for step in chain.from_iterable(scene.stories.values()):
            if step.title:
                chapter += 1
                self._title(f"{chapter}. {step.title}")
            try:
                runner.play(step)
            except DemoFailed as failure:
                raise DemoFailed(f"{chapter}. {failure}") from None

    def _show_timelines(self, stack: Stack, references: Sequence[str]) -> None:
        with ThreadPoolExecutor(max_workers=2) as pool:
            printed = pool.map(lambda reference: stack.require("timeline", reference), references)
            for reference, timeline in zip(references, printed, strict=True):
                self._title(f"notifier timeline {reference}")
                for line in timeline.rstrip().splitlines():
                    self._show(wrap(line, TIMELINE_INDENT))

    def _require_all_alive(self) -> None:
        dead = [child.program.name for child in self._children if child.returncode is not None]
        if dead:
            raise DemoFailed(f"arrêté en route : {', '.join(dead)}")

    def _title(self, text: str) -> None:
        self._show(["", paint(text, "bold", sys.stdout), "─" * min(WIDTH, len(text))])

    def _say(self, text: str) -> None:
        elapsed = f"{time.monotonic() - self._began:5.1f} s".replace(".", ",")
        first, *others = wrap(f"{elapsed}  {text}", len(elapsed) + 2)
        self._show([paint(elapsed, "dim", sys.stdout) + first.removeprefix(elapsed), *others])

    @staticmethod
    def _show(lines: list[str]) -> None:
        for line in lines:
            print(line, flush=True)
