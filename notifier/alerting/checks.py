"""System checks: a service with a faulty category or text does not start."""

from collections.abc import Sequence

from django.core.checks import CheckMessage, Error

from notifier.alerting.content.composer import TemplatesError
from notifier.alerting.content.reflexes import ReflexesError
from notifier.alerting.policy.categories import CategoriesError
from notifier.alerting.policy.current import categories, composer, reflexes
from notifier.intake.formats.tables import TablesError, tables


def check_wording(**_: object) -> Sequence[CheckMessage]:
    """E001: categories.toml is wrong. E002: a text's template is wrong.

    E003: foreign_categories.toml names a category that is not in categories.toml.
    E004: a sheet of what to do at once is wrong.
    """
    errors = []
    try:
        errors += [
            Error(
                f"foreign_categories.toml: {kind}: {code} is not in categories.toml; correct it",
                id="alerting.E003",
            )
            for kind, code in tables().categories.all_lines()
            if categories().closest(code) is None
        ]
    except TablesError:
        pass  # intake.E001 says so
    except CategoriesError as error:
        errors.append(Error(str(error), id="alerting.E001"))
    try:
        composer()
    except TemplatesError as error:
        errors.append(Error(str(error), id="alerting.E002"))
    try:
        reflexes()
    except ReflexesError as error:
        errors.append(Error(str(error), id="alerting.E004"))
    return errors
