"""Part `pages`: how long each page of the console takes on a whole country of rows.

`python -m tests.bench.pages [--small] [--database URL] [--only NAME,…] [--json]`: on the dataset
of `dataset.py`, in a server of its own or where it is already. Every page of the console is asked
for by an account of each role; one whose parameters the dataset cannot fill is named and left out.
A page that is added joins by itself.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from statistics import median
from typing import Any
from urllib.parse import urlencode

from tests.bench.progress import say
from tests.bench.run import Figures, Run

MAX_MS = 200
WARM_UP, TIMES = 1, 5
# Pages that do something by being opened, or answer with what is no page.
_LEFT_OUT = ("map-", "attested-rows", "import-correction")


@dataclass(frozen=True)
class Measured:
    """A page for a role: the median time on the server in ms, and its statements."""

    page: str
    role: str
    ms: float
    statements: int


def pages(run: Run) -> Figures:
    """Measure in a process of its own: the dataset takes the settings of one database.

    `slowest_ms`: the median of the slowest page; `over`: how many are over 200 ms; `statements`:
    the most that a page needs.
    """
    is_small = run.counts.history_messages < 100_000
    command = [sys.executable, "-m", "tests.bench.pages", "--json"]
    command += ["--small"] if is_small else []
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    found = json.loads(done.stdout)
    run.details["pages"] = found
    return {
        "pages": float(len(found)),
        "slowest_ms": max(each["ms"] for each in found),
        "over": float(sum(each["ms"] > MAX_MS for each in found)),
        "statements": float(max(each["statements"] for each in found)),
    }


def measure(only: tuple[str, ...] = ("",)) -> list[Measured]:
    """Ask for every page whose name begins with one of `only`, as every role.

    What has a département is that of which the most was told.
    """
    from django.db.models import Count

    from notifier.accounts.roles import Role
    from notifier.alerting.models import Alert
    from notifier.directory.models import Organisation
    from tests.harness.accounts import add_account, add_superuser
    from tests.harness.log_in import prove_forced_log_ins

    prove_forced_log_ins()
    of_departement = Alert.objects.values("departement").annotate(n=Count("pk")).order_by("-n")
    departement = of_departement[0]["departement"]
    told = Alert.objects.filter(organisation_kind="commune", departement=departement)
    busiest = told.latest("pk")
    commune = Organisation.objects.get(kind="commune", code=busiest.organisation)
    stamp = time.time_ns()
    accounts = [
        (role.label, add_account(role, where, name=f"{role.value}-{stamp}"))
        for role, where in (
            (Role.GROUPEMENT, departement),
            (Role.ORGANISATION, commune),
            (Role.DISPATCHER, departement),
            (Role.AUDITOR, departement),
        )
    ]
    accounts.append(("exploitant", add_superuser(f"exploitant-{stamp}")))
    addresses = [pair for pair in _addresses(busiest, commune) if pair[0].startswith(only)]
    return [
        measured for role, account in accounts for measured in _as_role(role, account, addresses)
    ]


def _addresses(alert: Any, commune: Any) -> Iterator[tuple[str, str]]:
    """Yield the name and the address of each page, with the searches that people make."""
    from tests.console.world import every_page

    arguments = _arguments(alert, commune)
    for page in every_page():
        name = page.name
        if ("/" not in page.route.rstrip("/") and page.route == "") or name.startswith(_LEFT_OUT):
            continue
        if not getattr(page.view, "permission", None):
            continue
        try:
            address = page.address(arguments)
        except KeyError as missing:
            say(f"{page.route} : le jeu de données n’a pas de {missing}")
            continue
        yield name, address
        for query in _searches(name, alert):
            yield f"{name} ?{'&'.join(query)}", f"{address}?{urlencode(query)}"


def _arguments(alert: Any, commune: Any) -> dict[str, Any]:
    from notifier.directory.models import Address, Convention, Mandate, Zone
    from notifier.intake.models import Report, ReportState

    mandate = Mandate.objects.filter(organisation=commune).first()
    convention = Convention.objects.filter(reference=f"departement-{alert.departement.lower()}")
    doubt = Report.objects.filter(state=ReportState.REVIEW).first()
    found = {
        "kind": "commune",
        "code": commune.code,
        "commune": commune.code,
        "departement": alert.departement,
        "category": alert.category,
        "incident": alert.incident_id,
        "alert": alert.pk,
        "source": alert.incident.source_id,
        "mandate": mandate and mandate.pk,
        "person": mandate and mandate.person_id,
        "address": mandate and Address.objects.filter(person=mandate.person_id).first().pk,  # type: ignore[union-attr] # each has two
        "convention": getattr(convention.first(), "reference", None),
        "report": doubt and doubt.pk,
        "zone": getattr(Zone.objects.first(), "pk", None),
    }
    return {name: value for name, value in found.items() if value is not None}


def _searches(name: str, alert: Any) -> list[dict[str, str]]:
    year, end = alert.opened_at.year, alert.opened_at
    of_departement = {"departement": alert.departement}
    week = {"du": f"{end - timedelta(days=7):%Y-%m-%dT%H:%M}", "au": f"{end:%Y-%m-%dT%H:%M}"}
    return {
        "night": [week],
        "territory": [of_departement],
        "organisations": [{"kind": "commune", "q": "saint"}],
        "figures": [
            {"annee": str(year - 1), **of_departement},
            {"annee": str(year), "mois": "6", **of_departement},
            {"annee": str(year - 1), "organisme": alert.organisation},
        ],
        "log": [
            {"organisme": alert.organisation},
            {"personne": "zeller zoe"},
            {"reference": alert.incident.reference},
            {"etat": "inconnue"},
            {"famille": "C10"},
            {"reponse": "sans"},
            {"reponse": "pas-ma-commune"},
            {"du": f"{year - 2}-12-01", "au": f"{year - 2}-12-31"},
            {"avant": "200000"},
        ],
    }.get(name, [])


class _Statements:
    """How many statements there were, and all that opens or closes a transaction apart."""

    number = 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.number += not sql.startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))
        return execute(sql, params, many, context)


def _as_role(role: str, account: Any, addresses: list[tuple[str, str]]) -> Iterator[Measured]:
    from django.db import connection

    from tests.harness.accounts import logged_in

    client = logged_in(account)
    for name, address in addresses:
        counted = _Statements()
        with connection.execute_wrapper(counted):
            answer = client.get(address)
        if answer.status_code != 200:
            if answer.status_code >= 500:
                raise RuntimeError(f"{role} {address}: {answer.status_code}")
            continue
        for _ in range(WARM_UP):
            client.get(address)
        spent = []
        for _ in range(TIMES):
            started = time.perf_counter()
            client.get(address)
            spent.append((time.perf_counter() - started) * 1000)
        yield Measured(name, role, round(median(spent), 1), counted.number)


def main() -> int:
    """Print what each page takes, the slowest first; 0 whatever it is."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.pages")
    parser.add_argument("--small", action="store_true", help="quelques centaines de lignes")
    parser.add_argument("--database", metavar="URL", help="un jeu de données déjà rempli")
    parser.add_argument("--only", metavar="NOM,…", default="", help="débuts de noms de pages")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    from tests.bench.country import Size
    from tests.bench.dataset import SMALL, connect_to, filled

    only = tuple(arguments.only.split(","))
    if arguments.database:
        connect_to(arguments.database)
        found = measure(only)
    else:
        with filled(SMALL if arguments.small else Size()):
            found = measure(only)
    if arguments.json:
        sys.stdout.write(json.dumps([asdict(each) for each in found]))
        return 0
    for each in sorted(found, key=lambda each: -each.ms):
        sys.stdout.write(
            f"{each.ms:8.1f} ms {each.statements:4d} requêtes  {each.page:32} {each.role}\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
