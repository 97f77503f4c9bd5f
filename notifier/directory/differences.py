"""What a file changes of a contact, in words: the old value and the new one."""

from __future__ import annotations

from datetime import date
from typing import Any

from notifier.directory.models import Contact
from notifier.directory.people import function_title
from notifier.territory.resolve import commune_by_code

REPLACED = ("last_name", "first_name", "mobile", "email")
"""What a file says of a contact; the rest is the directory's own."""
_PERIOD = ("active_from", "active_until")


def difference(before: Contact, after: Contact) -> str:
    """ "Delle (90033), maire : mobile +3363… → +3363…"; nothing when the file says the same."""
    if all(getattr(before, field) == getattr(after, field) for field in REPLACED):
        return ""
    changed = [
        f"{Contact._meta.get_field(field).verbose_name} {_shown(old)} → {_shown(new)}"  # type: ignore[union-attr]
        for field in (*REPLACED, *_PERIOD)
        if (old := getattr(before, field)) != (new := getattr(after, field))
    ]
    known = commune_by_code(after.commune)
    where = known.label if known else after.commune
    return f"{where}, {function_title(after.function, after.rank)} : {' ; '.join(changed)}"


def _shown(value: Any) -> str:
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    return str(value) if value else "(vide)"
