"""The Content-Security-Policy of every page: it loads the service's own files, nothing else."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# Pico CSS draws the marks of its form fields from addresses of its own (`data:`).
POLICY = (
    "default-src 'self'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# Swagger's page and Django's admin set styles inline; no script is inline anywhere.
WITH_INLINE_STYLES = f"{POLICY}; style-src 'self' 'unsafe-inline'"
_INLINE_STYLES = ("/admin/", "/api/v1/docs")


def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Set the policy on every answer (middleware)."""

    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        policy = WITH_INLINE_STYLES if request.path.startswith(_INLINE_STYLES) else POLICY
        response.headers.setdefault("Content-Security-Policy", policy)
        return response

    return respond
