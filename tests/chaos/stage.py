"""The stage: the whole service on one database, with people to tell, and what strikes it."""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from notifier.ops.api_client import DispatchClient
from notifier.ops.local.stack import current_environment
from notifier.simulator.client import Simulator
from notifier.territory.reference.database import query
from tests.chaos.ledger import Ledger
from tests.chaos.stream import Person, Stream
from tests.harness.postgres import Postgres
from tests.harness.service import Service

PACKAGED = Path(__file__).resolve().parents[2] / "config" / "categories.toml"
# Not département 90, in which other tests of the same service have their contacts.
DEPARTEMENT = "70"
COMMUNES = 60
# One commune in so many has a duty official and a municipal police besides its mayor.
SEVERAL_IN = 3
# As the service files for systemd say.
RESTART_S = 2.0
# Room for the database, the broker's file and what a fault leaves free of it.
DISK_MIB = 96


@dataclass
class Stage:
    """A running service and what is around it."""

    service: Service
    database: str
    dispatch: DispatchClient
    people: list[Person]
    ledger: Ledger
    postgres: Postgres | None = None
    disk: Path | None = None
    """Where the SQLite file is, when that is a file system of its own that may be filled."""

    @property
    def simulator(self) -> Simulator:
        """The provider."""
        return self.service.simulator

    def systemd_pause(self) -> None:
        """What systemd waits before it starts a dead program again."""
        time.sleep(RESTART_S)


@dataclass
class Scene:
    """One fault's time on the stage: the stream that flows and the seeded moments in it."""

    stage: Stage
    stream: Stream
    random: Random
    notes: list[str]
    told: list[tuple[str, Person]] = field(default_factory=list)
    """By a fault's own pushes beside the stream: of which reference, who."""
    wrong: list[str] = field(default_factory=list)
    """What a strike saw that should not be."""

    @property
    def service(self) -> Service:
        """The running service."""
        return self.stage.service

    @property
    def simulator(self) -> Simulator:
        """The provider."""
        return self.stage.simulator

    def moment(self, after: float, before: float) -> None:
        """Wait for a push of the stream, seeded, between these parts of it (0 to 1)."""
        events = self.stream.events
        low, high = max(1, round(after * events)), max(1, round(before * events))
        self.stream.wait_for_push(self.random.randint(low, max(low, high)))


def set_stage(service: Service, database: str) -> Stage:
    """Give a running service a source of its own for the chaos, and people to tell."""
    added = service.run("source", "add", f"CORG {DEPARTEMENT}", "--departement", DEPARTEMENT)
    assert added.returncode == 0, added.stderr
    key = added.stdout.strip().splitlines()[-1]
    people = _people(service)
    service.add_contacts(*(_row(rank, person) for rank, person in enumerate(people, start=1)))
    dispatch = DispatchClient(service.url, key)
    return Stage(service, database, dispatch, people, Ledger(service.env))


def open_stage(database: str, environment: dict[str, str], at_the_end: ExitStack) -> Stage:
    """A service with two workers on a fresh database; `at_the_end` ends all that it starts."""
    folder = Path(at_the_end.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
    postgres, disk = None, None
    if database == "postgresql":
        postgres = Postgres()
        at_the_end.callback(postgres.stop)
        environment = environment | {"DATABASE_URL": postgres.create_database()}
    else:
        disk = at_the_end.enter_context(_own_disk(folder))
    rules = at_the_end.enter_context(tempfile.TemporaryDirectory(prefix="chaos-"))
    environment = environment | {"CATEGORIES_FILE": str(_without_gathering(Path(rules)))}
    service = Service(environment, folder, workers=2)
    at_the_end.callback(service.end)
    stage = set_stage(service, database)
    stage.postgres, stage.disk = postgres, disk
    return stage


def _without_gathering(folder: Path) -> Path:
    """The operator's file, but that nobody's texts become a digest: each is counted by itself here.

    A person of the stage reads in minutes what a mayor reads in a year.
    """
    words = PACKAGED.read_text(encoding="utf-8")
    rules = re.sub(
        r"(?m)^texts = \d+", "texts = 100", re.sub(r"(?m)^minutes = \d+", "minutes = 1", words)
    )
    if rules == words:
        raise RuntimeError(f"{PACKAGED}: no [storm], or several")
    file = folder / PACKAGED.name
    file.write_text(rules, encoding="utf-8")
    return file


def outside_environment() -> dict[str, str]:
    """This process's environment without what would lead the service elsewhere."""
    ours = ("DATABASE_URL", "BROKER_URL", "PUBLIC_URL", "DATA_DIR", "SECRET_KEY", "LOG_LEVEL")
    theirs = ("TWILIO_", "OVH_", "SMS_PROVIDERS", "EMAIL_")
    return {
        name: value
        for name, value in current_environment().items()
        if name not in ours and not name.startswith(theirs)
    }


@contextmanager
def _own_disk(folder: Path) -> Iterator[Path | None]:
    """A small file system mounted on the folder; None where this user may not mount one."""
    options = ["-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=0700", "tmpfs", str(folder)]
    try:
        done = subprocess.run(["mount", *options], capture_output=True, check=False)
    except FileNotFoundError:
        done = None
    if done is None or done.returncode:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _people(service: Service) -> list[Person]:
    found = query(
        "SELECT code FROM commune WHERE departement = ? ORDER BY code LIMIT ?",
        DEPARTEMENT,
        COMMUNES,
    )
    people = []
    for place, (code,) in enumerate(found):
        functions = ("maire", "astreinte", "police_municipale")
        for function in functions if place % SEVERAL_IN == 0 else functions[:1]:
            mobile = service.new_number()
            people.append(Person(code, function, mobile, f"c{mobile[-4:]}@commune.example"))
    return people


def _row(rank: int, person: Person) -> str:
    named = f"Essai;{rank}"
    return f"{person.commune};{person.function};1;{named};{person.mobile};{person.email}"
