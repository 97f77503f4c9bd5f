"""Links to this service in mails."""

from django.conf import settings


def public_url(path: str) -> str:
    """Return the address of a page for a mail: never by the host that a request names."""
    return f"{settings.ENVIRONMENT.PUBLIC_URL}{path}"
