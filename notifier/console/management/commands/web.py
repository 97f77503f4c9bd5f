"""`notifier web`: the doors for machines and people."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from notifier.bell.readiness import require_complete
from notifier.console.launch import Bind, web_command


class Command(BaseCommand):
    """Becomes the web server."""

    help = "Lance le serveur web (API, réception des accusés, administration)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--bind", default="127.0.0.1:8000", metavar="ADRESSE:PORT", help="où écouter"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        require_complete()
        try:
            command = web_command(Bind.parse(options["bind"]))
        except ValueError as error:
            raise CommandError(str(error)) from None
        os.execv(command[0], command)  # noqa: S606  # our own program, without a shell
