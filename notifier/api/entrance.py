"""Who is at the door: the key, the pace, the size and the signature of a request, in this order."""

from math import ceil

from django.http import HttpRequest
from ninja.security import HttpBearer

from notifier.api.problems import ProblemError
from notifier.intake.keys import KeyRefusedError, source_of
from notifier.intake.models import Source
from notifier.intake.pace import TooFastError, take_token
from notifier.intake.signature import SignatureRefusedError, check_signature

LARGEST_BODY = 64 * 1024


class SourceKey(HttpBearer):
    """`Authorization: Bearer KEY`; the source becomes `request.auth`."""

    openapi_scheme = "bearer"

    def __call__(self, request: HttpRequest) -> Source:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise ProblemError(401, "clé absente : envoyez l’en-tête « Authorization: Bearer CLÉ »")
        return self.authenticate(request, key.strip())

    def authenticate(self, request: HttpRequest, token: str) -> Source:
        """The source of the key, once the whole request may be looked at. Raises ProblemError."""
        try:
            source = source_of(token)
            take_token(source)
            _refuse_large(request)
            if source.signing_secret and request.method != "GET":
                check_signature(source.signing_secret, request.headers, request.body)
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


def _refuse_large(request: HttpRequest) -> None:
    """By the length announced, before anything of the body is read."""
    if "Transfer-Encoding" in request.headers:
        raise ProblemError(
            411, "longueur du corps inconnue : envoyez Content-Length, sans « Transfer-Encoding »"
        )
    announced = request.headers.get("Content-Length") or "0"
    if not announced.isdecimal():
        raise ProblemError(400, "en-tête Content-Length illisible : un nombre d’octets est attendu")
    if int(announced) > LARGEST_BODY:
        raise ProblemError(
            413, "le corps dépasse 64 kio : envoyez une seule intervention par requête"
        )
