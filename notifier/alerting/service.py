"""What is pushed is accepted under a category that can be told: the same rule at every door.

What was received before stays received: a repetition has its old answer, though an operator has
taken its category out of the configuration since.
"""

from __future__ import annotations

from typing import Any

from notifier.alerting.decision.dry_run import dry_run
from notifier.alerting.policy.current import categories
from notifier.intake.correlation.receive_message import (
    ForeignReception,
    plan_reports,
    receive_foreign,
)
from notifier.intake.formats.message import ForeignMessage
from notifier.intake.incident import is_known
from notifier.intake.models import Source
from notifier.intake.receive import Reception, find_duplicate, receive
from notifier.intake.schema.reference import ReferenceRefusedError, refusal
from notifier.intake.schema.report import NewReport


class UnknownCategoryError(Exception):
    """The configuration has no such category."""


def accept(source: Source, new: NewReport) -> Reception:
    """Store the report once, under a category that is configured.

    Raises UnknownCategoryError, ReferenceRefusedError, and what `receive` raises.
    """
    _refuse_reference(source, new)
    if categories().get(new.category) is None:
        known = find_duplicate(source, new)
        if known is None:
            raise UnknownCategoryError(new.category)
        return Reception(known, is_new=False)
    return receive(source, new)


def accept_message(source: Source, message: ForeignMessage) -> ForeignReception:
    """Store the message once; a finer code than is configured counts as its parent.

    Raises what `receive_foreign` raises: an unknown category is a fault of the format.
    """
    return receive_foreign(source, message, _closest)


def try_out(source: Source, new: NewReport) -> dict[str, Any]:
    """What accepting it now would do, as JSON types; stores nothing. Raises what `accept` does."""
    _refuse_reference(source, new)
    known = find_duplicate(source, new)
    if known is None and categories().get(new.category) is None:
        raise UnknownCategoryError(new.category)
    return dry_run(source, new)


def try_out_message(source: Source, message: ForeignMessage) -> dict[str, Any]:
    """What accepting it now would do, as JSON types; stores nothing.

    Raises what `accept_message` does.
    """
    answers = [dry_run(source, new) for new in plan_reports(source, message, _closest)]
    if not answers:
        return {"dry_run": True, "tellings": []}
    return answers[0] | {"tellings": [one for each in answers for one in each["tellings"]]}


def _refuse_reference(source: Source, new: NewReport) -> None:
    """Refuse one that a mayor may not read; what goes on under it already is heard to its end."""
    why = refusal(new.reference, source.reference_pattern)
    if why and not is_known(source, new.reference):
        raise ReferenceRefusedError(why)


def _closest(code: str) -> str | None:
    found = categories().closest(code)
    return found.code if found else None
