"""Open the file of communes and contours, read-only, on the first look-up.

The packaged file is `data/communes.sqlite`. An operator's own, written by `notifier territory
build` into DATA_DIR, replaces it as long as it was made for the same COG and the same schema; after
an update of the package it must be built again, and until then the packaged file is used. Each
thread keeps its own connection, and a forked worker opens a new one. Files are opened read-only and
immutable, without lock or journal file, so a read-only installation works.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from pathlib import Path
from typing import Any

from django.conf import settings

PACKAGED_FILE = Path(__file__).resolve().parents[1] / "data" / "communes.sqlite"
OPERATOR_FILE_NAME = "communes.sqlite"
VINTAGE = "COG 2026"
SCHEMA_VERSION = "3"
"""Raised whenever the tables change, so that an older file in DATA_DIR is not misread."""

_local = threading.local()
_log = logging.getLogger(__name__)


def operator_file() -> Path | None:
    """Return the path of the operator's own file, present or not; None outside the service."""
    if not settings.configured:
        return None
    folder: Path = settings.ENVIRONMENT.DATA_DIR
    return folder.absolute() / OPERATOR_FILE_NAME


def active_file() -> Path:
    """Return the file in use: the operator's own if it fits this version, else the packaged one."""
    own = operator_file()
    if own is None or not own.exists():
        return PACKAGED_FILE
    if incompatibility(own):
        _log.error(
            "%s does not fit this version: the packaged contours serve instead; "
            "`notifier territory info` says why",
            own,
        )
        return PACKAGED_FILE
    return own


def incompatibility(file: Path) -> str:
    """Return why a file does not fit this version of the package, in French; "" if it does."""
    try:
        connection = connect(file)
        try:
            meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        return f"ce n’est pas un fichier de communes lisible : {error}"
    if (meta.get("vintage"), meta.get("layout")) != (VINTAGE, SCHEMA_VERSION):
        found = f"{meta.get('vintage', 'sans millésime')}, version {meta.get('layout', '?')}"
        return f"il est fait pour {found} et il faut {VINTAGE}, version {SCHEMA_VERSION}"
    return ""


def connect(file: Path) -> sqlite3.Connection:
    """Return a read-only connection to one file."""
    return sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)


def query(sql: str, *values: str | int | float) -> list[tuple[Any, ...]]:
    """Return the rows of a statement on the active file."""
    return connection().execute(sql, values).fetchall()


def connection() -> sqlite3.Connection:
    """Return this thread's connection to the active file."""
    kept: tuple[int, sqlite3.Connection] | None = getattr(_local, "kept", None)
    # A connection must not cross a fork.
    if kept is not None and kept[0] == os.getpid():
        return kept[1]
    opened = connect(active_file())
    _local.kept = (os.getpid(), opened)
    return opened
