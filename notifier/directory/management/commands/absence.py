"""The command `notifier absence`: who is away, until when, and who stands in."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import time
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from notifier.directory.absences import (
    absences_of,
    add_absence,
    describe_absence,
    end_absence,
    other_mandates,
)
from notifier.directory.changes import changing
from notifier.directory.lookup import describe_mandate, mandate_named, parse_moment
from notifier.directory.management.commands._arguments import (
    MOMENT_HELP,
    PERSON_HELP,
    add_author_option,
    add_organisation_argument,
    find_organisation,
    refusals_in_one_line,
)
from notifier.directory.models import Absence, ChangeKind
from notifier.directory.ringing import Away, silences_of

_END_OF_DAY = time(23, 59)
_SOURCE = "notifier absence"


class Command(BaseCommand):
    """Add an absence, list those of an organisation, end one."""

    help = "Absences : saisir, afficher, terminer ; un remplaçant nommé, sinon le suivant."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the actions, each with its own arguments."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="add|list|end")
        adding = actions.add_parser("add", help="saisir une absence")
        add_organisation_argument(adding)
        adding.add_argument("person", metavar="PERSONNE", help=PERSON_HELP)
        adding.add_argument(
            "--from", dest="start", metavar="DEBUT", help=f"{MOMENT_HELP} ; sans lui, maintenant"
        )
        adding.add_argument(
            "--until", dest="end", required=True, metavar="FIN",
            help=f"{MOMENT_HELP} ; sans heure, la fin de ce jour",
        )  # fmt: skip
        adding.add_argument(
            "--stand-in", metavar="PERSONNE", help="remplaçant ; sans lui, le suivant dans l’ordre"
        )
        add_author_option(adding)
        listing = actions.add_parser("list", help="absences en cours et à venir d’un organisme")
        add_organisation_argument(listing)
        ending = actions.add_parser("end", help="terminer une absence maintenant")
        ending.add_argument("number", type=int, metavar="NUMERO", help="affiché par « list »")
        add_author_option(ending)

    def handle(self, *_: Any, **options: Any) -> None:
        """Run the action; exit code 1, with nothing written, when anything is refused."""
        with refusals_in_one_line():
            getattr(self, f"_{options['action']}")(options)

    def _add(self, options: dict[str, Any]) -> None:
        now = timezone.now()
        organisation = find_organisation(options["organisation"])
        zone = organisation.zone_info
        mandate = mandate_named(organisation, options["person"], now)
        stand_in = None
        if options["stand_in"]:
            stand_in = mandate_named(organisation, options["stand_in"], now)
        starts_at = parse_moment(options["start"], zone) if options["start"] else now
        ends_at = parse_moment(options["end"], zone, _END_OF_DAY)
        silences = silences_of(Away(organisation, [mandate], starts_at, ends_at, stand_in))
        with changing(ChangeKind.HAND, options["who"], _SOURCE):
            absence = add_absence(mandate, starts_at, ends_at, stand_in, now)
        self._show(absence)
        for silence in silences:
            self.stdout.write(f"  Attention, {silence}.")
        for other in other_mandates(mandate, now):
            self.stdout.write(
                f"  Aussi {other.title} de {other.organisation} : prévenu à ce titre, sauf à y "
                f"saisir l’absence (notifier absence add {other.organisation.ref} {other.pk} …)."
            )

    def _list(self, options: dict[str, Any]) -> None:
        organisation = find_organisation(options["organisation"])
        self.stdout.write(str(organisation))
        absences = absences_of(organisation, timezone.now())
        for absence in absences:
            self._show(absence)
        if not absences:
            self.stdout.write("Aucune absence en cours ou à venir.")

    def _end(self, options: dict[str, Any]) -> None:
        number = options["number"]
        with changing(ChangeKind.HAND, options["who"], _SOURCE):
            absence = end_absence(number, timezone.now())
        who = describe_mandate(absence.mandate)
        self.stdout.write(f"Absence n° {number} de {who} : terminée, de nouveau prévenu.")

    def _show(self, absence: Absence) -> None:
        who = describe_mandate(absence.mandate)
        self.stdout.write(f"n° {absence.pk}  {who} : {describe_absence(absence)}")
