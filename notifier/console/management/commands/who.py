"""The command `notifier who`: who was told of an incident, or would be of one in a commune."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from notifier.alerting.decision.who import Answer, who_was_told, who_would_be_told
from notifier.alerting.policy.current import categories
from notifier.console.terminal import wrap_for
from notifier.intake.lookup import not_found, reports_named
from notifier.intake.schema.vocabulary import Severity
from notifier.territory.resolve import Commune, commune_by_code


class Command(BaseCommand):
    """Print who is told, by which rule, in which order, and who is passed over and why."""

    help = (
        "Qui a été prévenu d’une intervention ; ou qui le serait d’un fait d’une catégorie dans "
        "une commune, à un moment : par quelle règle, dans quel ordre, qui est passé et pourquoi."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "reference", nargs="?", metavar="REFERENCE", help="une intervention reçue"
        )
        parser.add_argument("--commune", metavar="CODE", help="sinon : code INSEE d’une commune")
        parser.add_argument("--categorie", metavar="CODE", help="catégorie du fait, avec --commune")
        parser.add_argument(
            "--gravite", choices=[s.value for s in Severity], default=Severity.SEVERE.value
        )
        parser.add_argument(
            "--point", metavar="LATITUDE,LONGITUDE", help="où c’est, ce que demandent les sites"
        )
        parser.add_argument(
            "--a", metavar="MOMENT", help='à l’heure de la commune, par exemple "2026-12-05 03:00"'
        )

    def handle(self, *_: object, **options: Any) -> None:
        if options["reference"]:
            self._print_told(options["reference"])
        elif options["commune"] and options["categorie"]:
            commune = _commune(options["commune"])
            category = categories().closest(options["categorie"])
            if category is None:
                raise CommandError(f"{options['categorie']} n’est le code d’aucune catégorie")
            at, point = _moment(options["a"], commune), _point(options["point"])
            gravity = options["gravite"]
            self.stdout.write(f"{category.label}, {commune.label}, {at:%d/%m/%Y à %H:%M}")
            self._print(who_would_be_told(commune, category.code, gravity, at, point))
        else:
            raise CommandError("donner une REFERENCE, ou --commune et --categorie")

    def _print_told(self, reference: str) -> None:
        known = reports_named(reference).select_related("incident__source")
        incidents = {report.incident_id: report.incident for report in known}
        if not incidents:
            raise CommandError(not_found(reference))
        for _, incident in sorted(incidents.items()):
            self.stdout.write(f"{incident.reference} ({incident.source.name})")
            self._print(who_was_told(incident))

    def _print(self, answers: list[Answer]) -> None:
        for answer in answers:
            self._write(f"  {answer.organisation} : {answer.reason}", 4)
            for number, reader in enumerate(answer.readers, start=1):
                fate = f" : {reader.fate}" if reader.fate else ""
                self._write(f"    {number}. {reader.title} ({reader.address}){fate}", 7)
            if answer.asks:
                self._write(f"    {answer.asks}, sinon d’autres sont prévenus", 6)
            if answer.next_in_order:
                self._write(f"    à défaut : {', '.join(answer.next_in_order)}", 6)
            for line in answer.passed_over:
                self._write(f"    pas prévenu : {line}", 6)
        if not answers:
            self.stdout.write("  personne")

    def _write(self, line: str, indent: int) -> None:
        stream: Any = self.stdout
        for piece in wrap_for(line, indent, stream):
            self.stdout.write(piece)


def _commune(code: str) -> Commune:
    commune = commune_by_code(code.strip().upper())
    if commune is None:
        raise CommandError(f"aucune commune actuelle ne porte le code {code} (pas le code postal)")
    return commune


def _moment(written: str | None, commune: Commune) -> datetime:
    zone = ZoneInfo(commune.time_zone)
    if written is None:
        return timezone.now().astimezone(zone)
    try:
        return datetime.fromisoformat(written).replace(tzinfo=zone)
    except ValueError:
        raise CommandError(f'« {written} » : écrire le moment comme "2026-12-05 03:00"') from None


def _point(written: str | None) -> tuple[float, float] | None:
    if written is None:
        return None
    try:
        latitude, longitude = map(float, written.split(","))
    except ValueError:
        raise CommandError(f"« {written} » : écrire le point comme 47.509,6.998") from None
    return latitude, longitude
