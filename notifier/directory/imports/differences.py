"""Describe in French what an import changes of a contact: the old values and the new ones."""

from __future__ import annotations

from datetime import date
from typing import Any

from notifier.directory.contacts import LABELS, Contact
from notifier.territory.resolve import commune_by_code

IMPORTED_FIELDS = ("last_name", "first_name", "mobile", "email")
"""The fields that a file gives; the others are kept by the directory alone."""
_PERIOD = ("active_from", "active_until")


def describe_change(before: Contact, after: Contact) -> str:
    """Return "Delle (90033), maire : mobile +3363… → +3363…"; "" if nothing changes."""
    if all(getattr(before, field) == getattr(after, field) for field in IMPORTED_FIELDS):
        return ""
    changed = [
        f"{LABELS[field]} {_format_value(old)} → {_format_value(new)}"
        for field in (*IMPORTED_FIELDS, *_PERIOD)
        if (old := getattr(before, field)) != (new := getattr(after, field))
    ]
    commune = commune_by_code(after.commune)
    where = commune.label if commune else after.commune
    return f"{where}, {after.title} : {' ; '.join(changed)}"


def _format_value(value: Any) -> str:
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    return str(value) if value else "(vide)"
