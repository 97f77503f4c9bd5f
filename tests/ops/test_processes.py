"""Programs are started, heard, started again, and never left over."""

import os
import select
import signal
import subprocess
import sys
import textwrap
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

from notifier.ops.local import stack
from notifier.ops.local.supervisor import (
    Child,
    ProcessError,
    Program,
    RestartLimitReached,
    Supervisor,
    end_all,
)

REPOSITORY = Path(__file__).resolve().parents[2]


def program(name: str, source: str) -> Program:
    return Program(name, [sys.executable, "-c", textwrap.dedent(source)], dict(os.environ))


def silence(name: str, line: str) -> None:
    """Nobody listens."""


FOREVER = "import signal; print('up', flush=True); signal.pause()"
STUBBORN = """
    import signal, subprocess, sys
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    print("grandchild", child.pid, flush=True)
    signal.pause()
"""


def wait_for_end(descriptor: int) -> None:
    """Wait for the end of a process that may be nobody's child, by its pidfd."""
    assert select.select([descriptor], [], [], 20)[0], "still running"
    os.close(descriptor)


def test_a_start_loads_nothing_that_only_pages_texts_places_or_the_broker_need() -> None:
    """It was a quarter of what every command spent before it began."""
    slow = ["celery", "redis", "numpy", "notifier.urls", "notifier.console.admin"]
    slow += ["notifier.alerting.content.composer", "notifier.accounts.scope", "twilio"]
    source = "import django, sys; django.setup(); print(*sys.modules.keys() & set(sys.argv[1:]))"
    loaded = subprocess.run(
        [sys.executable, "-c", source, *slow], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.split() == []


def test_every_line_is_heard_with_its_name() -> None:
    heard: list[tuple[str, str]] = []
    source = "import sys; print('é'); print('to err', file=sys.stderr); print('last', end='')"
    child = Child(program("speaker", source), lambda name, line: heard.append((name, line)))
    child.wait_for_line("last", 20)
    child.end()
    assert sorted(heard) == [("speaker", "last"), ("speaker", "to err"), ("speaker", "é")]


def test_waiting_for_a_line_of_a_program_that_ends_without_it_says_what_it_said() -> None:
    child = Child(program("short", "print('not this'); raise SystemExit(3)"), silence)
    with pytest.raises(ProcessError, match=r"short : attente de 'that' : arrêté\n  not this"):
        child.wait_for_line("that", 20)
    child.end()
    assert child.returncode == 3


def test_what_does_not_end_is_killed_with_its_own_children() -> None:
    child = Child(program("stubborn", STUBBORN), silence)
    grandchild = int(child.wait_for_line("grandchild", 20).split()[1])
    descriptor = os.pidfd_open(grandchild)
    child.end(timeout=0.2)
    assert child.returncode == -signal.SIGKILL
    wait_for_end(descriptor)


def test_children_end_side_by_side() -> None:
    children = [Child(program(f"number {n}", FOREVER), silence) for n in range(3)]
    for child in children:
        child.wait_for_line("up", 20)
    end_all(children)
    assert [child.returncode for child in children] == [-signal.SIGTERM] * 3


def test_what_is_watched_starts_again_at_each_change_and_a_fault_waits_for_the_next(
    tmp_path: Path,
) -> None:
    """`up --reload`: a program that cannot start is no reason to give up."""
    file = tmp_path / "words.py"
    file.write_text("print('first', flush=True)")
    command = stack.reloading([sys.executable, str(file)], [file])
    child = Child(Program("dev", command, dict(os.environ), family=True), silence)
    child.wait_for_line("^first$", 30)
    for change, said in (("nonsense(", "SyntaxError"), (FOREVER, "^up$")):
        # It may not be watching yet when its program is running already: a change is made again.
        for attempt in range(30):
            file.write_text(f"{change}\n# {attempt}")
            with suppress(ProcessError):
                child.wait_for_line(said, 2)
                break
        child.wait_for_line(said, 0)
    child.end()
    assert child.returncode == 0


FAMILY = """
    import signal, subprocess, sys
    child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    signal.signal(signal.SIGTERM, lambda *_: (child.terminate(), child.wait(), sys.exit(5)))
    print("grandchild", child.pid, flush=True)
    while True:
        signal.pause()
"""


def test_a_family_is_asked_to_end_and_ends_in_its_own_order() -> None:
    alone = program("family", FAMILY)
    child = Child(Program(alone.name, alone.command, alone.environment, family=True), silence)
    descriptor = os.pidfd_open(int(child.wait_for_line("grandchild", 20).split()[1]))
    child.end()
    assert child.returncode == 5
    wait_for_end(descriptor)


class EndOfTest(Exception):
    """Ends the watch."""


def test_a_dead_program_is_started_again() -> None:
    heard: list[str] = []

    def hear(name: str, line: str) -> None:
        heard.append(f"{name}: {line}")
        if line == "up":
            supervisor.call(kill if heard.count("phoenix: up") == 1 else stop)

    def kill() -> None:
        first.signal(signal.SIGKILL)

    def stop() -> None:
        raise EndOfTest

    supervisor = Supervisor(hear)
    first = supervisor.start(program("phoenix", FOREVER))
    with pytest.raises(EndOfTest):
        supervisor.watch()
    supervisor.end()
    assert "up: « phoenix » s’est arrêté (code -9) : relance." in heard


def test_a_program_that_dies_again_and_again_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Supervisor, "PAUSE_SECONDS", 0.0)
    heard: list[str] = []
    supervisor = Supervisor(lambda name, line: heard.append(f"{name}: {line}"))
    supervisor.start(program("mayfly", "print('dying'); raise SystemExit(7)"))
    with pytest.raises(RestartLimitReached, match=r"« mayfly ».* 5 fois .*code 7"):
        supervisor.watch()
    supervisor.end()
    assert heard.count("mayfly: dying") == 5


def test_nothing_is_left_over_when_the_supervisor_is_killed_outright() -> None:
    source = f"""
        import os, signal, sys
        sys.path.insert(0, {str(REPOSITORY)!r})
        from notifier.ops.local.supervisor import Child, Program
        forever = [sys.executable, "-c", {FOREVER!r}]
        child = Child(Program("orphan", forever, dict(os.environ)), lambda *_: None)
        child.wait_for_line("up", 20)
        print(child.pid, flush=True)
        signal.pause()
    """
    command = [sys.executable, "-c", textwrap.dedent(source)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        orphan = int(supervisor.stdout.readline())
        # The end of the orphan, not of its parent, closes this descriptor.
        descriptor = os.pidfd_open(orphan)
        supervisor.kill()
    wait_for_end(descriptor)


def test_what_a_trial_needs_is_named_where_it_was_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after `pip install alerte-maires` alone; here all is installed, and is hidden."""
    monkeypatch.setattr(
        stack, "find_spec", lambda name: None if name == "aiosmtpd" else find_spec(name)
    )
    stage = stack.Stack({}, tmp_path, Supervisor(lambda *_: None))
    for start in (stage.start_broker, lambda: stage.start_simulator("http://127.0.0.1:1")):
        with pytest.raises(ProcessError, match=r"aiosmtpd .*alerte-maires\[local\]"):
            start()
