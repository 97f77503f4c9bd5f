"""The categories and texts in force, read and checked once a process."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from notifier.alerting.content.reflexes import Reflexes
from notifier.alerting.policy.categories import Categories, CategoriesError, load
from notifier.settings import packaged
from notifier.territory.reference.communes import Commune

if TYPE_CHECKING:
    from notifier.alerting.content.composer import Composer

SHIPPED = packaged("config") / "categories.toml"
# In one sentence.
MAX_LISTED = 12


def categories() -> Categories:
    """Return the categories in force. Raises CategoriesError, which names file, line and key."""
    return _categories_in(settings.ENVIRONMENT.CATEGORIES_FILE or SHIPPED)


@cache
def _categories_in(file: Path) -> Categories:
    return load(file)


@cache
def composer() -> Composer:
    """Return the composer of the texts in force. Raises TemplatesError by file and line."""
    # Slow to load, and no matter of whoever asks for a label.
    from notifier.alerting.content.composer import Composer

    folder = settings.ENVIRONMENT.TEMPLATES_DIR or packaged("templates") / "alerts"
    return Composer(folder, asks_answers=_asks_answers())


@cache
def reflexes() -> Reflexes:
    """Return the sheets of what to do at once. Raises ReflexesError, which names each file."""
    return Reflexes(packaged("templates") / "reflexes", settings.ENVIRONMENT.REFLEXES_DIR)


def _asks_answers() -> bool:
    """Return whether a category wants answers; where they cannot be read, another check says so."""
    try:
        known = categories()
    except CategoriesError:
        return True
    return any(category.answer != "none" for category in map(known.get, known.codes()) if category)


def list_communes(communes: Sequence[Commune]) -> str:
    """List communes for a French sentence, bounded: "Delle (90033), Joncherey (90056)"."""
    rest = len(communes) - MAX_LISTED
    names = ", ".join(commune.label for commune in communes[:MAX_LISTED])
    return f"{names} et {rest} de plus" if rest > 0 else names


def label_of(code: str) -> str:
    """Return the category's label; a code that is not configured stands for itself."""
    category = categories().get(code)
    return category.label if category else code or "nature inconnue"
