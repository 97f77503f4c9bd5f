"""The command `notifier migrate`: Django's own, between the SQLite file and the territories."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import Tags
from django.core.management.base import CommandError
from django.core.management.commands import migrate

from notifier.directory.management.commands._organisations import describe_update
from notifier.directory.zones.editions import update_zones


class Command(migrate.Command):
    """Create the SQLite file and its folder, then the tables; update the territories."""

    help = "Crée ou met à jour les tables de la base."
    # Pages and texts are no matter of the tables: whatever serves or sends them refuses to start
    # with a wrong one, and to try them all is half the time of a migration that has nothing to do.
    requires_system_checks = (Tags.database, Tags.models)

    # Before the system checks, which already ask the database what it can do.
    def execute(self, *args: Any, **options: Any) -> str | None:
        if settings.SQLITE_FILE is not None:
            self._make_file(settings.SQLITE_FILE)
        return super().execute(*args, **options)

    def handle(self, *args: Any, **options: Any) -> None:
        """Bring the tables, then the territories in them, to this version."""
        super().handle(*args, **options)
        is_whole = options["app_label"] is None and not options["fake"]
        if is_whole and not (options["plan"] or options["check_unapplied"]):
            update = update_zones()
            if options["verbosity"]:
                for line in describe_update(update):
                    self.stdout.write(line)

    @staticmethod
    def _make_file(file: Path) -> None:
        """Create the file readable by this user only; SQLite's other files inherit its mode."""
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.touch(mode=0o600)
        except OSError as error:
            raise CommandError(f"{settings.SQLITE_PLACE} ne peut s’écrire : {error}") from None
