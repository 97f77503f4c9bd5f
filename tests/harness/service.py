"""The real service, for tests: own Valkey, simulator, web, worker and beat as real processes."""

from __future__ import annotations

import itertools
import shutil
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis
from celery import Celery

from notifier.ops.api_client import ApiResponse, DispatchClient
from notifier.ops.local.stack import Bind, Stack, free_port, wait_until_ready
from notifier.ops.local.supervisor import Child, Supervisor, end_all
from notifier.simulator.client import Simulator
from tests.harness.commands import Commands

WORKER_READY = r" ready\."
SECONDS = 30.0
# On a machine that does much else.
SECONDS_TO_BE_READY = 120.0


class Service:
    """A running service on a fresh database, with a source for département 90 and its key."""

    def __init__(
        self,
        environment: Mapping[str, str],
        folder: Path,
        workers: int = 1,
        *,
        is_migrated: bool = False,
    ) -> None:
        """Start it. `environment` names the database; everything else is set here.

        `is_migrated`: the database has its tables already.
        """
        self.logs: deque[str] = deque(maxlen=5_000)
        self._supervisor = Supervisor(lambda name, line: self.logs.append(f"{name:>9} | {line}"))
        bind = self._bind = Bind("127.0.0.1", free_port())
        self.url = bind.url
        self._numbers = itertools.count(1)
        self._references = itertools.count(1)
        self._orphans: set[bytes | str] = set()
        stage = self._stage = Stack(environment, folder, self._supervisor)
        try:
            self.simulator: Simulator = stage.start_simulator(bind.url)
            self._broker: Child = stage.start_broker()
            self._commands = Commands(stage.environment)
            if not is_migrated:
                self._commands.require("migrate", "--no-input", "--verbosity", "0")
            self.web: Child = stage.start_web(bind)
            self._workers: list[Child] = [stage.start_worker() for _ in range(workers)]
            self.beat: Child = stage.start_beat()
            printed = self._commands.require("source", "add", "CORG 90", "--departement", "90")
            self.key = printed.strip().splitlines()[-1]
            self._wait_for_workers()
            wait_until_ready(bind.url, timeout=SECONDS_TO_BE_READY)
        except BaseException:
            self.end()
            raise
        self.dispatch = DispatchClient(self.url, self.key)
        self.folder = folder

    @property
    def env(self) -> dict[str, str]:
        """The environment that all its programs share."""
        return dict(self._stage.environment)

    def end(self) -> None:
        """End every process of it."""
        if commands := getattr(self, "_commands", None):
            commands.end()
        # A frozen broker hears no SIGTERM, and would hold up those who wait for it.
        held = [getattr(self, "_broker", None), *getattr(self, "_workers", ())]
        for child in filter(None, held):
            child.signal(signal.SIGCONT)
        self._supervisor.end()

    def push(self, **body: Any) -> ApiResponse:
        """POST a report: a road accident in Delle where the body does not say otherwise."""
        usual = {
            "reference": self.new_reference(),
            "sequence": 1,
            "status": "engaged",
            "category": "C01.01.01",
            "severity": "severe",
            "occurred_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "exercise": False,
            "location": {"insee": "90033", "name": "Delle", "postal_code": "90100"},
        }
        return self.dispatch.push(usual | body)

    def status(self, report_id: str) -> dict[str, Any]:
        """What became of a report, as dispatch sees it."""
        answer = self.dispatch.status(report_id)
        assert answer.code == 200, answer
        status: dict[str, Any] = answer.body
        return status

    def wait_for_state(self, report_id: str, state: str) -> dict[str, Any]:
        """The status once the report has come to `state`; fails when it never does."""
        deadline = time.monotonic() + SECONDS
        while (status := self.status(report_id))["state"] != state:
            assert time.monotonic() < deadline, f"never {state!r}: {status}"
            time.sleep(0.02)
        return status

    def run(self, *args: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A `notifier` command in this service's environment, and what it reads besides."""
        return self._commands.run(*args, **environment)

    def shell(self, code: str) -> str:
        """The last line that a piece of Python prints in this service's environment."""
        printed = self._commands.require("shell", "-c", code)
        return printed.strip().splitlines()[-1]

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Look until it is so; fails when it never is."""
        deadline = time.monotonic() + SECONDS
        while not is_so():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def add_contacts(self, *rows: str) -> None:
        """Import rows in the columns' order of `contacts import`, by the real command."""
        file = self.folder / f"contacts-{next(self._references)}.csv"
        header = "code_commune;fonction;rang;nom;prenom;mobile;courriel"
        file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        self._commands.require("contacts", "import", str(file))

    def new_number(self) -> str:
        """A mobile number for fiction that no test has used, in E.164."""
        return f"+3363998{next(self._numbers):04d}"

    def new_reference(self) -> str:
        """A reference that no test has used."""
        return f"TEST-{next(self._references):06d}"

    def kill_worker(self) -> None:
        """SIGKILL to every worker: no time to record anything."""
        for worker in self._workers:
            _kill(worker)
        with self.broker() as broker:
            self._forget_what_is_held(broker)

    @contextmanager
    def second_worker(self) -> Iterator[None]:
        """Another worker beside the first, while it lasts."""
        second = self._stage.start_worker()
        try:
            second.wait_for_line(WORKER_READY, SECONDS)
            yield
        finally:
            second.end()

    @contextmanager
    def workers_with(self, number: int, **environment: str) -> Iterator[None]:
        """So many workers with these variables besides in the place of its own, while it lasts."""
        usual, kept = len(self._workers), self._stage.environment
        self.stop_worker()
        self._stage.environment = kept | environment
        try:
            self._start_workers(number)
            yield
            self.stop_worker()
        finally:
            self._stage.environment = kept
            self._start_workers(usual)

    def enqueue(self, task: str, *args: object) -> None:
        """Ring for a task of the urgent queue, as the service does."""
        with Celery(broker=self.env["BROKER_URL"]) as app:
            app.send_task(task, args=args, queue="urgent", ignore_result=True)

    def stop_worker(self) -> None:
        """End every worker in good order."""
        end_all(self._workers)

    def start_worker(self) -> None:
        """As many new workers as there were, ready."""
        self._start_workers(len(self._workers))

    def _start_workers(self, number: int) -> None:
        self._workers = [self._stage.start_worker() for _ in range(number)]
        self._wait_for_workers()

    def _wait_for_workers(self) -> None:
        for worker in self._workers:
            worker.wait_for_line(WORKER_READY, SECONDS_TO_BE_READY)

    def kill_web(self) -> None:
        """SIGKILL to the web server and its children, whatever they are answering."""
        _kill(self.web)

    def start_web(self) -> None:
        """The web server again, at the same address; the caller waits until it answers."""
        self.web = self._stage.start_web(self._bind)

    def kill_beat(self) -> None:
        """SIGKILL to the clock that rings the sweeps."""
        _kill(self.beat)

    def start_beat(self) -> None:
        """The clock again."""
        self.beat = self._stage.start_beat()

    def revive(self) -> list[str]:
        """Start again whatever of web, workers and beat has ended; each with its last words.

        For a fault that may end them by itself; call it no sooner than systemd's pause.
        """
        dead = [c for c in (self.web, self.beat, *self._workers) if c.returncode is not None]
        for child in dead:
            if child is self.web:
                self.start_web()
            elif child is self.beat:
                self.start_beat()
            else:
                self._workers[self._workers.index(child)] = self._stage.start_worker()
        return [
            f"{c.program.name} (code {c.returncode}): {' | '.join(c.lines)[-300:]}" for c in dead
        ]

    def start_anew(self, **environment: str) -> None:
        """End web, workers and beat in good order; start them with these variables besides."""
        end_all([self.web, self.beat, *self._workers])
        self._stage.environment |= environment
        self._commands.end()
        self._commands = Commands(self._stage.environment)
        self.start_web()
        self.start_beat()
        self.start_worker()
        wait_until_ready(self.url, timeout=SECONDS_TO_BE_READY)

    def stop_broker(self) -> None:
        """End Valkey: its port refuses. What it held is on its disk."""
        self._broker.end()

    def start_broker(self) -> None:
        """Valkey again: same port, same data; also thaws a frozen one."""
        if self._broker.returncode is None:
            self._broker.signal(signal.SIGCONT)
            return
        self._broker = self._supervisor.start(self._broker.program)
        self._broker.wait_for_line("Ready to accept connections", SECONDS)
        with self.broker() as broker:
            # What a worker held when the line broke it has let go of without a word to the broker.
            self._forget_what_is_held(broker)

    def lose_broker(self) -> None:
        """SIGKILL to Valkey, and its file is gone; `start_broker` starts it empty."""
        _kill(self._broker)
        shutil.rmtree(self._stage.data_dir / "valkey" / "appendonlydir", ignore_errors=True)

    def freeze_broker(self) -> None:
        """Valkey takes connections and never answers."""
        self._broker.signal(signal.SIGSTOP)

    def broker(self) -> redis.Redis:
        """A client of the broker; a short life is wanted of it."""
        return redis.Redis.from_url(self.env["BROKER_URL"], socket_timeout=5)

    def _forget_what_is_held(self, broker: redis.Redis) -> None:
        """The broker gives these out again after the visibility timeout, ten minutes from now."""
        self._orphans |= set(broker.hkeys("unacked"))

    def wait_until_idle(self) -> None:
        """Return once the broker holds no task, neither waiting nor in a worker's hands."""
        deadline = time.monotonic() + SECONDS
        with self.broker() as broker:
            while True:
                waiting = broker.llen("urgent") + broker.llen("routine")
                held = set(broker.hkeys("unacked")) - self._orphans
                if not waiting and not held:
                    return
                assert time.monotonic() < deadline, f"{waiting} tasks wait, {len(held)} are held"
                time.sleep(0.02)


def _kill(child: Child) -> None:
    child.signal(signal.SIGKILL)
    child.end()
