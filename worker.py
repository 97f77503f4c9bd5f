"""What `celery -A worker` asks for."""

from notifier.celery import app

__all__ = ["app"]
