"""An uploaded list as a file of its own name, for as long as it is read."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from notifier.directory.models import ImportJob

_UNSAFE = re.compile(r"[^\w .()&,'’+-]+")


class as_file:  # noqa: N801 - a context manager that reads like one
    """The list as a file of its own name, for as long as it is read."""

    def __init__(self, job: ImportJob) -> None:
        self._job = job
        self._folder = TemporaryDirectory(prefix="liste-")

    def __enter__(self) -> Path:
        path = Path(self._folder.name) / self._job.file_name
        path.write_bytes(self._job.content)
        return path

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()


def clean_name(name: str) -> str:
    """Return a name under which the list can lie in a folder, whatever the browser says."""
    last = re.split(r"[/\\]", name)[-1]
    cleaned = _UNSAFE.sub("_", last).strip(" .")
    return cleaned[-100:] or "liste"
