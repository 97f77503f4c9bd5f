from django.apps import AppConfig


class IntakeConfig(AppConfig):
    name = "notifier.intake"
    label = "intake"
    verbose_name = "Réception"

    def ready(self) -> None:
        """A faulty table is said at start, not at the first message."""
        from django.core.checks import register

        from notifier.intake.checks import check_tables
        from notifier.readiness import CHECK_TAG

        register(check_tables, CHECK_TAG)
