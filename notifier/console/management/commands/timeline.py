"""The command `notifier timeline REFERENCE`: what happened to an incident, step by step."""

from argparse import ArgumentParser
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from notifier.alerting.board.answers import in_words, read_answers
from notifier.alerting.models import Alert
from notifier.alerting.notification.history import timeline_of
from notifier.console.terminal import wrap_for
from notifier.intake.lookup import not_found, reports_named
from notifier.intake.models import Report
from notifier.journal.models import Entry
from notifier.moments import stamped_hour
from notifier.territory.grammar import with_de

# The column after the time and the time since the step before.
TEXT_BEGINS = 23


class Command(BaseCommand):
    """Print the journal of an incident, with the time between steps."""

    help = "Déroulé d’une intervention : chaque étape, son heure et le temps depuis la précédente."
    # The checks load every room, a second and more, to say nothing of what this command does.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "reference", metavar="REFERENCE", help="la référence donnée par le centre d’opérations"
        )

    def handle(self, *_: object, **options: Any) -> None:
        reference = options["reference"]
        known = reports_named(reference).select_related("incident__source")
        incidents = {report.incident_id: report.incident for report in known}
        if not incidents:
            raise CommandError(not_found(reference))
        for pk, incident in sorted(incidents.items()):
            self.stdout.write(f"{incident.reference} ({incident.source.name})")
            self._print(timeline_of(pk))
            self._print_answers(Alert.objects.filter(incident=pk).order_by("pk"))
            self._print_reasons([i for i in known if i.incident_id == pk and i.decision_reason])

    def _print_answers(self, alerts: Iterable[Alert]) -> None:
        """Print what became of the question of each alert that wanted an answer."""
        of_alerts = list(alerts)
        answers = read_answers(of_alerts)
        for alert in of_alerts:
            if said := in_words(alert, answers.of(alert)):
                self._write(f"  Réponse {with_de(alert.organisation_name)} : {said}", 4)

    def _print_reasons(self, decided: list[Report]) -> None:
        """Print the reasons of decisions, which the journal does not hold: they can be erased."""
        for one in sorted(decided, key=lambda report: report.sequence):
            said = " ".join(one.decision_reason.split())
            self._write(f"  Motif de la décision sur le n° {one.sequence} : {said}", 4)

    def _print(self, entries: list[Entry]) -> None:
        day, before = None, None
        for line in entries:
            at = timezone.localtime(line.at)
            if at.date() != day:
                day = at.date()
                self.stdout.write(f"  {day:%d/%m/%Y}")
            self._write(
                f"  {stamped_hour(at)}  {_since(before, line.at)}  {line.text}", TEXT_BEGINS
            )
            before = line.at

    def _write(self, line: str, indent: int) -> None:
        stream: Any = self.stdout
        for piece in wrap_for(line, indent, stream):
            self.stdout.write(piece)


def _since(before: datetime | None, at: datetime) -> str:
    """Format the time since the previous step, in nine characters."""
    if before is None:
        return " " * 9
    seconds = (at - before).total_seconds()
    if seconds < 1:
        return f"+{seconds * 1000:5.0f} ms"
    if seconds < 3600:
        return f"+{seconds:6.1f} s".replace(".", ",")
    return f"+{seconds / 3600:6.1f} h".replace(".", ",")
