"""`notifier up`: everything together, and nothing left of it."""

import os
import select
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from notifier.ops.api_client import DispatchClient
from notifier.ops.local import stack as launch
from notifier.ops.local.stack import notifier_command
from notifier.ops.local.supervisor import Child, Program
from tests.harness.commands import Commands

NO_PROVIDER = (
    "SIMULATOR",
    "TWILIO_",
    "EMAIL_",
    "PUBLIC_URL",
    "SECRET_KEY",
    "BROKER_URL",
    "DATABASE_URL",
)


def environment(folder: Path, **more: str) -> dict[str, str]:
    """This machine's environment without what the tests set for themselves."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(NO_PROVIDER)}
    return kept | {"DATA_DIR": str(folder)} | more


@contextmanager
def started(folder: Path, *options: str, **more: str) -> Iterator[Child]:
    """`notifier up --simulator` with these further options, ready."""
    command = notifier_command("up", "--simulator", "--bind", "127.0.0.1:0", *options)
    child = Child(Program("up", command, environment(folder, **more)), lambda *_: None)
    try:
        child.wait_for_line("Ctrl-C", 180)
        yield child
    finally:
        child.end()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The DATA_DIR of `up`."""
    return tmp_path_factory.mktemp("up")


@pytest.fixture(scope="module")
def up(folder: Path) -> Iterator[Child]:
    """One for the tests that leave it as it was; the last of them ends it."""
    with started(folder, "--samples") as child:
        yield child


def descendants(pid: int) -> list[int]:
    """Every process that this one started, and what those started."""
    parents: dict[int, int] = {}
    for process in Path("/proc").glob("[0-9]*"):
        # Processes of the whole machine end while they are listed.
        with suppress(FileNotFoundError, ProcessLookupError):
            # The name, in brackets, may hold anything; the state and the parent follow it.
            after_name = (process / "stat").read_text().rpartition(")")[2]
            parents[int(process.name)] = int(after_name.split()[1])
    found = [pid]
    for ancestor in found:
        found += [child for child, parent in parents.items() if parent == ancestor]
    return found[1:]


def wait_for_end(pids: dict[int, int]) -> None:
    """Wait for the end of processes that are nobody's children, by their pidfds."""
    for descriptor, pid in pids.items():
        if not select.select([descriptor], [], [], 30)[0]:
            pytest.fail(f"still running: {Path(f'/proc/{pid}/cmdline').read_bytes()!r}")
        os.close(descriptor)


def test_a_second_web_server_on_a_port_that_is_taken_is_refused(up: Child, folder: Path) -> None:
    port = up.wait_for_line(r"http://127.0.0.1:\d+$", 5).rpartition(":")[2]
    settings = dict(line.split("=", 1) for line in (folder / "up.env").read_text().splitlines())
    done = subprocess.run(
        notifier_command("web", "--bind", f"127.0.0.1:{port}"),
        env=environment(folder, **settings),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 1
    assert f"le port de 127.0.0.1:{port} est déjà pris" in done.stderr


def test_with_samples_there_are_contacts_and_a_source_with_its_key(up: Child, folder: Path) -> None:
    settings = dict(line.split("=", 1) for line in (folder / "up.env").read_text().splitlines())
    answer = DispatchClient(settings["PUBLIC_URL"], settings["CLE"]).dry_run(
        {
            "reference": "CORG90-2026-000001",
            "sequence": 1,
            "status": "engaged",
            "category": "C01.01.01",
            "severity": "severe",
            "occurred_at": datetime.now(UTC).isoformat(),
            "location": {"insee": "90033", "name": "Delle"},
        }
    )
    assert answer.code == 200
    (telling,) = answer.body["tellings"]
    assert "maire" in {message["recipient"] for message in telling["messages"]}


def test_with_samples_the_centres_own_software_is_told_and_believes_it(
    up: Child, folder: Path
) -> None:
    lines = (folder / "up.env").read_text().splitlines()
    settings = {name: value.strip("'") for name, value in (line.split("=", 1) for line in lines)}
    with Commands(environment(folder, **settings)) as commands:
        assert "Essai reçu en" in commands.require("source", "webhook", "CORG 90", "--test")


@pytest.fixture(scope="module")
def left_over(up: Child, folder: Path) -> dict[str, str]:
    """What `var/up.env` names; a broker and a simulator among it are gone once `up` has ended."""
    lines = (folder / "up.env").read_text().splitlines()
    return {name: value.strip("'") for name, value in (line.split("=", 1) for line in lines)}


@pytest.fixture(scope="module")
def anew(
    left_over: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Child, Path]]:
    """Another `up`, of a terminal with the environment of the first, and its folder.

    The tables are there already, as where a folder is used again.
    """
    folder = tmp_path_factory.mktemp("anew")
    with closing(sqlite3.connect(Path(left_over["DATA_DIR"]) / "alertes.sqlite3")) as tables:
        tables.execute("VACUUM INTO ?", [str(folder / "alertes.sqlite3")])
    with started(folder, "--no-samples", **(left_over | {"DATA_DIR": str(folder)})) as child:
        yield child, folder


