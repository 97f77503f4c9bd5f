"""Run the whole service on one machine: start, watch and end it together."""

from __future__ import annotations

import fcntl
import shlex
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import notifier
from notifier.console.terminal import PrefixedOutput
from notifier.environment import Environment
from notifier.jobs.broker import QUEUES
from notifier.ops.api_client import DispatchClient
from notifier.ops.local.stack import Bind, Stack, current_environment, wait_until_ready
from notifier.ops.local.supervisor import ProcessError, Supervisor, interrupted_by_signals
from notifier.ops.samples.accounts import ACCOUNTS, password, totp_secret
from notifier.ops.samples.story import arrival
from notifier.settings import packaged
from notifier.simulator.client import Simulator

# What another terminal needs to speak to the same service, its doctor included.
SHARED = (
    "DATA_DIR", "DATABASE_URL", "BROKER_URL", "PUBLIC_URL", "SECRET_KEY", "SIMULATOR",
    "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM", "TWILIO_API_URL",
    "SMS_PROVIDERS", "OVH_API_URL", "OVH_APPLICATION_KEY", "OVH_APPLICATION_SECRET",
    "OVH_CONSUMER_KEY", "OVH_SERVICE_NAME", "OVH_SENDER",
    "EMAIL_URL", "EMAIL_FROM", "CLE",
)  # fmt: skip
# The source that comes with the samples.
SOURCE = "CORG 90"
PROVIDER = (
    "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_MESSAGING_SERVICE_SID",
    "OVH_APPLICATION_KEY", "OVH_APPLICATION_SECRET", "OVH_CONSUMER_KEY", "EMAIL_URL",
)  # fmt: skip


class AlreadyRunning(Exception):
    """Another `notifier up` runs with the same DATA_DIR."""


class RealProvider(Exception):
    """The simulator was requested in an environment that names a real provider."""


class TrialEnvironment(Exception):
    """A real service was requested in an environment left by a trial with the simulator."""


class NoWatcher(Exception):
    """Reloading was requested where the package watchfiles is missing."""


def run(
    bind: Bind,
    environment: Environment,
    *,
    simulator: bool,
    samples: bool | None = None,
    reload: bool = False,
) -> None:
    """Start everything, print where it is, and watch it until SIGINT or SIGTERM.

    `samples`: fill the database with an invented département and a source, whose key is shared as
    CLE; None: with the simulator, where the database is empty. `reload`: restart the programs when
    their code, texts or configuration change.

    Raises AlreadyRunning, RealProvider, TrialEnvironment, NoWatcher, ProcessError,
    RestartLimitReached (all in French) when it cannot start or a program dies again and again.
    However it ends, nothing is left running.
    """
    watched = _watched(environment) if reload else []
    variables = current_environment()
    if environment.SIMULATOR:
        variables = _without_earlier_trial(variables, simulator=simulator)
    elif simulator:
        _refuse_real_provider(environment)
    hear = PrefixedOutput(sys.stdout)
    supervisor = Supervisor(hear)
    with _lock_data_dir(environment.DATA_DIR), interrupted_by_signals():
        stack = Stack(variables, environment.DATA_DIR, supervisor, watched=watched)
        shared = stack.data_dir / "up.env"
        try:
            provider = _prepare(stack, bind, simulator=simulator)
            page = provider.control if provider else None
            wanted = simulator if samples is None else samples
            filled = _add_samples(stack, only_if_empty=samples is None) if wanted else None
            if provider and filled:
                _add_authenticators(provider, stack.environment["SECRET_KEY"])
                _add_dispatch_software(provider, stack)
            _start(stack, bind)
            key = {"CLE": filled.key} if filled else {}
            _write_environment_file(shared, stack.environment | key)
            _announce_when_ready(bind, page, shared, hear, filled)
            supervisor.watch()
        except KeyboardInterrupt:
            hear("up", "arrêt demandé : 10 secondes au plus…")
        finally:
            supervisor.end()
            shared.unlink(missing_ok=True)
            hear("up", "tout est arrêté.")


def _without_earlier_trial(variables: dict[str, str], *, simulator: bool) -> dict[str, str]:
    """Return the variables without what an earlier `up --simulator` left in this terminal.

    Its broker and simulator are gone with it. Raises TrialEnvironment where no simulator is
    requested.
    """
    if not simulator:
        raise TrialEnvironment(
            "l’environnement est celui d’un essai (SIMULATOR=1) : ajouter --simulator, ou partir "
            "d’un terminal neuf pour le vrai service."
        )
    gone = set(SHARED) - {"DATA_DIR", "DATABASE_URL", "SIMULATOR", "SMS_PROVIDERS"}
    return {name: value for name, value in variables.items() if name not in gone}


def _refuse_real_provider(environment: Environment) -> None:
    """Refuse: the simulator must never swallow messages that wait for a real provider."""
    named = [name for name in PROVIDER if getattr(environment, name)]
    if named:
        raise RealProvider(
            f"--simulator refusé : l’environnement nomme un vrai prestataire ({', '.join(named)}). "
            "Retirer ces variables pour essayer, ou l’option pour envoyer vraiment."
        )


@dataclass(frozen=True)
class Samples:
    """What the samples brought: the key of their source, and what is said of them."""

    key: str
    said: list[str]


