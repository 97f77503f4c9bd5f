"""The command `notifier samples`: an invented département to try the console with."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from notifier.ops.samples.fill import SamplesRefused, fill, is_free


class Command(BaseCommand):
    """Fill an empty database; with the simulator alone."""

    help = "Données d’exemple : personnes et interventions inventées, avec le simulateur seulement."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--only-if-empty",
            action="store_true",
            help="ne rien faire, et ne rien dire, là où autre chose a déjà été saisi",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            if options["only_if_empty"] and not is_free():
                return
            fill(timezone.now())
        except SamplesRefused as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(
            "Données d’exemple : le Territoire de Belfort, deux semaines d’interventions inventées."
        )
