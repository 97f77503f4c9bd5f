"""The Django application that wakes workers and knows which of them run."""

import sys

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Stores the heartbeats of the processes."""

    name = "notifier.jobs"
    label = "jobs"
    verbose_name = "Processus"

    def ready(self) -> None:
        """Connect what a worker and beat do of ours as they start and end.

        Only those have loaded Celery by now (`notifier/celery.py`); it takes a tenth of a second,
        which commands and the web server need not spend at their start.
        """
        if "celery" not in sys.modules:
            return
        from notifier.jobs import signals  # noqa: F401 - imported for its receivers
