"""Find categories by what people type: words of their label, a code, an article."""

from __future__ import annotations

import unicodedata

from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.current import categories

_LISTED = 5


class CategoryNotFoundError(ValueError):
    """No category is meant, or several are; the message says so in French."""


def has_words(category: Category, words: str) -> bool:
    """Return whether each word stands in the code, the label or the legal basis."""
    text = _folded(f"{category.code} {category.label} {category.legal_basis}")
    return all(word in text for word in _folded(words).split())


def full_name(category: Category) -> str:
    """Name a category so that no other has the name: "fuite de gaz importante (C03.01.02)"."""
    return f"{category.label} ({category.code})"


def category_named(text: str) -> Category:
    """Return the category that is meant by its code, its name, or words of its name.

    Raises CategoryNotFoundError.
    """
    known = categories()
    everything = [found for code in known.codes() if (found := known.get(code))]
    wanted = _folded(text.strip())
    for is_meant in (_by_full_name, _by_label, _by_words):
        meant = [one for one in everything if is_meant(one, wanted)]
        if len(meant) == 1:
            return meant[0]
        if meant:
            listed = " ; ".join(full_name(one) for one in meant[:_LISTED])
            more = f" ; et {len(meant) - _LISTED} autres" if len(meant) > _LISTED else ""
            raise CategoryNotFoundError(f"Plusieurs natures vont avec ces mots : {listed}{more}.")
    raise CategoryNotFoundError("Aucune nature ne va avec ces mots : essayez-en un seul.")


def _by_full_name(category: Category, wanted: str) -> bool:
    return wanted in (_folded(category.code), _folded(full_name(category)))


def _by_label(category: Category, wanted: str) -> bool:
    return wanted == _folded(category.label)


def _by_words(category: Category, wanted: str) -> bool:
    label = _folded(category.label)
    return bool(wanted) and all(word in label for word in wanted.split())


def _folded(text: str) -> str:
    """Return a text as it is searched: without accents and capitals."""
    parts = unicodedata.normalize("NFKD", text.replace("’", "'"))
    return "".join(part for part in parts if not unicodedata.combining(part)).casefold()
