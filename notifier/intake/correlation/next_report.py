"""What a message makes of its report: the next full report of it, checked field by field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from notifier.intake.correlation.correlate import Joined
from notifier.intake.formats.message import Effect, ForeignMessage
from notifier.intake.formats.reading import FormatRefusedError, refuse
from notifier.intake.models import Report
from notifier.intake.schema.report import Instant, NewReport, Place, says_where
from notifier.intake.schema.vocabulary import Severity, Status

CategoryOf = Callable[[str], str | None]


class ForeignPlace(Place):
    """May also say nothing: a message that does not say where is for a person to place."""

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
    message: ForeignMessage, joined: Joined, category_of: CategoryOf
) -> ForeignReport | None:
    """The report to store for the message; None if it changes nothing.

    Raises FormatRefusedError.
    """
    latest = joined.latest
    content = joined.content
    if content is None:
        if latest is not None and joined.is_superseded:
            return _overtaken(latest, message.effect, joined.sequence)
        if latest is None or latest.status == joined.status:
            return None
        return following(latest, joined.status, joined.sequence)
    category = category_of(content["category"])
    if category is None:
        # Not repeated: where a code is expected, sixty kilobytes of a free text may stand.
        raise refuse(message.paths["category"], "catégorie inconnue")
    if message.coarse_category and latest:
        category = latest.category
    location = content["location"]
    if latest is not None and not says_where(location):
        location = latest.location
    return _validated(
        {
            **content,
            "category": category,
            "location": location,
            "reference": joined.row.reference,
            "sequence": joined.sequence,
            "status": joined.status.value,
            "exercise": message.exercise or False,
        },
        message.paths,
    )


def _overtaken(latest: Report, effect: Effect, sequence: int) -> ForeignReport:
    """An end that by its sender's clock came before `latest`: numbered before it, and so shown."""
    earlier = Report.objects.filter(incident=latest.incident_id, sequence__lt=latest.sequence)
    taken = set(earlier.values_list("sequence", flat=True))
    number = min(sequence, latest.sequence - 1)
    while number in taken:
        number -= 1
    status = Status.CANCELLED if effect is Effect.CANCELS else Status.CLOSED
    return following(latest, status, latest.sequence).model_copy(update={"sequence": number})


def following(latest: Report, status: Status, sequence: int) -> ForeignReport:
    """The report again, of which only the state has changed; never before `latest`."""
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
    """Where the fault stands in what was sent, as closely as is known."""
    ours = [str(part) for part in loc]
    for length in range(len(ours), 0, -1):
        found = paths.get(".".join(ours[:length]))
        if found:
            return tuple(found.split("."))
    return tuple(ours)
