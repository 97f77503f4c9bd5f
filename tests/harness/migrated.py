"""Copies of the database as `notifier migrate` leaves it, which costs seconds of processor."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import urlsplit

from django.db import connection

from tests.harness.postgres import Postgres


class Migrated:
    """The tests' own database as it was before the first of them."""

    def __init__(self, postgres: Postgres | None, folder: Path) -> None:
        """Copy it; a copy in a file is kept in `folder`."""
        # Neither is copied whole while somebody is connected.
        connection.close()
        self._postgres = postgres
        self._file = folder / "migrated.sqlite3"
        name = connection.settings_dict["NAME"]
        if postgres is None:
            shutil.copyfile(name, self._file)
        else:
            self._model = urlsplit(postgres.create_database(like=name)).path[1:]

    def environment(self, data_dir: Path) -> dict[str, str]:
        """Make a copy for a service in this folder; what its environment needs to find it."""
        if self._postgres is not None:
            return {"DATABASE_URL": self._postgres.create_database(like=self._model)}
        file = data_dir / "alertes.sqlite3"
        file.touch(mode=0o600)
        shutil.copyfile(self._file, file)
        return {}
