"""Read RC-RI: the stage that the dispatched resources have reached; nothing about the case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from notifier.intake.formats.message import Phase, ReferenceOf
from notifier.intake.formats.reading import Many, Part, dropped_names, read_part
from notifier.intake.schema.report import Instant

NAME = "resourcesInfoCisu"
PATHS = {"reference": f"{NAME}.caseId"}

_Status = Literal[
    "DECISION", "DECLENCHE", "DEPART", "ANNULE", "ARRIVEE", "PEC", "BILAN", "ORIENTAT", "TRANSP",
    "ETAPE1", "TRANSP2", "ETAPE2", "TRANSP3", "DESTIN", "FINPEC", "RETOUR", "RET-BASE", "REN-BASE",
]  # fmt: skip
_ON_THE_WAY = {"DECISION", "DECLENCHE", "DEPART"}
_ON_SCENE = {"ARRIVEE", "PEC", "BILAN", "ORIENTAT"}
# On its way home, home, or called off.
_OVER = {"ANNULE", "RETOUR", "RET-BASE", "REN-BASE"}
# What says no moment came before all that says one.
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class _State(Part):
    status: _Status
    datetime: Instant | None = None


class _Resource(Part):
    resourceId: str  # noqa: N815 # the documents' own names, here and below
    state: _State


class Resources(Part):
    """The fields read from `resourcesInfoCisu`; everything else is dropped."""

    caseId: str  # noqa: N815
    resource: Annotated[Many[_Resource], Field(min_length=1)]


@dataclass(frozen=True)
class ResourcesContent:
    """An RC-RI in our vocabulary."""

    reference: str
    phases: dict[str, Phase]
    """Of each resource by its identifier; of several states of one, that of the newest."""
    moments: tuple[str, ...]
    """When each state began: what tells a return to a state from its repetition."""
    dropped: list[str]


def read_resources(document: Any, reference_of: ReferenceOf) -> ResourcesContent:
    """Read the states of the resources. Raises FormatRefusedError."""
    read = read_part(Resources, document, NAME)
    # Sorting keeps the order of what began at the same moment.
    in_order = sorted(read.resource, key=lambda resource: _began(resource.state))
    return ResourcesContent(
        reference=reference_of(read.caseId),
        phases={resource.resourceId: _phase(resource.state.status) for resource in in_order},
        moments=tuple(_began(resource.state).isoformat() for resource in in_order),
        dropped=dropped_names(Resources, document, NAME),
    )


def _began(state: _State) -> datetime:
    return state.datetime.astimezone(UTC) if state.datetime else _LONG_AGO


def _phase(status: str) -> Phase:
    if status in _ON_THE_WAY:
        return Phase.ON_THE_WAY
    if status in _ON_SCENE:
        return Phase.ON_SCENE
    return Phase.OVER if status in _OVER else Phase.LEFT
