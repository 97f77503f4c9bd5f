"""What `celery -A worker` asks for."""

from notifier.celery import app
from notifier.jobs import signals  # noqa: F401 - imported for its receivers

__all__ = ["app"]
