"""Celery's doors to the accounts room."""

from celery import shared_task

from notifier.accounts.log_in import sessions


@shared_task(name="accounts.forget_ended")
def forget_ended() -> None:
    """Hourly."""
    sessions.forget_ended()
