"""The native endpoints: push a report, try one without effect, ask what became of one."""

from typing import Annotated, Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from notifier.alerting.service import UnknownCategoryError, accept, try_out
from notifier.alerting.status import status_of
from notifier.api.authentication import SourceKey
from notifier.api.errors import ProblemError
from notifier.intake.models import Report, Source
from notifier.intake.receive import ContradictionError, OutsideSourceError
from notifier.intake.schema.reference import ReferenceRefusedError
from notifier.intake.schema.report import NewReport

DRY_RUN = "true : rien n’est enregistré ; dit qui serait prévenu, de quoi"

router = Router(auth=SourceKey(), tags=["Interventions"])


class NewIntervention(NewReport):
    """An intervention, or the next state of one, as a dispatch centre pushes it."""

    # The name and the words that the API's document has; whoever made a client from it keeps them.


class Accepted(Schema):  # noqa: D101 - it would stand in the API's document
    id: UUID
    status_url: str


class Problem(Schema):  # noqa: D101 - it would stand in the API's document
    error: str
    fields: list[dict[str, str]] = Field(default_factory=list)


REFUSALS: dict[int, type[Schema]] = dict.fromkeys(
    (400, 401, 403, 409, 411, 413, 422, 429, 503), Problem
)


@router.post(
    "/interventions",
    operation_id="notifier_api_interventions_push",
    response={200: Accepted | dict[str, Any], 202: Accepted, **REFUSALS},
    summary="Transmettre une intervention",
    description="202 : enregistrée. 200 : déjà reçue à l’identique (ou essai à blanc). "
    "Même référence et même séquence avec un autre contenu : 409.",
)
def push(
    request: HttpRequest,
    new: NewIntervention,
    dry_run: Annotated[bool, Query(description=DRY_RUN)] = False,
) -> Any:
    """Accept a report, or try one without effect."""
    source = authenticated_source(request)
    check_query(request)
    try:
        if dry_run:
            return Status(200, try_out(source, new))
        reception = accept(source, new)
    except UnknownCategoryError:
        raise ProblemError(422, f"catégorie inconnue : {new.category}", field="category") from None
    except ReferenceRefusedError as refusal:
        raise ProblemError(422, f"reference {refusal}", field="reference") from None
    except OutsideSourceError as refusal:
        raise ProblemError(
            403,
            f"{refusal.code} est hors des départements de votre source "
            f"({', '.join(source.departements)})",
            field=refusal.field,
        ) from None
    except ContradictionError:
        raise ProblemError(
            409,
            f"{new.reference} n° {new.sequence} a déjà été reçue avec un autre contenu : "
            "augmentez sequence pour un nouvel état",
            field="sequence",
        ) from None
    report_id = reception.report_id
    return Status(
        202 if reception.is_new else 200, Accepted(id=report_id, status_url=status_url(report_id))
    )


@router.get(
    "/interventions/{uuid:intervention_id}",
    operation_id="notifier_api_interventions_status",
    response={200: dict[str, Any], 401: Problem, 404: Problem, 429: Problem, 503: Problem},
    summary="Savoir ce qu’une intervention est devenue",
    description="Alertes, messages (adresses masquées), réponses, heures, et la raison de chaque "
    "silence.",
)
def status(request: HttpRequest, intervention_id: UUID) -> dict[str, Any]:
    """Tell what became of a report of the caller's own."""
    mine = Report.objects.filter(incident__source=authenticated_source(request))
    report = mine.select_related("incident").filter(pk=intervention_id).first()
    if report is None:
        raise ProblemError(404, "inconnue de votre source : vérifiez l’identifiant et la clé")
    return status_of(report)


def status_url(report_id: UUID) -> str:
    """Return the URL at which to ask what became of a report."""
    return f"{settings.ENVIRONMENT.PUBLIC_URL}/api/v1/interventions/{report_id}"


def check_query(request: HttpRequest) -> None:
    """Raise ProblemError for a misspelt or contradictory dry_run, which must not tell anyone."""
    for name, values in request.GET.lists():
        if len(values) > 1:
            raise ProblemError(422, f"{name} est donné deux fois : retirez-en un", field=name)
        if name != "dry_run":
            raise ProblemError(
                422, f"paramètre inconnu : {name} (seul dry_run est admis)", field=name
            )


def authenticated_source(request: HttpRequest) -> Source:
    """Return the source whose key the request has."""
    source: Source = request.auth  # type: ignore[attr-defined] # set by SourceKey on every request here
    return source
