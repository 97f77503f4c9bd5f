"""`notifier doctor`: what is missing, wrong or unreachable, and what to do about it."""

from typing import Any

from django.core.management.base import BaseCommand

from notifier.console.doctor import contents, fitness, providers, surroundings
from notifier.console.doctor.findings import Check, Finding, Mark, examine
from notifier.console.screen import paint

CHECKS: tuple[tuple[str, Check], ...] = (
    ("Environnement", surroundings.environment),
    ("Réseau", fitness.network),
    ("Secrets et expéditeur", fitness.secrets_and_senders),
    ("Fichiers", fitness.files),
    ("Base", surroundings.database),
    ("Courtier", surroundings.broker),
    ("Catégories et textes", contents.wording),
    ("Territoire", contents.territory),
    ("Twilio", providers.twilio),
    ("Courriel", providers.smtp),
    ("PUBLIC_URL", surroundings.public_url),
    ("Horloge", surroundings.clock),
    ("Sources et contacts", contents.sources_and_contacts),
    ("Permanences", fitness.sources),
    ("Processus", fitness.processes),
    ("File d’attente", contents.waiting),
)
COLOURS = {Mark.GOOD: "green", Mark.WARNING: "yellow", Mark.BAD: "red"}


class Command(BaseCommand):
    """Prints every finding as it is made; exit code 1 if any is bad."""

    help = "Vérifie tout ce dont une alerte a besoin, et dit quoi faire."
    # It reports what the system checks would only refuse.
    requires_system_checks = ()

    def handle(self, *_: Any, **_options: Any) -> None:
        findings: list[Finding] = []
        for title, check in CHECKS:
            for finding in examine(title, check):
                findings.append(finding)
                self._print(finding)
        faults = sum(finding.mark is Mark.BAD for finding in findings)
        if faults:
            plural = "s" if faults > 1 else ""
            self.stdout.write(f"\n{faults} point{plural} à corriger.")
            raise SystemExit(1)
        self.stdout.write("\nTout va bien.")

    def _print(self, finding: Finding) -> None:
        stream: Any = self.stdout
        self.stdout.write(
            f"{paint(finding.mark.value, COLOURS[finding.mark], stream)} {finding.what}"
        )
        if finding.remedy:
            self.stdout.write(f"    → {finding.remedy}")
        self.stdout.flush()
