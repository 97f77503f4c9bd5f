"""System checks: a service with a faulty category or text does not start."""

from collections.abc import Sequence

from django.core.checks import CheckMessage, Error

from notifier.alerting.categories import CategoriesError
from notifier.alerting.composition import TemplatesError
from notifier.alerting.wording import categories, composer


def check_wording(**_: object) -> Sequence[CheckMessage]:
    """E001: categories.toml is wrong. E002: a text's template is wrong."""
    found = []
    try:
        categories()
    except CategoriesError as error:
        found.append(Error(str(error), id="alerting.E001"))
    try:
        composer()
    except TemplatesError as error:
        found.append(Error(str(error), id="alerting.E002"))
    return found
