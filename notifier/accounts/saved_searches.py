"""Searches of the log that a person keeps under a name, for themselves alone."""

from __future__ import annotations

from django.core.exceptions import ValidationError

from notifier.accounts.models import SavedSearch, User

MAX_SEARCHES = 20


def searches_of(user: User) -> list[SavedSearch]:
    """Return them by name."""
    return list(SavedSearch.objects.filter(user=user).order_by("name"))


def save_search(user: User, name: str, query: str) -> SavedSearch:
    """Keep what was searched for under a name; the same name again changes it.

    `query` is the query string of the page. Raises ValidationError, in French.
    """
    tidy = " ".join(name.split())
    if not tidy:
        raise ValidationError("Donnez un nom à cette recherche.")
    own = SavedSearch.objects.filter(user=user)
    if own.exclude(name=tidy).count() >= MAX_SEARCHES:
        raise ValidationError(f"{MAX_SEARCHES} recherches au plus : oubliez-en une d’abord.")
    search = own.filter(name=tidy).first() or SavedSearch(user=user, name=tidy)
    search.query = query
    search.full_clean(validate_constraints=False)
    search.save()
    return search


def forget_search(user: User, pk: int) -> bool:
    """Delete one of the user's own; whether there was one."""
    return bool(SavedSearch.objects.filter(user=user, pk=pk).delete()[0])
