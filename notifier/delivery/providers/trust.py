"""Trust the machine's own certificates and, besides, the operator's CA_FILE.

Sending and `notifier doctor` share one store: behind a proxy that inspects TLS, what the doctor
finds well must be sent as well.
"""

import ssl
from functools import cache
from pathlib import Path

from django.conf import settings


def tls_context() -> ssl.SSLContext:
    """Return the context of every connection to a provider. Raises OSError without CA_FILE."""
    return _load_context(settings.ENVIRONMENT.CA_FILE)


@cache
def _load_context(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context
