"""The operator's categories and texts, read and checked once a process."""

from collections.abc import Sequence
from functools import cache

from django.conf import settings

from notifier.alerting.content.composer import Composer
from notifier.alerting.policy.categories import Categories, load
from notifier.settings import packaged
from notifier.territory.resolve import Commune

# How many communes a sentence names.
LISTED = 12


@cache
def categories() -> Categories:
    """The categories in force. Raises CategoriesError, which names file, line and key."""
    return load(settings.ENVIRONMENT.CATEGORIES_FILE or packaged("config") / "categories.toml")


@cache
def composer() -> Composer:
    """The texts in force. Raises TemplatesError, which names file, line and name."""
    return Composer(settings.ENVIRONMENT.TEMPLATES_DIR or packaged("templates") / "alerts")


def named(communes: Sequence[Commune]) -> str:
    """Communes for a French sentence, bounded: "Delle (90033), Joncherey (90056)"."""
    rest = len(communes) - LISTED
    names = ", ".join(commune.label for commune in communes[:LISTED])
    return f"{names} et {rest} de plus" if rest > 0 else names


def nature(code: str) -> str:
    """What happened, as a mayor would read it; a code that is not configured stands for itself."""
    category = categories().get(code)
    return category.label if category else code or "nature inconnue"
