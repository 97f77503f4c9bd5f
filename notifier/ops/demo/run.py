"""Run the demonstration: start everything, play and check the scenes, end everything."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from notifier.console.terminal import WIDTH, paint, table, wrap
from notifier.environment import Environment
from notifier.ops.api_client import DispatchClient
from notifier.ops.demo.inboxes import AddressBook, Arrivals
from notifier.ops.demo.scenario import DUTY_PHONE, Story
from notifier.ops.demo.steps import SECONDS_FOR_ONE_STEP, DemoFailed, DemoRunner, run_command
from notifier.ops.local.stack import Bind, Stack, current_environment, free_port, wait_until_ready
from notifier.ops.local.supervisor import Child, Supervisor, interrupted_by_signals
from notifier.settings import packaged

WORKER_READY = r" ready\."
# Where the words begin in a line of `notifier timeline`, after the hour and the time since.
TIMELINE_INDENT = 23


class Demo:
    """One demonstration from beginning to end."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._began = time.monotonic()
        self._lines: list[str] = []
        self._children: list[Child] = []

    def play(self, *, keep: bool) -> None:
        """Play all scenes. However it ends, nothing is left running.

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
        bind = Bind("127.0.0.1", free_port())
        simulator = stack.start_simulator(bind.url)
        self._say(f"Prestataire simulé : {simulator.control}")
        stack.start_broker()
        self._say("Valkey du paquet : prêt")
        stack.require("migrate", "--no-input", "--verbosity", "0")
        self._say("Base SQLite : créée")
        key = self._start_service(stack, bind)
        director = DemoRunner(
            stack,
            DispatchClient(bind.url, key),
            AddressBook([packaged("config") / file for file in self._story.contacts]),
            Arrivals(simulator),
            self._say,
            self._show,
        )
        for number, scene in enumerate(self._story.scenes, 1):
            self._title(f"{number}. {scene.title}")
            director.play(scene)
        self._show_timelines(stack, list(director.ids))
        self._title("Récapitulatif")
        header = ("Référence", "Prévenu", "Nature", "Textes", "Remis après", "Reçu après")
        self._show(table(header, director.rows))
        self._require_all_alive()

    def _start_service(self, stack: Stack, bind: Bind) -> str:
        """Start web, worker and beat while the story is set up; return the key."""
        story = self._story
        worker = stack.start_worker()
        self._children = [stack.start_web(bind), worker, stack.start_beat()]
        for file in story.contacts:
            printed = run_command(stack, ("contacts", "import", file))
            self._say(f"{file.name} : {printed.strip().splitlines()[0]}")
        for command in story.setup:
            self._say(run_command(stack, command).strip().splitlines()[0])
        departements = [part for code in story.departements for part in ("--departement", code)]
        added = run_command(
            stack, ("source", "add", story.source, *departements, "--duty-phone", DUTY_PHONE)
        )
        key = added.strip().splitlines()[-1]
        self._say(f"Source « {story.source} » : créée, avec sa clé")
        worker.wait_for_line(WORKER_READY, SECONDS_FOR_ONE_STEP)
        wait_until_ready(bind.url)
        self._say(f"Service prêt : {bind.url}")
        return key

    def _show_timelines(self, stack: Stack, references: list[str]) -> None:
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
