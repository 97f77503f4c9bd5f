"""The names of those who are told, for whoever may know them."""

from __future__ import annotations

from collections.abc import Iterable

from notifier.accounts.roles import Permission
from notifier.console.pages.access import ConsoleRequest


def names_of(request: ConsoleRequest, recipients: Iterable[str]) -> dict[str, str]:
    """Return who they are, by what their texts call them ("person:12"); of those who may be seen.

    One statement; none for whoever may see nobody.
    """
    keys = {key for key in recipients if key.startswith("person:")}
    numbers = [int(key.removeprefix("person:")) for key in keys]
    if not numbers or not request.scope.has(Permission.SEE_PEOPLE):
        return {}
    people = request.scope.people(Permission.SEE_PEOPLE).filter(pk__in=numbers)
    return {f"person:{person.pk}": person.name for person in people}
