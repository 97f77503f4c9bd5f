"""The Django application `jobs`."""

import sys

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Stores the heartbeats of the processes."""

    name = "notifier.jobs"
    label = "jobs"
    verbose_name = "Processus"

    def ready(self) -> None:
        """Connect the signal receivers of workers and beat.

        Only their processes have loaded Celery by now (`notifier/celery.py`). Loading it takes a
        tenth of a second, which commands and the web server do not spend at their start.
        """
        if "celery" not in sys.modules:
            return
        from notifier.jobs import signals  # noqa: F401 - imported for its receivers
