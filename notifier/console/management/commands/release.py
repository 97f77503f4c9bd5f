"""The command `notifier release REFERENCE`: relay what waits to the residents of a quarter."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from notifier.alerting.release.relay import relay, waiting_relays
from notifier.console.management.commands._who import add_actor_option
from notifier.intake.lookup import not_found, reports_named


class Command(BaseCommand):
    """Release the texts of participation citoyenne that wait for a person."""

    help = (
        "Participation citoyenne : relaie aux habitants d’un quartier ce qui attend une décision, "
        "une fois le maire ou le gendarme référent d’accord."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "reference", metavar="REFERENCE", help="la référence donnée par le centre d’opérations"
        )
        parser.add_argument(
            "--quartier", metavar="CODE", help="un seul quartier ; sinon tous ceux qui attendent"
        )
        add_actor_option(parser, "qui en a décidé, par exemple « maire de Delle »")

    def handle(self, *_: object, **options: Any) -> None:
        reference, quarter = options["reference"], options["quartier"]
        incidents = {report.incident_id for report in reports_named(reference)}
        if not incidents:
            raise CommandError(not_found(reference))
        waiting = [
            alert
            for incident_id in sorted(incidents)
            for alert in waiting_relays(incident_id)
            if quarter in (None, alert.organisation)
        ]
        if not waiting:
            where = f" dans le quartier « {quarter} »" if quarter else ""
            raise CommandError(f"rien n’attend de relais{where} pour « {reference} »")
        for alert in waiting:
            count = relay(alert, options["who"])
            plural = "s" if count > 1 else ""
            self.stdout.write(
                f"{alert.organisation_name} : {count} adresse{plural}, départ dans les secondes "
                "qui viennent."
            )
