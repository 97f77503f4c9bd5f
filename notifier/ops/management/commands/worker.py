"""The command `notifier worker`: resolve, compose and send."""

import sys
from itertools import chain
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from notifier.jobs.broker import QUEUES
from notifier.readiness import CHECK_TAG, require_complete


class Command(BaseCommand):
    """Run a Celery worker in this process."""

    help = "Lance un travailleur Celery, qui localise, rédige et envoie."
    # Checked in `handle`: nobody is to start this with --skip-checks.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--lane",
            choices=list(QUEUES),
            help="ne servir que cette file : urgent, ou routine (et l’entretien) ; sinon, les deux",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        require_complete([CHECK_TAG])
        # Slow to load, and no matter of a start that is refused.
        from notifier.jobs.run import run_worker

        lane = options["lane"]
        queues = QUEUES[lane] if lane else chain.from_iterable(QUEUES.values())
        sys.exit(run_worker(queues, settings.ENVIRONMENT.LOG_LEVEL))
