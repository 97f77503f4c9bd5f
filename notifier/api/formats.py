"""The endpoints of other formats: same authentication and answers, with what was not read."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.errors import ValidationError
from ninja.responses import Status

from notifier.alerting.service import accept_message, try_out_message
from notifier.api.authentication import SourceKey
from notifier.api.errors import ProblemError
from notifier.api.json_codec import JsonRefusedError, StrictParser
from notifier.api.reports import (
    DRY_RUN,
    REFUSALS,
    Accepted,
    authenticated_source,
    check_query,
    status_url,
)
from notifier.intake.formats.cap import read_cap
from notifier.intake.formats.edxl import read_edxl
from notifier.intake.formats.message import ForeignMessage, ReferenceOf, adapted_reference
from notifier.intake.formats.reading import FormatRefusedError
from notifier.intake.formats.tables import tables
from notifier.intake.formats.xml import XmlRefusedError, is_xml, read_xml
from notifier.intake.receive import ContradictionError, OutsideSourceError
from notifier.intake.schema.reference import is_short_reference

router = Router(auth=SourceKey(), tags=["Autres formats"])

ANSWERS = (
    "202 : enregistrée. 200 : déjà reçue, ou rien de nouveau. « dropped » nomme ce qui n’a été ni "
    "lu ni conservé ; « id » est vide tant que le message attend son intervention."
)


def _request_body(*kinds: str) -> dict[str, Any]:
    """Describe the body for the documentation page; the format's own models read it."""
    content = {kind: {"schema": {"type": "object"}} for kind in kinds}
    return {"requestBody": {"required": True, "content": content}}


class AcceptedMessage(Schema):  # noqa: D101 - it would stand in the API's document
    id: UUID | None
    status_url: str | None
    dropped: list[str]
    note: str
    others: list[Accepted]


@router.post(
    "/edxl",
    operation_id="notifier_api_formats_edxl",
    response={200: AcceptedMessage | dict[str, Any], 202: AcceptedMessage, **REFUSALS},
    openapi_extra=_request_body("application/json", "application/xml"),
    summary="Transmettre un EDXL-DE, RC-EDA, RC-RI ou EMSI (JSON ou XML)",
    description=ANSWERS,
)
def edxl(request: HttpRequest, dry_run: Annotated[bool, Query(description=DRY_RUN)] = False) -> Any:
    """Accept an EDXL-DE message, or try one without effect."""

    def read(reference_of: ReferenceOf) -> ForeignMessage:
        return read_edxl(_parse_body(request), tables(), reference_of)

    return _push(request, read, dry_run=dry_run)


@router.post(
    "/cap",
    operation_id="notifier_api_formats_cap",
    response={200: AcceptedMessage | dict[str, Any], 202: AcceptedMessage, **REFUSALS},
    openapi_extra=_request_body("application/xml"),
    summary="Transmettre une alerte CAP 1.2 (XML)",
    description=ANSWERS,
)
def cap(request: HttpRequest, dry_run: Annotated[bool, Query(description=DRY_RUN)] = False) -> Any:
    """Accept a CAP alert, or try one without effect."""

    def read(reference_of: ReferenceOf) -> ForeignMessage:
        return read_cap(request.body, tables(), reference_of)

    return _push(request, read, dry_run=dry_run)


def _full_note(note: str, message: ForeignMessage) -> str:
    """Add the reference that a mayor reads, where it is not the sender's own."""
    if not is_short_reference(message.name):
        return note
    shown = f"le maire lit la référence {message.name} : la vôtre ne peut lui être dite"
    return f"{note} ; {shown}" if note else shown


def _parse_body(request: HttpRequest) -> Any:
    """Parse JSON, or XML as a value under its root's name; the body itself says which it is."""
    if not is_xml(request.body):
        return StrictParser().parse_body(request)
    root, _, content = read_xml(request.body)
    return {root: content}


def _push(
    request: HttpRequest, read: Callable[[ReferenceOf], ForeignMessage], *, dry_run: bool
) -> Any:
    source = authenticated_source(request)
    check_query(request)
    try:
        message = read(partial(adapted_reference, pattern=source.reference_pattern))
        if dry_run:
            preview = try_out_message(source, message)
            return Status(200, {**preview, "dropped": list(message.dropped)})
        reception = accept_message(source, message)
    except (JsonRefusedError, XmlRefusedError) as refusal:
        raise ProblemError(400, str(refusal)) from None
    except FormatRefusedError as refusal:
        raise ValidationError(refusal.faults) from None
    except OutsideSourceError as refusal:
        raise ProblemError(
            403,
            f"{refusal.code} est hors des départements de votre source "
            f"({', '.join(source.departements)})",
            field=message.paths.get(refusal.field, "location"),
        ) from None
    except ContradictionError:
        raise ProblemError(
            409,
            "un message de même identité a déjà été reçu avec un autre contenu : "
            "donnez un identifiant à chaque message",
        ) from None
    report_id = reception.report_id
    return Status(
        202 if reception.is_new else 200,
        AcceptedMessage(
            id=report_id,
            status_url=status_url(report_id) if report_id else None,
            dropped=list(message.dropped),
            note=_full_note(reception.note, message),
            others=[Accepted(id=other, status_url=status_url(other)) for other in reception.others],
        ),
    )
