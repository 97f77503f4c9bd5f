"""RC-RI: how far the resources are that were sent; nothing of the case itself."""

from __future__ import annotations

from typing import Any, Literal

from notifier.intake.formats.message import Phase, adapted_reference
from notifier.intake.formats.reading import Many, Part, dropped_names, read_part

NAME = "resourcesInfoCisu"
PATHS = {"reference": f"{NAME}.caseId"}

_Status = Literal[
    "DECISION", "DECLENCHE", "DEPART", "ANNULE", "ARRIVEE", "PEC", "BILAN", "ORIENTAT", "TRANSP",
    "ETAPE1", "TRANSP2", "ETAPE2", "TRANSP3", "DESTIN", "FINPEC", "RETOUR", "RET-BASE", "REN-BASE",
]  # fmt: skip
_ON_THE_WAY = {"DECISION", "DECLENCHE", "DEPART"}
# On its way home, home, or called off: it no longer is at the place.
_OVER = {"ANNULE", "RETOUR", "RET-BASE", "REN-BASE"}


class _State(Part):
    status: _Status


class _Resource(Part):
    resourceId: str  # noqa: N815 # the documents' own names, here and below
    state: _State


class Resources(Part):
    """What is read of `resourcesInfoCisu`; whatever is not here is dropped."""

    caseId: str  # noqa: N815
    resource: Many[_Resource]


def read_resources(document: Any) -> tuple[str, dict[str, Phase], list[str]]:
    """The thread's reference, each resource's phase by its identifier, and what was dropped.

    Raises FormatRefusedError.
    """
    read = read_part(Resources, document, NAME)
    phases = {resource.resourceId: _phase(resource.state.status) for resource in read.resource}
    return adapted_reference(read.caseId), phases, dropped_names(Resources, document, NAME)


def _phase(status: str) -> Phase:
    if status in _ON_THE_WAY:
        return Phase.ON_THE_WAY
    return Phase.OVER if status in _OVER else Phase.ON_SCENE
