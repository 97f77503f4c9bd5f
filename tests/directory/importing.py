"""Import a list of contacts as `notifier contacts import` does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from notifier.directory.imports.importer import ImportSummary, import_list
from notifier.directory.imports.table import FileRefused


def import_contacts(path: Path, **options: Any) -> ImportSummary:
    """The operator's own list, all or nothing; a dry run refuses what the import would."""
    summary = import_list(path, "contacts", author="essai", **options)
    if summary.faults:
        raise FileRefused(*summary.faults)
    return summary
