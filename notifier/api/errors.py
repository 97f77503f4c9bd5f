"""Refusals, in French, in one shape: {"error": "…", "fields": [{"field": "…", "message": "…"}]}."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from notifier.api.json_codec import JsonRefusedError
from notifier.api.middleware import API
from notifier.intake.schema.report import PATTERN_HINTS

log = structlog.get_logger(__name__)

# Pydantic's kinds of error, in dispatch's language; {…} is filled from the error's context.
FRENCH = {
    "missing": "champ obligatoire",
    "extra_forbidden": "champ inconnu : il n’est ni lu ni conservé, retirez-le",
    "string_type": "un texte est attendu",
    "string_too_short": "ne doit pas être vide",
    "string_too_long": "{max_length} caractères au plus",
    "string_pattern_mismatch": "forme inattendue ; attendu : {in_words}",
    "string_unicode": "caractères illisibles : envoyez de l’UTF-8",
    "int_type": "un nombre entier est attendu",
    "int_parsing": "un nombre entier est attendu",
    "int_from_float": "un nombre entier est attendu",
    "float_type": "un nombre est attendu",
    "float_parsing": "un nombre est attendu",
    "finite_number": "un nombre fini est attendu",
    "bool_type": "true ou false est attendu",
    "bool_parsing": "true ou false est attendu",
    "literal_error": "valeurs admises : {expected}",
    "enum": "valeurs admises : {expected}",
    "greater_than_equal": "au moins {ge}",
    "less_than_equal": "au plus {le}",
    "datetime_type": "une date est attendue, par exemple 2026-11-22T03:16:07+01:00",
    "datetime_parsing": "date impossible ; attendu par exemple 2026-11-22T03:16:07+01:00",
    "datetime_from_date_parsing": "date impossible ; attendu par exemple 2026-11-22T03:16:07+01:00",
    "datetime_object_invalid": "date impossible ; attendu par exemple 2026-11-22T03:16:07+01:00",
    "timezone_aware": "le fuseau horaire manque, par exemple +01:00 ou Z",
    "model_attributes_type": "un objet JSON est attendu",
    "model_type": "un objet JSON est attendu",
    "dict_type": "un objet JSON est attendu",
    "list_type": "une liste est attendue",
    "too_short": "au moins {min_length}",
    "tuple_type": "[longitude, latitude] est attendu",
    "too_long": "au plus {max_length}",
}


# Kinds of error that intake defines, whose message is French already.
INTAKE_ERROR_TYPES = {
    "area",
    "closure",
    "control_character",
    "date_ahead",
    "date_old",
    "format",
    "half_point",
    "link",
    "nowhere",
    "one_and_several",
}


class ProblemError(Exception):
    """A refusal with its HTTP status and its French message."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        field: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.fields = [{"field": field, "message": message}] if field else []
        self.headers = headers or {}


def register(api: NinjaAPI) -> None:
    """Answer every refusal of the API in the one shape."""

    def answer(
        request: HttpRequest,
        status: int,
        message: str,
        fields: list[dict[str, str]] | None = None,
        headers: dict[str, str] | None = None,
    ) -> HttpResponse:
        content: dict[str, Any] = {"error": message}
        if fields:
            content["fields"] = fields
        response = api.create_response(request, content, status=status)
        for name, value in (headers or {}).items():
            response[name] = value
        return response

    @api.exception_handler(ProblemError)
    def problem(request: HttpRequest, exc: ProblemError) -> HttpResponse:
        return answer(request, exc.status, exc.message, exc.fields, exc.headers)

    @api.exception_handler(ValidationError)
    def invalid(request: HttpRequest, exc: ValidationError) -> HttpResponse:
        fields = [_field(error) for error in exc.errors]
        names = ", ".join(field["field"] for field in fields)
        return answer(request, 422, f"champs refusés : {names}", fields)

    @api.exception_handler(HttpError)
    def unreadable(request: HttpRequest, exc: HttpError) -> HttpResponse:
        if isinstance(exc.__cause__, JsonRefusedError):
            return answer(request, 400, str(exc.__cause__))
        return answer(request, exc.status_code, exc.message)

    @api.exception_handler(Http404)
    def absent(request: HttpRequest, _: Http404) -> HttpResponse:
        return answer(request, 404, "inconnu de votre source : vérifiez l’adresse et la clé")

    @api.exception_handler(SuspiciousOperation)
    def suspicious(request: HttpRequest, exc: SuspiciousOperation) -> HttpResponse:
        log.warning("request refused", path=request.path, reason=str(exc))
        return answer(request, 400, _DJANGO_ERRORS[HTTPStatus.BAD_REQUEST])

    @api.exception_handler(Exception)
    def broken(request: HttpRequest, exc: Exception) -> HttpResponse:
        log.error("request failed", path=request.path, exc_info=exc)
        return answer(
            request, 500, "erreur interne, notée au journal du service : renvoyez l’intervention"
        )

    @api.exception_handler(OperationalError)
    @api.exception_handler(InterfaceError)
    def down(request: HttpRequest, _: Exception) -> HttpResponse:
        message = "base de données indisponible, rien n’a été reçu : renvoyez dans 5 s"
        return answer(request, 503, message, headers={"Retry-After": "5"})


# Said instead of the pages that Django itself answers, before or instead of the API.
_DJANGO_ERRORS: dict[int, str] = {
    HTTPStatus.BAD_REQUEST: "requête refusée : vérifiez l’adresse, les paramètres et Host",
    HTTPStatus.NOT_FOUND: "adresse inconnue : voir /api/v1/docs",
    HTTPStatus.METHOD_NOT_ALLOWED: "méthode HTTP refusée à cette adresse : voir /api/v1/docs",
    HTTPStatus.INTERNAL_SERVER_ERROR: "erreur interne, notée au journal du service : réessayez",
}


def json_errors(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Answer Django's own refusals under /api/ in the one shape too (middleware)."""

    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        message = _DJANGO_ERRORS.get(response.status_code)
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if message is None or not is_page or not request.path.startswith(API):
            return response
        refusal = JsonResponse(
            {"error": message},
            status=response.status_code,
            json_dumps_params={"ensure_ascii": False},
        )
        if "Allow" in response.headers:
            refusal["Allow"] = response["Allow"]
        return refusal

    return respond


def _field(error: dict[str, Any]) -> dict[str, str]:
    # Ninja puts "body" and the parameter's name before the path within the body.
    path = [str(part) for part in error["loc"] if part not in ("body", "new", "query", "path")]
    return {"field": ".".join(path) or "corps", "message": _french(error)}


def _french(error: dict[str, Any]) -> str:
    known = FRENCH.get(error["type"])
    if known:
        context = error.get("ctx", {})
        context = {**context, "in_words": PATTERN_HINTS.get(context.get("pattern"), "…")}
        return known.format_map(_Context(context)).replace(" or ", " ou ")
    if error["type"] in INTAKE_ERROR_TYPES:
        return str(error["msg"])
    return "valeur refusée"


class _Context(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"