def _prepare(stack: Stack, bind: Bind, *, simulator: bool) -> Simulator | None:
    """Start what the service stands on; return the simulator, if one is requested."""
    provider = stack.start_simulator(bind.url) if simulator else None
    if not stack.environment.get("BROKER_URL"):
        stack.start_broker()
    stack.require("migrate", "--no-input", "--verbosity", "0")
    return provider


def _start(stack: Stack, bind: Bind) -> None:
    """Start the service's own programs."""
    stack.start_web(bind)
    for lane in QUEUES:
        stack.start_worker(lane)
    stack.start_beat()


def _watched(environment: Environment) -> list[Path]:
    """Return the paths whose changes restart the programs. Raises NoWatcher."""
    if find_spec("watchfiles") is None:
        raise NoWatcher("--reload demande le paquet watchfiles : pip install watchfiles")
    own = (environment.CATEGORIES_FILE, environment.TEMPLATES_DIR, environment.REFLEXES_DIR)
    places = [Path(notifier.__file__).parent, packaged("templates"), packaged("config"), *own]
    return [place for place in places if place is not None]


def _add_samples(stack: Stack, *, only_if_empty: bool) -> Samples | None:
    """Fill the database before anything runs that would send; None where it is to be left alone."""
    options = ["--only-if-empty"] if only_if_empty else []
    said = stack.require("samples", *options).splitlines()
    if not said:
        return None
    # Where DATA_DIR was kept, nobody can read the key of before any more.
    key = stack.require("source", "renew", SOURCE).strip().splitlines()[-1]
    return Samples(key, [*said, *_accounts(stack.environment["SECRET_KEY"])])


def _add_authenticators(provider: Simulator, secret_key: str) -> None:
    for account in ACCOUNTS:
        if account.has_second_factor:
            provider.add_authenticator(account.username, totp_secret(secret_key, account))


def _add_dispatch_software(provider: Simulator, stack: Stack) -> None:
    """Have the source's own software, which is simulated as well, told of answers."""
    options = ("--url", provider.webhook_url, "--rotate", "--overlap", "0")
    printed = stack.require("source", "webhook", SOURCE, *options)
    provider.add_webhook_secret(printed.strip().splitlines()[-1])


def _accounts(secret_key: str) -> list[str]:
    width = max(len(account.username) for account in ACCOUNTS)
    return [
        f"Comptes, tous avec le mot de passe {password(secret_key)} :",
        *(f"  {one.username:<{width}}  {one.name}, {one.can}" for one in ACCOUNTS),
        "Le code à six chiffres, où il en faut un, est montré par le téléphone simulé.",
    ]


@contextmanager
def _lock_data_dir(data_dir: Path) -> Iterator[None]:
    """Allow one `up` for each DATA_DIR: two Valkeys on one file would ruin it."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (data_dir / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(
                f"« notifier up » tourne déjà avec DATA_DIR={data_dir.absolute()} : l’arrêter "
                "d’abord, ou choisir un autre dossier."
            ) from None
        yield


def _write_environment_file(file: Path, environment: Mapping[str, str]) -> None:
    """Write the environment for another terminal, readable by this user only: it holds secrets."""
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    lines = [f"{name}={shlex.quote(environment[name])}" for name in SHARED if environment.get(name)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _announce_when_ready(
    bind: Bind, page: str | None, shared: Path, hear: PrefixedOutput, filled: Samples | None
) -> None:
    """Print where everything is once the service answers; waits in a thread."""

    def wait() -> None:
        while not _is_ready(bind, hear):
            pass
        if filled:
            _push_arrival(DispatchClient(bind.url, filled.key))
        for line in _where(bind, page, shared, filled):
            hear("up", line)

    threading.Thread(target=wait, name="readiness", daemon=True).start()


def _is_ready(bind: Bind, hear: PrefixedOutput) -> bool:
    """Wait until the service answers, and say so when it takes long."""
    try:
        wait_until_ready(bind.url)
    except ProcessError as error:
        hear("up", f"le service n’est toujours pas prêt, voir les lignes ci-dessus : {error}")
        return False
    return True


def _push_arrival(dispatch: DispatchClient) -> None:
    """Report an accident, so that telephones ring; where DATA_DIR was kept it has happened."""
    dispatch.push({"occurred_at": datetime.now(UTC).isoformat(), **arrival()})


def _where(bind: Bind, page: str | None, shared: Path, filled: Samples | None) -> list[str]:
    places = [
        ("Service", bind.url),
        ("API", f"{bind.url}/api/v1/docs"),
        ("État", f"{bind.url}/readyz"),
    ]
    if page:
        places.append(("Téléphones et courriels simulés", page))
    width = max(len(name) for name, _ in places)
    further = [
        "  notifier contacts import CONTACTS.csv",
        f'  notifier source add "{SOURCE}" --departement 90 --duty-phone NUMÉRO',
    ]
    if filled:
        further = [
            f"  notifier push FICHIER --url {bind.url}   (CLE y est la clé de « {SOURCE} »)",
            "  notifier contacts list --commune 90033",
        ]
    return [
        "",
        "Alerte Maires est prêt." + (" SIMULATEUR : rien ne part vraiment." if page else ""),
        *(f"  {name:<{width}}  {address}" for name, address in places),
        "",
        *([*filled.said, ""] if filled else []),
        "Dans un autre terminal :",
        f"  set -a; . {shlex.quote(str(shared))}; set +a",
        *further,
        "  notifier doctor",
        "",
        "Ctrl-C arrête tout.",
        "",
    ]
