"""The command `notifier beat`: trigger the sweeps."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from notifier.readiness import CHECK_TAG, require_complete


class Command(BaseCommand):
    """Run Celery beat in this process. One is enough; a second does no harm."""

    help = "Lance l’horloge Celery, qui déclenche les rattrapages."
    # Checked in `handle`: nobody is to start this with --skip-checks.
    requires_system_checks = ()

    def handle(self, *_: Any, **_options: Any) -> None:
        require_complete([CHECK_TAG])
        # Slow to load, and no matter of a start that is refused.
        from notifier.jobs.run import run_beat

        data_dir = settings.ENVIRONMENT.DATA_DIR.absolute()
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        run_beat(data_dir / "beat-schedule", settings.ENVIRONMENT.LOG_LEVEL)
