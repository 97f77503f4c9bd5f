"""The command `notifier web`: the web server, for machines and people."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from notifier.ops.local.stack import Bind, cannot_listen, web_command
from notifier.readiness import require_complete, require_variables


class Command(BaseCommand):
    """Run the web server in place of this process."""

    help = "Lance le serveur web (API, réception des accusés, administration)."
    # Checked in `handle`: nobody is to start this with --skip-checks.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--bind", default="127.0.0.1:8000", metavar="ADRESSE:PORT", help="où écouter"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        require_variables()
        try:
            bind = Bind.parse(options["bind"])
            # Granian shares a port with whoever has it: an older service would answer half.
            bind.require_free()
        except (ValueError, OSError) as error:
            raise CommandError(cannot_listen(options["bind"], error)) from None
        # Last: loading every page and trying every text takes a second and more.
        require_complete()
        self.check()
        command = web_command(bind)
        os.execv(command[0], command)  # noqa: S606  # our own program, without a shell
