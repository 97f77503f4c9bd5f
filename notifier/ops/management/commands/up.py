"""The command `notifier up`: the whole service on this machine, until Ctrl-C."""

from argparse import BooleanOptionalAction
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from notifier.ops.local.stack import Bind, cannot_listen
from notifier.ops.local.supervisor import ProcessError, RestartLimitReached
from notifier.ops.local.up import AlreadyRunning, NoWatcher, RealProvider, TrialEnvironment, run
from notifier.readiness import CHECK_TAG, require_complete


class Command(BaseCommand):
    """Run everything: own Valkey if no broker is named, web, worker, beat."""

    help = "Lance tout le service sur cette machine, jusqu’à Ctrl-C."
    # The children check; this process only starts them, and may lack what --simulator gives them.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--bind", default="127.0.0.1:8000", metavar="ADRESSE:PORT", help="où écouter"
        )
        parser.add_argument(
            "--simulator",
            action="store_true",
            help="avec le prestataire simulé : rien ne part vraiment",
        )
        parser.add_argument(
            "--samples",
            action=BooleanOptionalAction,
            help="avec un département d’exemple, inventé, et une source dont la clé est CLE dans "
            "up.env ; avec --simulator, c’est ainsi dès que la base est vide",
        )
        parser.add_argument(
            "--reload",
            action="store_true",
            help="pour le développement : relance ce qui tourne dès qu’un fichier change",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        if options["samples"] and not options["simulator"]:
            raise CommandError("--samples demande --simulator : ce sont des numéros de fiction")
        if not options["simulator"]:
            require_complete([CHECK_TAG])
        try:
            bind = Bind.parse(options["bind"])
            bind.require_free()
        except (ValueError, OSError) as error:
            raise CommandError(cannot_listen(options["bind"], error)) from None
        try:
            run(
                bind,
                settings.ENVIRONMENT,
                simulator=options["simulator"],
                samples=options["samples"],
                reload=options["reload"],
            )
        except (
            AlreadyRunning,
            TrialEnvironment,
            NoWatcher,
            RealProvider,
            ProcessError,
            RestartLimitReached,
        ) as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            folder = settings.ENVIRONMENT.DATA_DIR.absolute()
            raise CommandError(f"impossible d’écrire dans DATA_DIR, {folder} : {error}") from None
