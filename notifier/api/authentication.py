"""Authenticate a request and limit it: its key, size, signature and rate."""

from collections.abc import Mapping
from math import ceil

import structlog
from django.http import HttpRequest
from ninja.security import HttpBearer

from notifier.api.errors import ProblemError
from notifier.intake.access.api_keys import KeyRefusedError, source_of
from notifier.intake.access.rate_limit import Budget, TooFastError, is_first_of_id, take_token
from notifier.intake.access.signature import SignatureRefusedError, check_signature, signed_payload
from notifier.intake.models import Source
from notifier.intake.sealing import SealBrokenError

MAX_BODY_BYTES = 64 * 1024
log = structlog.get_logger(__name__)


class SourceKey(HttpBearer):
    """Authenticate `Authorization: Bearer KEY`; the source becomes `request.auth`."""

    openapi_scheme = "bearer"

    def __call__(self, request: HttpRequest) -> Source:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise ProblemError(401, "clé absente : envoyez l’en-tête « Authorization: Bearer CLÉ »")
        return self.authenticate(request, key.strip())

    def authenticate(self, request: HttpRequest, token: str) -> Source:
        """Return the source of the key, within its limits. Raises ProblemError."""
        try:
            source = source_of(token)
            _admit(request, source)
        except KeyRefusedError as refusal:
            raise ProblemError(401, str(refusal)) from None
        except TooFastError as refusal:
            wait = max(1, ceil(refusal.retry_after_s))
            raise ProblemError(
                429,
                f"trop de requêtes : réessayez dans {wait} s",
                headers={"Retry-After": str(wait)},
            ) from None
        except SignatureRefusedError as refusal:
            raise ProblemError(401, str(refusal)) from None
        return source


def _admit(request: HttpRequest, source: Source) -> None:
    """Verify the signature of a source that signs, and count the request against its limits.

    Raises TooFastError, SignatureRefusedError and ProblemError.
    """
    if request.method == "GET":
        take_token(source, Budget.READ)
    elif not source.must_sign:
        take_token(source, Budget.PUSH)
        _refuse_large(request)
    else:
        _refuse_large(request)
        try:
            message_id = _check_signature(request, source)
        except SignatureRefusedError:
            take_token(source, Budget.OTHERS)
            raise
        # A repetition is answered as the first was, for a retry keeps its id; it may as well be a
        # request that was overheard, so it spends nothing of the source's own.
        is_first = is_first_of_id(source, message_id)
        take_token(source, Budget.PUSH if is_first else Budget.OTHERS)


def _check_signature(request: HttpRequest, source: Source) -> str:
    query = request.META.get("QUERY_STRING", "")
    target = f"{request.path}?{query}" if query else request.path
    payload = signed_payload(request.method or "", target, request.body)
    try:
        secrets = source.signing_secrets
    except SealBrokenError as error:
        log.error("signing secret unusable", source=source.name, error=str(error))
        raise ProblemError(
            503, "signature invérifiable pour l’instant : rien n’est reçu, prévenez l’exploitant"
        ) from None
    return check_signature(secrets, request.headers, payload)


def announced_bytes(headers: Mapping[str, str]) -> int | None:
    """Read the body's length from Content-Length: 0 without one, None if it is not a number."""
    announced = headers.get("Content-Length") or "0"
    return int(announced) if announced.isdecimal() else None


def _refuse_large(request: HttpRequest) -> None:
    """Refuse a body by the length announced, before any of it is read. Raises ProblemError."""
    if "Transfer-Encoding" in request.headers:
        raise ProblemError(
            411, "longueur du corps inconnue : envoyez Content-Length, sans « Transfer-Encoding »"
        )
    announced = announced_bytes(request.headers)
    if announced is None:
        raise ProblemError(400, "en-tête Content-Length illisible : un nombre d’octets est attendu")
    if announced > MAX_BODY_BYTES:
        raise ProblemError(
            413, "le corps dépasse 64 kio : envoyez une seule intervention par requête"
        )
