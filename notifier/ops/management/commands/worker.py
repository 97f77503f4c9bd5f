"""The command `notifier worker`: resolve, compose and send."""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from notifier.jobs.broker import QUEUES
from notifier.ops.local.stack import worker_command
from notifier.readiness import require_complete


class Command(BaseCommand):
    """Run a Celery worker in place of this process."""

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
        require_complete()
        self.check()
        command = worker_command(settings.ENVIRONMENT.LOG_LEVEL, options["lane"])
        os.execv(command[0], command)  # noqa: S606  # our own program, without a shell
