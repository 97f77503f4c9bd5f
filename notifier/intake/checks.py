"""System checks: a service with a faulty table of foreign formats does not start."""

from collections.abc import Sequence

from django.core.checks import CheckMessage, Error

from notifier.intake.formats.tables import TablesError, tables


def check_tables(**_: object) -> Sequence[CheckMessage]:
    """Return E001 if severity.toml or foreign_categories.toml is wrong."""
    try:
        tables()
    except TablesError as error:
        return [Error(str(error), id="intake.E001")]
    return []