def test_a_terminal_with_its_environment_can_start_it_anew(
    left_over: dict[str, str], anew: tuple[Child, Path], tmp_path: Path
) -> None:
    lines = (anew[1] / "up.env").read_text().splitlines()
    ours = dict(line.split("=", 1) for line in lines)
    for name in ("BROKER_URL", "TWILIO_API_URL", "EMAIL_URL", "PUBLIC_URL"):
        assert ours[name] != left_over[name]
    real = subprocess.run(
        notifier_command("up", "--bind", "127.0.0.1:0"),
        env=environment(tmp_path, **left_over),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert real.returncode == 1
    assert "ajouter --simulator" in real.stderr


def test_what_up_says_is_not_pushed_out_of_sight(up: Child) -> None:
    up.wait_for_line(r" ready\.", 30)
    assert [line for line in up.lines if "[config]" in line or "[queues]" in line] == []


def worker_of(lane: str, family: list[int]) -> int:
    """The one worker of this lane among the processes."""
    wanted = b"worker\0--lane\0%b\0" % lane.encode()
    (found,) = (pid for pid in family if wanted in Path(f"/proc/{pid}/cmdline").read_bytes())
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_routine_worker_goes_behind_the_urgent_one(up: Child) -> None:
    up.wait_for_line(r"urgent.* ready\.", 30)
    up.wait_for_line(r"routine.* ready\.", 30)
    family = descendants(up.pid)
    urgent, routine = (worker_of(lane, family) for lane in ("urgent", "routine"))
    nice = [os.getpriority(os.PRIO_PROCESS, pid) for pid in (up.pid, urgent, routine)]
    assert nice[0] == nice[1] < nice[2]
    # Threads take it from the one that starts them, and are what sends.
    of_threads = set()
    for thread in Path(f"/proc/{routine}/task").iterdir():
        with suppress(ProcessLookupError):
            of_threads.add(os.getpriority(os.PRIO_PROCESS, int(thread.name)))
    assert of_threads == {nice[2]}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, and only Linux has pidfds")
class TestNothingIsLeft:
    """However it ends."""

    def test_a_dead_worker_is_started_again_and_ctrl_c_ends_everything(self, up: Child) -> None:
        family = descendants(up.pid)
        # Simulator, Valkey, web and its own worker process, a worker for each lane, beat.
        assert len(family) >= 7
        worker = worker_of("urgent", family)
        up.lines.clear()
        os.kill(worker, signal.SIGKILL)
        up.wait_for_line(r"« urgent » s’est arrêté \(code -9\) : relance", 20)
        up.wait_for_line(r"urgent.* ready\.", 30)
        family = descendants(up.pid)
        descriptors = {os.pidfd_open(pid): pid for pid in (*family, up.pid)}
        os.kill(up.pid, signal.SIGINT)
        wait_for_end(descriptors)
        up.end()
        assert up.returncode == 0
        up.wait_for_line("tout est arrêté", 20)

    def test_nothing_outlives_a_killed_up(self, anew: tuple[Child, Path]) -> None:
        killed, _ = anew
        descriptors = {os.pidfd_open(pid): pid for pid in descendants(killed.pid)}
        assert len(descriptors) >= 7
        os.kill(killed.pid, signal.SIGKILL)
        wait_for_end(descriptors)


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """Commands without any setting."""
    with Commands(environment(tmp_path_factory.mktemp("refused"))) as commands:
        yield commands


@pytest.mark.parametrize("command", ["up", "web", "worker", "beat"])
def test_without_its_secrets_nothing_starts_and_the_names_are_said(
    command: str, refused: Commands
) -> None:
    done = refused.run(command)
    assert done.returncode == 1
    names = ("SECRET_KEY", "PUBLIC_URL", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")
    assert ", ".join(names) in done.stderr
    assert "EMAIL_URL" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_nor_does_celery_s_own_command(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "celery", "--quiet", "-A", "worker", "worker"],
        env=environment(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 1
    assert "notifier : démarrage impossible, variables absentes : SECRET_KEY" in done.stderr


def test_what_up_starts_is_given_the_secrets_that_its_files_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trial gives its programs a broker and a token of its own: beside the file, one too many."""
    (tmp_path / "key").write_text("k" * 50 + "\n")
    monkeypatch.delenv("SECRET_KEY", raising=False)
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "key"))
    given = launch.current_environment()
    assert given["SECRET_KEY"] == "k" * 50
    assert "SECRET_KEY_FILE" not in given


def test_the_simulator_is_refused_beside_a_real_provider(tmp_path: Path) -> None:
    with Commands(environment(tmp_path, TWILIO_ACCOUNT_SID="AC" + "1" * 32)) as commands:
        done = commands.run("up", "--simulator", "--bind", "127.0.0.1:0")
    assert done.returncode == 1
    assert "TWILIO_ACCOUNT_SID" in done.stderr
    assert "--simulator refusé" in done.stderr


def test_samples_are_for_the_simulator(tmp_path: Path) -> None:
    with Commands(environment(tmp_path, SIMULATOR="1")) as commands:
        done = commands.run("up", "--samples", "--bind", "127.0.0.1:0")
    assert done.returncode == 1
    assert "--samples demande --simulator" in done.stderr


@pytest.mark.parametrize("bind", ["8000", "127.0.0.1:", ":8000", "127.0.0.1:70000", "127.0.0.1:x"])
def test_an_address_that_is_none_is_refused(bind: str, refused: Commands) -> None:
    done = refused.run("up", "--simulator", "--bind", bind)
    assert done.returncode == 1
    assert f"« {bind} » n’est pas une adresse" in done.stderr


def test_a_trial_keeps_the_key_that_it_sealed_with(tmp_path: Path) -> None:
    """A signing secret made in a trial is readable in the next one in the same folder."""
    first, second = launch._own_secret_key(tmp_path), launch._own_secret_key(tmp_path)
    assert first == second
    assert len(first) >= 50
    assert (tmp_path / "secret-key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "other").mkdir()
    assert launch._own_secret_key(tmp_path / "other") != first
