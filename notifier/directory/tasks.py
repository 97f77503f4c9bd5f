"""Celery's tasks of this room."""

from celery import shared_task
from django.utils import timezone

from notifier.directory.confirmation import erase_links
from notifier.directory.imports import jobs
from notifier.directory.on_call.planning import extend_rotations
from notifier.directory.undoing import jobs as undo_jobs


@shared_task(name="directory.extend_rotations")
def extend_rotations_task() -> None:
    """Store the shifts on call of the next 53 weeks."""
    extend_rotations(timezone.now())


@shared_task(name="directory.run_import")
def run_import_task(*job_ids: str) -> None:
    """Read or write lists that were uploaded."""
    for job_id in job_ids:
        jobs.run(int(job_id))


@shared_task(name="directory.run_undo")
def run_undo_task(*job_ids: str) -> None:
    """Prepare or take back large changes."""
    for job_id in job_ids:
        undo_jobs.run(int(job_id))


@shared_task(name="directory.erase_links")
def erase_links_task() -> None:
    """Erase the links of campaigns of confirmation that are long over."""
    erase_links(timezone.now())


@shared_task(name="directory.upkeep_imports")
def upkeep_imports_task() -> None:
    """Go on with lists and undos whose worker died, and erase those that are over."""
    now = timezone.now()
    jobs.upkeep(now)
    undo_jobs.upkeep(now)
