"""The command `notifier beat`: trigger the sweeps."""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from notifier.ops.local.stack import beat_command
from notifier.readiness import require_complete


class Command(BaseCommand):
    """Run Celery beat. One is enough; a second does no harm."""

    help = "Lance l’horloge Celery, qui déclenche les rattrapages."
    # Checked in `handle`: nobody is to start this with --skip-checks.
    requires_system_checks = ()

    def handle(self, *_: Any, **_options: Any) -> None:
        require_complete()
        self.check()
        data_dir = settings.ENVIRONMENT.DATA_DIR.absolute()
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        command = beat_command(settings.ENVIRONMENT.LOG_LEVEL, data_dir)
        os.execv(command[0], command)  # noqa: S606  # our own program, without a shell
