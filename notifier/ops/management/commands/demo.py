"""The command `notifier demo`: an alert from end to end, with a simulated provider."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from notifier.ops.demo.run import SCENES, Demo
from notifier.ops.demo.steps import DemoFailed
from notifier.ops.local.supervisor import ProcessError


class Command(BaseCommand):
    """Run it in a folder of its own; exit code 0 only if every step went as expected."""

    help = "Montre le parcours complet d’une alerte ; rien ne part vraiment."
    # The service that it starts checks itself.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--scene",
            choices=SCENES,
            default="alertes",
            help="alertes : les maires d’un département (par défaut) ; conventions : ceux que des "
            "conventions font prévenir avec eux ; reponse : un maire silencieux, un adjoint qui "
            "s’en occupe, une commune qui n’est pas la bonne",
        )
        parser.add_argument(
            "--keep",
            action="store_true",
            help="conserver la base et les journaux de la démonstration",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        demo = Demo(options["scene"])
        try:
            demo.play(keep=options["keep"])
        except (DemoFailed, ProcessError) as failure:
            for line in demo.logs():
                print(line, file=sys.stderr)
            raise CommandError(f"la démonstration a échoué : {failure}") from None
        except KeyboardInterrupt:
            raise CommandError("démonstration interrompue", returncode=130) from None
