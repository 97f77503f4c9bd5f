"""The command `notifier doctor`: what is missing, wrong or unreachable, and what to do."""

from collections import Counter
from itertools import chain
from typing import Any

from django.core.management.base import BaseCommand

from notifier.console.terminal import paint
from notifier.ops.doctor import content as contents
from notifier.ops.doctor import fitness, providers
from notifier.ops.doctor import infrastructure as surroundings
from notifier.ops.doctor.findings import Check, Finding, Level, examine, warning

FIRST: tuple[tuple[str, Check], ...] = (
    ("Environnement", surroundings.check_environment),
    ("Réseau", fitness.check_network),
    ("Secrets et expéditeur", fitness.check_secrets_and_senders),
    ("Appels vocaux", fitness.check_calls),
    ("Fichiers", fitness.check_files),
    ("Base", surroundings.check_database),
    ("Courtier", surroundings.check_broker),
    ("Catégories et textes", contents.check_content),
    ("Territoire", contents.check_territory),
    ("Twilio", providers.check_twilio),
    ("OVHcloud", providers.check_ovh),
    ("PUBLIC_URL", surroundings.check_public_url),
)
# These read the tables: where there are none, each would only say so again.
OF_THE_DATABASE: tuple[tuple[str, Check], ...] = (
    ("Opérateurs de SMS", providers.check_routing),
    ("Courriel", providers.check_smtp),
    ("Horloge", surroundings.check_clock),
    ("Sources et contacts", contents.check_sources_and_contacts),
    ("Permanences", fitness.check_sources),
    ("Processus", fitness.check_processes),
    ("Essais de bout en bout", fitness.check_canary),
    ("File d’attente", contents.check_waiting),
)
COLOURS = {Level.GOOD: "green", Level.WARNING: "yellow", Level.BAD: "red"}


class Command(BaseCommand):
    """Print every finding as it is made; exit code 1 if any is bad."""

    help = "Vérifie tout ce dont une alerte a besoin, et dit quoi faire."
    # It reports what the system checks would only refuse.
    requires_system_checks = ()

    def handle(self, *_: Any, **_options: Any) -> None:
        found = {title: self._examine(title, check) for title, check in FIRST}
        if Level.BAD in found["Base"]:
            titles = (title[0].lower() + title[1:] for title, _ in OF_THE_DATABASE)
            self._print(
                warning(f"Pas vérifiés : {', '.join(titles)}", "corriger d’abord la base, relancer")
            )
        else:
            found |= {title: self._examine(title, check) for title, check in OF_THE_DATABASE}
        marks = Counter(chain.from_iterable(found.values()))
        self._conclude(marks[Level.BAD], marks[Level.WARNING])

    def _conclude(self, faults: int, warnings: int) -> None:
        if faults:
            self.stdout.write(f"\n{_points(faults)} à corriger.")
            raise SystemExit(1)
        self.stdout.write(
            f"\nRien à corriger ; {_points(warnings)} à regarder (!)."
            if warnings
            else "\nTout va bien."
        )

    def _examine(self, title: str, check: Check) -> list[Level]:
        return [self._print(finding) for finding in examine(title, check)]

    def _print(self, finding: Finding) -> Level:
        stream: Any = self.stdout
        self.stdout.write(
            f"{paint(finding.mark.value, COLOURS[finding.mark], stream)} {finding.what}"
        )
        if finding.remedy:
            self.stdout.write(f"    → {finding.remedy}")
        self.stdout.flush()
        return finding.mark


def _points(count: int) -> str:
    return f"{count} point{'s' if count > 1 else ''}"
