"""Make the next full report from a message and its incident, checked field by field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from notifier.intake.correlation.correlate import CorrelatedMessage
from notifier.intake.formats.message import Effect, ForeignMessage
from notifier.intake.formats.reading import FormatRefusedError, refuse
from notifier.intake.models import Report
from notifier.intake.schema.report import Instant, NewReport, Place, has_clue
from notifier.intake.schema.vocabulary import Severity, Status

CategoryOf = Callable[[str], str | None]


class ForeignPlace(Place):
    """May also be empty: where a message does not say where, a person decides."""

    departements: list[str] | None = None
    """Codes of whole départements, beside what else is named."""

    def whole_departements(self) -> list[str]:
        """Codes of those that are named as a whole."""
        return self.departements or []

    @model_validator(mode="after")
    def _is_somewhere(self) -> ForeignPlace:
        return self


class ForeignReport(NewReport):
    """As a source pushes it itself, but numbered by the second at which it was sent."""

    sequence: Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]
    location: ForeignPlace
    expires_at: Instant | None = None


def next_report(
    message: ForeignMessage, correlated: CorrelatedMessage, category_of: CategoryOf
) -> ForeignReport | None:
    """Return the report to store for the message; None if it changes nothing.

    Raises FormatRefusedError.
    """
    latest = correlated.latest
    content = correlated.content
    if content is None:
        if latest is not None and correlated.is_superseded:
            return _superseded_end(latest, message.effect, correlated.sequence)
        if latest is None or latest.status == correlated.status:
            return None
        return with_status(latest, correlated.status, correlated.sequence)
    category = category_of(content["category"])
    if category is None:
        # Not repeated: where a code is expected, sixty kilobytes of a free text may stand.
        raise refuse(message.paths["category"], "catégorie inconnue")
    if message.coarse_category and latest:
        category = latest.category
    location = content["location"]
    if latest is not None and not has_clue(location):
        location = latest.location
    return _validated(
        {
            **content,
            "category": category,
            "location": location,
            "reference": correlated.row.reference,
            "sequence": correlated.sequence,
            "status": correlated.status.value,
            "exercise": message.exercise or False,
        },
        message.paths,
    )


def _superseded_end(latest: Report, effect: Effect, sequence: int) -> ForeignReport:
    """Return the end that came before `latest` by its sender's clock, under a number before it."""
    earlier = Report.objects.filter(incident=latest.incident_id, sequence__lt=latest.sequence)
    taken = set(earlier.values_list("sequence", flat=True))
    number = min(sequence, latest.sequence - 1)
    while number in taken:
        number -= 1
    status = Status.CANCELLED if effect is Effect.CANCELS else Status.CLOSED
    return with_status(latest, status, latest.sequence).model_copy(update={"sequence": number})


def with_status(latest: Report, status: Status, sequence: int) -> ForeignReport:
    """Return the latest report with another status, under a number after its own."""
    # Not validated anew: it was when it came, and may be older than a first report may be.
    return ForeignReport.model_construct(
        reference=latest.reference,
        sequence=max(sequence, latest.sequence + 1),
        status=status.value,
        category=latest.category,
        severity=Severity(latest.severity).value,
        occurred_at=latest.occurred_at,
        exercise=latest.exercise,
        location=ForeignPlace.model_validate(latest.location),
        expires_at=latest.expires_at,
    )


def _validated(content: Mapping[str, Any], paths: Mapping[str, str]) -> ForeignReport:
    try:
        return ForeignReport.model_validate(content)
    except ValidationError as error:
        faults = [
            dict(fault) | {"loc": _in_document(fault["loc"], paths)}
            for fault in error.errors(include_url=False)
        ]
        raise FormatRefusedError(faults) from None


def _in_document(loc: tuple[int | str, ...], paths: Mapping[str, str]) -> tuple[str, ...]:
    """Return the path of the fault in the document, as closely as is known."""
    ours = [str(part) for part in loc]
    for length in range(len(ours), 0, -1):
        found = paths.get(".".join(ours[:length]))
        if found:
            return tuple(found.split("."))
    return tuple(ours)
