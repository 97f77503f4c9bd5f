"""The Django application `intake`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.core.checks import CheckMessage


class IntakeConfig(AppConfig):
    """Stores sources, reports and messages of other formats."""

    name = "notifier.intake"
    label = "intake"
    verbose_name = "Réception"

    def ready(self) -> None:
        """Register the checks: a faulty table is reported at start, not at the first message."""
        from django.core.checks import register

        from notifier.readiness import CHECK_TAG

        register(_check_tables, CHECK_TAG)


def _check_tables(**options: object) -> Sequence[CheckMessage]:
    # What reads the tables is slow to load, and most commands read none.
    from notifier.intake.checks import check_tables

    return check_tables(**options)
