"""`notifier worker`: resolves, composes and sends."""

import argparse
import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from notifier.console.launch import WORKER_THREADS, worker_command
from notifier.readiness import require_complete


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"« {text} » n’est pas un nombre entier d’au moins 1")
    return int(text)


class Command(BaseCommand):
    """Becomes a Celery worker."""

    help = "Lance un travailleur Celery, qui localise, rédige et envoie."
    # Checked in `handle`: nobody is to start this with --skip-checks.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--concurrency",
            type=_positive,
            default=WORKER_THREADS,
            metavar="N",
            help=f"envois simultanés ({WORKER_THREADS})",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        require_complete()
        self.check()
        command = worker_command(settings.ENVIRONMENT.LOG_LEVEL, options["concurrency"])
        os.execv(command[0], command)  # noqa: S606  # our own program, without a shell
