"""What conventions may name of the categories in force, and how pages call them."""

from __future__ import annotations

from notifier.alerting.policy.current import categories
from notifier.directory.conventions.file import Known
from notifier.directory.conventions.known import read_organisation, sites_of
from notifier.directory.conventions.rules import is_among
from notifier.intake.schema.clickable import find_unsafe


def known_to_conventions() -> Known:
    """Return what a convention's file is checked against."""
    shipped = categories()
    known = {code: shipped.get(code) for code in shipped.codes()}
    return Known(
        categories={code: category.label for code, category in known.items() if category},
        withheld={
            code
            for code, category in known.items()
            if category and category.disclosure == "withhold"
        },
        read_organisation=read_organisation,
        sites_of=sites_of,
        find_unsafe=find_unsafe,
    )


def rule_label(code: str) -> str:
    """Return what is said by a category's code; by its start, what the most general below says."""
    below = (known for known in categories().codes() if is_among(known, [code]))
    found = categories().get(next(below, ""))
    return found.label if found else code
