"""The database that the tests run on, the real service for those that want it, and an honest end.

`pytest --database sqlite|postgresql` (default: sqlite). PostgreSQL is a private cluster that is
started for the run, so the suite needs no server and disturbs none.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import pytest_django
import time_machine

from tests.harness.https import make_certificate
from tests.harness.live import Live
from tests.harness.log_in import prove_forced_log_ins
from tests.harness.migrated import Migrated
from tests.harness.postgres import NoPostgres, Postgres
from tests.harness.service import Service
from tests.harness.variables import changed

# `make browser-test` and `make tools-test`: in a browser, and the short runs of bench and chaos.
OWN_TARGETS = [Path(__file__).parent / name for name in ("browser", "bench", "chaos")]
SAMPLES = Path(__file__).resolve().parents[2] / "shared" / "samples"

# In-process tests reach nobody: port 1 refuses.
IN_PROCESS = {
    "SIMULATOR": "1",
    "SECRET_KEY": "a key of the tests, long enough and of no use to anyone else",
    "PUBLIC_URL": "http://127.0.0.1:1",
    "BROKER_URL": "redis://127.0.0.1:1/0",
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": "a token of the tests",
    "TWILIO_FROM": "Gendarmerie",
    "TWILIO_API_URL": "http://127.0.0.1:1",
    "EMAIL_URL": "smtp://127.0.0.1:1",
    "EMAIL_FROM": "alertes@gendarmerie.example",
}
# What a developer's own shell may hold must not reach the tests.
OTHERS = (
    "DATABASE_URL", "DATA_DIR", "SECRET_KEY_FALLBACKS", "ALLOWED_HOSTS",
    "TWILIO_MESSAGING_SERVICE_SID", "SMS_PROVIDERS", "OVH_API_URL", "OVH_APPLICATION_KEY",
    "OVH_APPLICATION_SECRET", "OVH_CONSUMER_KEY", "OVH_SERVICE_NAME", "OVH_SENDER",
    "CATEGORIES_FILE", "TEMPLATES_DIR", "REFLEXES_DIR", "CA_FILE",
    "HTTPS_PROXY", "https_proxy", "LOG_LEVEL",
    "SMS_PER_SECOND", "EMAIL_PER_SECOND", "CALLS_PER_SECOND", "TWILIO_VOICE_FROM",
    # What has to compile all that it imports takes a tenth longer to start; so does this process.
    "PYTHONDONTWRITEBYTECODE",
)  # fmt: skip

hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")

postgres_key = pytest.StashKey[Postgres | None]()
outside_key = pytest.StashKey[dict[str, str]]()
folder_key = pytest.StashKey[tempfile.TemporaryDirectory[str]]()
service_key = pytest.StashKey[Service]()
migrated_key = pytest.StashKey[Migrated]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--database`, `--only`, `--update-texts`."""
    parser.addoption("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.addoption(
        "--only", help=f"kinds of tests, with commas between them, of {', '.join(KINDS)}"
    )
    parser.addoption(
        "--update-texts",
        action="store_true",
        help="write tests/alerting/texts anew from what leaves now",
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the folders that have targets of their own, unless they are named."""
    if collection_path not in OWN_TARGETS:
        return None
    return collection_path in _not_named(config) or None


def _not_named(config: pytest.Config) -> list[Path]:
    here = config.invocation_params.dir
    named = [here / argument.partition("::")[0] for argument in config.args]
    inside = {folder for path in named for folder in (path, *path.parents)}
    return [folder for folder in OWN_TARGETS if folder not in inside]


@pytest.fixture
def _guard_back(
    django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker
) -> Iterator[None]:
    """Puts the journal's guard back once the database has been emptied."""
    from django.db import connection

    from notifier.journal import guard

    yield
    with django_db_blocker.unblock(), connection.schema_editor() as editor:
        guard.install(None, editor)


@pytest.fixture
def real_commits(_guard_back: None, transactional_db: None) -> Iterator[None]:
    """Real transactions, for threads. The journal's guard lets the test's end empty it."""
    from django.db import connection

    from notifier.journal import guard

    yield
    with connection.schema_editor() as editor:
        guard.remove(None, editor)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Choose the database before Django's settings are read (pytest-django reads them last)."""
    for name in (*IN_PROCESS, *OTHERS):
        os.environ.pop(name, None)
    sys.dont_write_bytecode = False
    outside: dict[str, str] = dict(os.environ)
    config.stash[outside_key] = outside
    folder = config.stash[folder_key] = tempfile.TemporaryDirectory(prefix="alertes-")
    postgres = config.stash[postgres_key] = _postgres(config)
    os.environ.update(IN_PROCESS)
    os.environ["DATA_DIR"] = folder.name
    if postgres is not None:
        os.environ["DATABASE_URL"] = postgres.create_database()
    os.environ["DJANGO_SETTINGS_MODULE"] = "notifier.settings"
    # pytest-django only sets Django up where it found the settings before this hook.
    import django
    from django.conf import settings

    django.setup()
    # Passwords cost no time: argon2 would take 100 ms of each test that has an account.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    prove_forced_log_ins()
    # Else every client of Django's lists all static files first, 20 ms.
    settings.WHITENOISE_AUTOREFRESH = True


def _postgres(config: pytest.Config) -> Postgres | None:
    if config.getoption("database") == "sqlite":
        return None
    try:
        # Its files end with the tests: nothing is made to outlast the machine.
        return Postgres(fsync="off", synchronous_commit="off", full_page_writes="off")
    except NoPostgres as error:
        raise pytest.UsageError(f"--database postgresql: {error}") from None


# Fixtures through which a test reaches a database.
REACH_A_DATABASE = {"db", "django_db_setup"}
# Those through which several connections meet, as in use: there the two databases differ most, by
# their locks and by what each connection sees of the others' transactions.
SEVERAL_CONNECTIONS = {"transactional_db", "service", "live", "real_commits"}
# "-once" are those whose mark says that one of the two databases is enough.
KINDS = (
    "without-database",
    "one-connection",
    "one-connection-once",
    "several-connections",
    "several-connections-once",
)
once_key = pytest.StashKey[int]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what another run plays (`--only`), and count it for the end."""
    if config.getoption("only") is None:
        return
    kinds = config.getoption("only").split(",")
    if unknown := set(kinds) - set(KINDS):
        raise pytest.UsageError(f"--only: {', '.join(sorted(unknown))}: of {', '.join(KINDS)}")
    here = [item for item in items if _kind_of(item) in kinds]
    config.stash[once_key] = len(items) - len(here)
    items[:] = here


def pytest_collection_finish() -> None:
    """Leave what is there for good out of every later collection of garbage."""
    gc.collect()
    gc.freeze()


def _kind_of(item: pytest.Item) -> str:
    """Return which of KINDS it is, of which the Makefile says what runs on which database."""
    fixtures = set(getattr(item, "fixturenames", ()))
    mark = item.get_closest_marker("django_db")
    if not (mark or fixtures & (REACH_A_DATABASE | SEVERAL_CONNECTIONS)):
        return "without-database"
    several = fixtures & SEVERAL_CONNECTIONS or (mark and mark.kwargs.get("transaction"))
    kind = "several-connections" if several else "one-connection"
    if once := item.get_closest_marker("one_database"):
        reasons = [*once.args, *once.kwargs.values()]
        assert len(reasons) == 1, f"{item.nodeid}: one_database(reason)"
        kind += "-once"
    return kind


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what this run started."""
    postgres = config.stash.get(postgres_key, None)
    if postgres is not None:
        postgres.stop()
    if folder := config.stash.get(folder_key, None):
        folder.cleanup()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """SQLite in a file, as in use: in memory, threads would share one connection's locks."""
    from django.db import connection

    if connection.vendor == "sqlite":
        file = tmp_path_factory.mktemp("database") / "tests.sqlite3"
        connection.settings_dict["TEST"]["NAME"] = str(file)


@pytest.fixture(scope="session")
def _name_outside_tests() -> str:
    from django.db import connection

    return str(connection.settings_dict["NAME"])


@pytest.fixture(scope="session")
def django_db_setup(
    pytestconfig: pytest.Config,
    _name_outside_tests: str,
    django_db_setup: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    """pytest-django's own, and a copy before any test; it makes none where no test asks for it."""
    from django.db import connection

    postgres = pytestconfig.stash[postgres_key]
    if connection.settings_dict["NAME"] != _name_outside_tests:
        folder = tmp_path_factory.mktemp("migrated")
        pytestconfig.stash[migrated_key] = Migrated(postgres, folder)
    yield
    if postgres is not None:
        # A thread of a server in this process may have left one, and the database could not go.
        connection.close()
        postgres.cut_connections()


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """A clock that the tests put forward."""
    with time_machine.travel(datetime.now(UTC), tick=True) as clock:
        yield clock


@pytest.fixture
def two_providers(settings: Any) -> Iterator[None]:
    """Twilio first and OVHcloud beside it, as configured; neither is there."""
    from notifier.delivery import routing
    from notifier.simulator.ovh_account import variables

    ovh = variables("http://127.0.0.1:1", "a token")
    settings.ENVIRONMENT = changed(settings.ENVIRONMENT, SMS_PROVIDERS="twilio,ovh", **ovh)
    routing.forget()
    yield
    routing.forget()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate and its key for 127.0.0.1, of an authority that nobody knows."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def service(
    pytestconfig: pytest.Config, django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """The real service on a fresh database of the kind that `--database` names."""
    running = _start_service(pytestconfig, tmp_path_factory.mktemp("service"))
    pytestconfig.stash[service_key] = running
    yield running
    running.end()


def _start_service(config: pytest.Config, folder: Path) -> Service:
    outside = config.stash[outside_key]
    environment = {**outside}
    if migrated := config.stash.get(migrated_key, None):
        environment |= migrated.environment(folder)
    elif (postgres := config.stash[postgres_key]) is not None:
        environment["DATABASE_URL"] = postgres.create_database()
    return Service(environment, folder, is_migrated=migrated is not None)


@pytest.fixture
def live(service: Service) -> Iterator[Live]:
    """The real service for one test, which fails on any message that it did not expect."""
    service.logs.clear()
    test = Live(service)
    yield test
    test.verify()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Beside a failure of a live test stand the service's own lines."""
    report = yield
    if report.failed and "service" in getattr(item, "fixturenames", ()):
        service = item.config.stash.get(service_key, None)
        if service is not None:
            report.sections.append(("the service's logs", "\n".join(list(service.logs)[-200:])))
    return report


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    """Say on what it ran, what did not run and why."""
    terminalreporter.section("what ran, what did not, and why")
    postgres = config.stash[postgres_key]
    where = f"PostgreSQL ({postgres.binaries})" if postgres else "SQLite"
    terminalreporter.line(f"Database: {where}.")
    if not SAMPLES.is_dir():
        terminalreporter.line(
            "The folder ../shared/samples is missing: tests against it were skipped."
        )
    left_out = terminalreporter.stats.get("skipped", [])
    for report in left_out:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        terminalreporter.line(f"Not run: {report.nodeid}: {reason}")
    if once := config.stash.get(once_key, 0):
        terminalreporter.line(f"Left to other runs (--only): {once} tests.")
    deselected = len(terminalreporter.stats.get("deselected", []))
    if deselected:
        terminalreporter.line(f"Not run: {deselected} tests, not chosen on the command line.")
    if others := ", ".join(folder.name for folder in _not_named(config)):
        terminalreporter.line(f"Left to targets of their own, see `make help`: {others}.")
    if not left_out and not deselected:
        terminalreporter.line("Nothing else was left out.")
