"""The Django application `intake`."""

from django.apps import AppConfig


class IntakeConfig(AppConfig):
    """Stores sources, reports and messages of other formats."""

    name = "notifier.intake"
    label = "intake"
    verbose_name = "Réception"

    def ready(self) -> None:
        """Register the checks: a faulty table is reported at start, not at the first message."""
        from django.core.checks import register

        from notifier.intake.checks import check_tables
        from notifier.readiness import CHECK_TAG

        register(check_tables, CHECK_TAG)
