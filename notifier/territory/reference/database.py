"""The file of communes and contours: which one serves, opened on the first question, read only.

The packaged file is `data/communes.sqlite`. An operator's own, written by `notifier territory
build` into DATA_DIR, serves in its place as long as it was made for the same COG and the same
layout; after an update of the package it must be built again, and until then the packaged one
serves. Each thread keeps its own connection, and a forked worker opens anew. Files are opened
read-only and immutable: no lock, no journal file, so a read-only installation works.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from pathlib import Path
from typing import Any

from django.conf import settings

PACKAGED = Path(__file__).resolve().parents[1] / "data" / "communes.sqlite"
OWN_NAME = "communes.sqlite"
VINTAGE = "COG 2026"
LAYOUT = "3"
"""Raised whenever the tables change, so that an older file of DATA_DIR is not misread."""

_open = threading.local()
_log = logging.getLogger(__name__)


def own_file() -> Path | None:
    """Where the operator's own file stands or would stand; None outside of the service."""
    if not settings.configured:
        return None
    folder: Path = settings.ENVIRONMENT.DATA_DIR
    return folder.absolute() / OWN_NAME


def serving() -> Path:
    """The file that answers: the operator's own when it fits this version, else the packaged."""
    own = own_file()
    if own is None or not own.exists():
        return PACKAGED
    if unfit(own):
        _log.error(
            "%s does not fit this version: the packaged contours serve instead; "
            "`notifier territory info` says why",
            own,
        )
        return PACKAGED
    return own


def unfit(file: Path) -> str:
    """Why a file cannot serve this version of the package, in French; "" when it can."""
    try:
        connection = connect(file)
        try:
            meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        return f"ce n’est pas un fichier de communes lisible : {error}"
    if (meta.get("vintage"), meta.get("layout")) != (VINTAGE, LAYOUT):
        found = f"{meta.get('vintage', 'sans millésime')}, version {meta.get('layout', '?')}"
        return f"il est fait pour {found} et il faut {VINTAGE}, version {LAYOUT}"
    return ""


def connect(file: Path) -> sqlite3.Connection:
    """A read-only connection to one file."""
    return sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)


def rows(sql: str, *values: str | int | float) -> list[tuple[Any, ...]]:
    """The rows of a question to the file that serves."""
    return connection().execute(sql, values).fetchall()


def connection() -> sqlite3.Connection:
    """This thread's connection to the file that serves."""
    kept: tuple[int, sqlite3.Connection] | None = getattr(_open, "kept", None)
    # A connection must not cross a fork.
    if kept is not None and kept[0] == os.getpid():
        return kept[1]
    opened = connect(serving())
    _open.kept = (os.getpid(), opened)
    return opened
