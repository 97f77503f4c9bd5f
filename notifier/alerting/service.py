"""Accept reports whose category is configured, and try them out; every door calls these.

A repetition of what was received before gets its old answer, even where its category has left the
configuration since.
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
    """Return what accepting it now would do, as JSON types. Stores nothing; raises as `accept`."""
    _refuse_reference(source, new)
    known = find_duplicate(source, new)
    if known is None and categories().get(new.category) is None:
        raise UnknownCategoryError(new.category)
    return dry_run(source, new)


def try_out_message(source: Source, message: ForeignMessage) -> dict[str, Any]:
    """Return what accepting it now would do, as JSON types.

    Stores nothing; raises as `accept_message`.
    """
    answers = [dry_run(source, new) for new in plan_reports(source, message, _closest)]
    if not answers:
        return {"dry_run": True, "tellings": []}
    return answers[0] | {"tellings": [alert for answer in answers for alert in answer["tellings"]]}


def _refuse_reference(source: Source, new: NewReport) -> None:
    """Refuse a reference that a mayor may not read, unless its incident is known already."""
    why = refusal(new.reference, source.reference_pattern)
    if why and not is_known(source, new.reference):
        raise ReferenceRefusedError(why)


def _closest(code: str) -> str | None:
    category = categories().closest(code)
    return category.code if category else None
