"""The operator's categories and texts, read and checked once a process."""

from functools import cache

from django.conf import settings

from notifier.alerting.categories import Categories, load
from notifier.alerting.composition import Composer
from notifier.settings import packaged


@cache
def categories() -> Categories:
    """The categories in force. Raises CategoriesError, which names file, line and key."""
    return load(settings.ENVIRONMENT.CATEGORIES_FILE or packaged("config") / "categories.toml")


@cache
def composer() -> Composer:
    """The texts in force. Raises TemplatesError, which names file, line and name."""
    return Composer(settings.ENVIRONMENT.TEMPLATES_DIR or packaged("templates") / "alerts")
