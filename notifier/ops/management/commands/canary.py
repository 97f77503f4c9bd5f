"""The command `notifier canary`: try the whole way to the test number and back, now."""

import time
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from notifier.alerting.canary.runs import (
    is_on,
    last_returned,
    start_run,
)
from notifier.alerting.canary.watch import look, reason_of
from notifier.alerting.canary_source import LATE_AFTER
from notifier.alerting.models import CanaryRun
from notifier.delivery.models import DELIVERED_STATES, NOT_DELIVERED_STATES
from notifier.moments import written_moment
from notifier.readiness import CHECK_TAG, require_complete

LOOK_EVERY_S = 0.5


class Command(BaseCommand):
    """Send an end-to-end test and wait for its receipt; exit code 1 where it does not come back."""

    help = (
        "Envoie un essai de bout en bout au numéro CANARY_PHONE et attend qu’il revienne, cinq "
        "minutes au plus. S’il ne revient pas, ceux qui ont la charge du service en reçoivent le "
        "courriel, sans passer par les files."
    )
    # Checked in `handle`: nobody is to start this with --skip-checks.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--no-wait", action="store_true", help="ne pas attendre qu’il revienne")
        how.add_argument(
            "--check", action="store_true", help="n’envoyer rien, dire où en sont les derniers"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        require_complete([CHECK_TAG])
        if not is_on():
            raise CommandError(
                "les essais sont arrêtés : mettre un mobile du service dans CANARY_PHONE"
            )
        if not options["check"]:
            run = start_run()
            self.stdout.write(f"Essai {run.pk} envoyé.")
            if options["no_wait"]:
                return
            self._wait_for(run)
        self._conclude()

    def _wait_for(self, run: CanaryRun) -> None:
        """Wait until it came back, will not, or is late."""
        mine = CanaryRun.objects.filter(pk=run.pk)
        over = mine.filter(message__state__in=(*DELIVERED_STATES, *NOT_DELIVERED_STATES))
        while not over.exists() and timezone.now() - run.sent_at <= LATE_AFTER:
            time.sleep(LOOK_EVERY_S)

    def _conclude(self) -> None:
        outage = look()
        if outage is not None:
            self.stdout.write(f"{reason_of(outage)}.")
            raise SystemExit(1)
        last = last_returned()
        if last is None or last.message is None or last.message.ended_at is None:
            self.stdout.write("Aucun essai n’est encore revenu.")
            return
        took = max(last.message.ended_at - last.sent_at, timedelta()).total_seconds()
        at = written_moment(timezone.localtime(last.sent_at))
        seconds = f"{took:.1f}".replace(".", ",")
        self.stdout.write(f"L’essai envoyé {at} est revenu en {seconds} s.")
