"""The command `notifier migrate`: Django's own, which first creates the SQLite file."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands import migrate


class Command(migrate.Command):
    """Create the SQLite file and its folder, then the tables."""

    help = "Crée ou met à jour les tables de la base."

    # Before the system checks, which already ask the database what it can do.
    def execute(self, *args: Any, **options: Any) -> str | None:
        if settings.SQLITE_FILE is not None:
            self._make_file(settings.SQLITE_FILE)
        return super().execute(*args, **options)

    @staticmethod
    def _make_file(file: Path) -> None:
        """Create the file readable by this user only; SQLite's other files inherit its mode."""
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.touch(mode=0o600)
        except OSError as error:
            raise CommandError(f"{settings.SQLITE_PLACE} ne peut s’écrire : {error}") from None
