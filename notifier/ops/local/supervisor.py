"""Run programs: start, read their output, restart dead ones, end them with all they started.

Each child leads a process group of its own, so that ending it ends its children too, and is tied to
the life of this process (see `parent_death.py`), so that nothing is left over even after SIGKILL.
Children must be started from a thread that lives as long as they should: the main one.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import NoReturn

TIE = Path(__file__).with_name("parent_death.py")
SECONDS_TO_END = 10.0
LINES_KEPT = 2_000

Hear = Callable[[str, str], None]


class ProcessError(Exception):
    """A program did not start, ended early, or did not print in time what was waited for.

    The message is French, for the person at the terminal, followed by the program's output.
    """


class RestartLimitReached(Exception):
    """A program dies again and again."""


@dataclass(frozen=True)
class Program:
    """What to run: a short name for people, the command line, and its whole environment.

    `family`: it starts processes of its own, which must not outlive it.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    family: bool = False


class Child:
    """A running program. Its standard output and error come to `hear` line by line."""

    def __init__(
        self, program: Program, hear: Hear, on_end: Callable[[Child], None] | None = None
    ) -> None:
        self.program = program
        self.lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._hear = hear
        self._on_end = on_end
        self._news = threading.Condition()
        self._silent = False
        self._asked = False
        tie = [sys.executable, "-I", "-S", str(TIE), str(os.getpid())]
        tie.append("family" if program.family else "alone")
        self._process = subprocess.Popen(  # noqa: S603  # our own programs, without a shell
            [*tie, *program.command],
            env={**program.environment, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
        self.pid = self._process.pid
        threading.Thread(target=self._listen, name=f"{program.name}-output", daemon=True).start()
        threading.Thread(target=self._await_end, name=f"{program.name}-end", daemon=True).start()

    @property
    def returncode(self) -> int | None:
        """The exit code (negative: the signal that ended it), or None while it runs."""
        return self._process.returncode

    def wait_for_line(self, pattern: str, timeout: float) -> str:
        """Return the first line, past or to come, that matches `pattern`.

        Raises ProcessError when the program ends without it, or after `timeout` seconds.
        """
        found: list[str] = []

        def come() -> bool:
            found.extend(line for line in self.lines if re.search(pattern, line))
            return bool(found) or self._silent

        with self._news:
            self._news.wait_for(come, timeout)
        if found:
            return found[0]
        why = "arrêté" if self._silent else f"rien de tel en {timeout:g} s"
        last = "\n  ".join(list(self.lines)[-15:])
        raise ProcessError(f"{self.program.name} : attente de {pattern!r} : {why}\n  {last}")

    def signal(self, number: int) -> None:
        """Send a signal to the program and all that it started; nothing if it has ended."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def ask_to_end(self) -> None:
        """Send SIGTERM to the program alone, once: it knows best how to end its own children."""
        if not self._asked and self._process.poll() is None:
            self._asked = True
            self._process.terminate()

    def end(self, timeout: float = SECONDS_TO_END) -> None:
        """Ask it to end, wait up to `timeout` seconds, then kill it and all that it started."""
        self.ask_to_end()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout)
        self.signal(signal.SIGKILL)
        self._process.wait()

    def _listen(self) -> None:
        output = self._process.stdout
        assert output is not None  # noqa: S101  # for the type checker: asked for above
        for raw in output:
            line = raw.decode(errors="replace").rstrip()
            with self._news:
                self.lines.append(line)
                self._news.notify_all()
            self._hear(self.program.name, line)
        with self._news:
            self._silent = True
            self._news.notify_all()

    def _await_end(self) -> None:
        self._process.wait()
        if self._on_end is not None:
            self._on_end(self)


def end_all(children: Iterable[Child], timeout: float = SECONDS_TO_END) -> None:
    """End children in parallel: all are asked first, then each is waited for."""
    children = list(children)
    deadline = time.monotonic() + timeout
    for child in children:
        child.ask_to_end()
    for child in children:
        child.end(max(0.0, deadline - time.monotonic()))


class Supervisor:
    """Keep programs running until told to stop.

    `hear(name, line)` receives every line that they print and the supervisor's own messages.
    """

    DEATHS_ALLOWED = 5
    WITHIN_SECONDS = 60.0
    PAUSE_SECONDS = 1.0

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
        self._children: list[Child] = []
        self._deaths: dict[str, deque[float]] = {}
        self._events: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def start(self, program: Program) -> Child:
        """Start a program now. Call it from the main thread only."""
        child = Child(program, self._hear, self._on_end)
        self._children.append(child)
        return child

    def call(self, action: Callable[[], None]) -> None:
        """Have `watch` run `action` soon, in the thread that watches."""
        self._events.put(action)

    def watch(self) -> NoReturn:
        """Restart dead programs, until an exception (Ctrl-C) ends the watch.

        Raises RestartLimitReached after five deaths of one program in a minute.
        """
        while True:
            self._events.get()()

    def end(self) -> None:
        """End everything, the latest started first; kill what does not end in 10 s.

        What was started first (the broker, the provider) goes last: the others need it to end in
        order.
        """
        children, self._children = self._children, []
        foundations = [child for child in children if child.program.name in ("valkey", "simulator")]
        end_all(child for child in reversed(children) if child not in foundations)
        end_all(foundations)

    def _on_end(self, child: Child) -> None:
        self.call(lambda: self._bury(child))

    def _bury(self, child: Child) -> None:
        name = child.program.name
        if child not in self._children:
            return
        # Grandchildren of a program that was killed hold its ports and queues.
        child.signal(signal.SIGKILL)
        deaths = self._deaths.setdefault(name, deque(maxlen=self.DEATHS_ALLOWED))
        deaths.append(time.monotonic())
        if len(deaths) == self.DEATHS_ALLOWED and deaths[-1] - deaths[0] < self.WITHIN_SECONDS:
            raise RestartLimitReached(
                f"« {name} » s’est arrêté {self.DEATHS_ALLOWED} fois en moins d’une minute "
                f"(code {child.returncode}) : abandon. Ses dernières lignes disent pourquoi."
            )
        self._hear("up", f"« {name} » s’est arrêté (code {child.returncode}) : relance.")
        # The first time at once: a mayor may be waiting. Then with a pause, so as not to spin.
        pause = self.PAUSE_SECONDS if len(deaths) > 1 else 0.0
        restart = threading.Timer(pause, self.call, [lambda: self._start_again(child)])
        restart.daemon = True
        restart.start()

    def _start_again(self, child: Child) -> None:
        if child in self._children:
            self._children.remove(child)
            self.start(child.program)


@contextlib.contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """Treat SIGTERM as Ctrl-C; a second signal does not interrupt the ending."""

    def interrupt(_number: int, _frame: object) -> None:
        for each in before:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    for each in before:
        signal.signal(each, interrupt)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
