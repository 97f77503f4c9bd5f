"""The service under measure: Valkey, simulator, one web process, its workers, beat, PostgreSQL."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

import psycopg
import redis

from notifier.ops.local.stack import Bind, Stack, current_environment, free_port, wait_until_ready
from notifier.ops.local.supervisor import Child, Program, Supervisor, end_all
from tests.bench import load
from tests.bench.counts import CONNECTIONS
from tests.bench.prepared import Prepared
from tests.bench.procfs import cpu_seconds
from tests.bench.progress import say
from tests.bench.told import Tally, tally

WORKER_READY = r" ready\."
SECONDS = 60.0
# Beyond this nothing comes any more; what is missing then is counted as lost.
SECONDS_WITHOUT_NEWS = 60.0
# The provider answers after 50 ms and gives both its receipts, sent and delivered, after 1 s.
SIMULATOR = ("--answer-delay-ms", "50", "--sent-after-ms", "1000", "--delivered-after-ms", "1000")
URGENT, ROUTINE = "C01.01.01", "C03.01.00"

_numbers = itertools.count(1)
_ask = build_opener(ProxyHandler({})).open


class House:
    """One run of the service on one database, with all that the bench does to it."""

    def __init__(self, prepared: Prepared, database_url: str, lanes: Sequence[str | None]) -> None:
        """`lanes`: that of each worker; None serves all."""
        self._prepared = prepared
        self._lanes = lanes
        self._folder = Path(tempfile.mkdtemp(prefix="bench-"))
        self.logs: deque[str] = deque(maxlen=2_000)
        self._supervisor = Supervisor(lambda name, line: self.logs.append(f"{name:>9} | {line}"))
        environment = current_environment() | {"DATABASE_URL": database_url}
        self.database_url = database_url
        self._stage = Stack(environment, self._folder, self._supervisor)
        self._bind = Bind("127.0.0.1", free_port())
        self._workers: list[Child] = []
        self._beat: Child | None = None
        self.pushed: list[str] = []
        self.answers: dict[int, int] = {}

    def __enter__(self) -> Self:
        try:
            self.simulator = self._stage.start_simulator(self._bind.url, *SIMULATOR)
            self._valkey = self._stage.start_broker()
            self._web = self._stage.start_web(self._bind)
            # Ready it is once it has workers, which each part starts as it needs them.
            wait_until_ready(self._bind.url, path="/healthz")
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def _end(self) -> None:
        self._supervisor.end()
        shutil.rmtree(self._folder, ignore_errors=True)

    # --- its processes ---------------------------------------------------------------------------

    def start_workers(self) -> None:
        """A worker for each of the lanes, ready."""
        self._workers = [self._stage.start_worker(lane) for lane in self._lanes]
        for worker in self._workers:
            worker.wait_for_line(WORKER_READY, SECONDS)

    def stop_workers(self) -> None:
        """End workers and beat in good order."""
        end_all([*self._workers, *filter(None, [self._beat])])
        self._workers, self._beat = [], None

    def start_beat(self) -> None:
        """The clock of the sweeps, ready: it says nothing, but opens its file when it is."""
        for old in self._folder.glob("beat-schedule*"):
            old.unlink()
        self._beat = self._stage.start_beat()
        deadline = time.monotonic() + SECONDS
        while not any(self._folder.glob("beat-schedule*")):
            if self._beat.returncode is not None or time.monotonic() > deadline:
                raise RuntimeError("beat: " + "\n".join(self._beat.lines))
            time.sleep(0.05)

    def start_all(self) -> None:
        """Workers and beat."""
        self.start_workers()
        self.start_beat()

    def processes(self) -> dict[str, int]:
        """The first process of each program that is in the account, by name. Not the simulator."""
        found = {"web": self._web.pid}
        found |= {f"worker {n}": worker.pid for n, worker in enumerate(self._workers, start=1)}
        if self._beat is not None:
            found["beat"] = self._beat.pid
        return found | {"valkey": self._valkey.pid, "postgresql": self._prepared.postgres.pid}

    def cpu(self) -> dict[str, float]:
        """Seconds of processor time so far, by program."""
        return {name: cpu_seconds(pid) for name, pid in self.processes().items()}

    def start(self, program: Program) -> Child:
        """Any other program, which ends with the house."""
        return self._supervisor.start(program)

    @property
    def environment(self) -> dict[str, str]:
        """What its programs share."""
        return dict(self._stage.environment)

    # --- its work ---------------------------------------------------------------------------------

    def push(
        self,
        number: int,
        *,
        per_second: float | None = None,
        connections: int = CONNECTIONS,
        category: str = URGENT,
        several: bool = False,
    ) -> load.Seen:
        """POST events, each for another mayor as far as there are enough; returns when answered.

        With `several`, to communes of three people.
        """
        spots = self._prepared.several if several else self._prepared.singles
        events = []
        for _ in range(number):
            place = next(_numbers)
            spot = spots[place % len(spots)]
            events.append(load.Event(f"BANC-{place:07d}", spot.location))
        seen = load.push(
            load.Plan(
                port=self._bind.port,
                key=self._prepared.key,
                category=category,
                events=events,
                connections=connections,
                per_second=per_second,
            )
        )
        answered = zip(events, seen.codes, strict=True)
        self.pushed += [event.reference for event, code in answered if code == 202]
        for code, times in seen.answers.items():
            self.answers[code] = self.answers.get(code, 0) + times
        return seen

    def decide(self) -> None:
        """Decide all that waits, in a process that does not deliver; only its rings are left."""
        with self._broker() as broker:
            _forget_rings(broker)
        subprocess.run(
            [sys.executable, "-m", "tests.bench.decide"], env=self._stage.environment, check=True
        )

    @contextmanager
    def rings_held(self) -> Iterator[None]:
        """Keep the rings that wait out of the workers' sight, and give them back at the end."""
        with self._broker() as broker:
            held = [name for name in broker.scan_iter() if broker.type(name) == b"list"]
            for name in held:
                broker.rename(name, b"held:" + name)
        yield
        with self._broker() as broker:
            for name in held:
                broker.rename(b"held:" + name, name)

    def wait_until_told(self, texts_each: int = 1) -> None:
        """Return when all that was pushed is with the provider and every receipt recorded.

        Also when nothing moved for a minute: `tally` then counts what is missing.
        """
        wanted = len(self.pushed) * texts_each
        before: tuple[int, int, int] | None = None
        news_at = time.monotonic()
        while time.monotonic() - news_at < SECONDS_WITHOUT_NEWS:
            texts, unsettled = self._arrived(wanted)
            now = texts, unsettled, self._undecided()
            say(f"{texts} / {wanted} SMS, accusés à venir : {unsettled}, à traiter : {now[2]}")
            if texts >= wanted and not unsettled:
                break
            if now != before:
                before, news_at = now, time.monotonic()
        self._wait_until_recorded()

    def _arrived(self, wanted: int) -> tuple[int, int]:
        """Texts at the provider, and those with receipts to come; at once when all is there."""
        query = f"/simulator/wait?sms={wanted}&settled=1&timeout=2"
        try:
            with _ask(self.simulator.control + query, timeout=30) as answer:
                facts = json.load(answer)
        except HTTPError as error:
            facts = json.load(error)
        return facts["sms"], facts["unsettled"]

    def _undecided(self) -> int:
        """Workers may have a long queue to decide before anything new is at the provider."""
        [(undecided,)] = self.sql(
            "SELECT count(*) AS bench FROM intake_report WHERE state = 'received'"
        )
        return int(undecided)

    def _wait_until_recorded(self) -> None:
        """The last receipt is answered before its neighbours on other connections are stored."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            open_now = self.sql(
                "SELECT count(*) AS bench FROM delivery_message WHERE ended_at IS NULL"
            )
            if open_now == [(0,)]:
                return
            time.sleep(0.1)

    def forget_told(self) -> None:
        """Empty the simulator's phones, and begin to count anew."""
        self.simulator.reset()
        self.pushed.clear()

    def tally(self, texts_each: int = 1) -> Tally:
        """What the provider has of what was pushed."""
        return tally(self.simulator.messages(), self.pushed, texts_each)

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of one query of the bench's own; `bench` in it keeps it out of the counts."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            return connection.execute(query.encode()).fetchall()

    def _broker(self) -> redis.Redis:
        return redis.Redis.from_url(self.broker_url, socket_timeout=10)

    @property
    def broker_url(self) -> str:
        """Its Valkey's address."""
        return self._stage.environment["BROKER_URL"]


def _forget_rings(broker: redis.Redis) -> None:
    for name in list(broker.scan_iter()):
        if broker.type(name) == b"list":
            broker.delete(name)
