"""Whose certificates are believed: the machine's own store and, besides, the operator's CA_FILE.

One store for all that sends and all that examines: behind a proxy that inspects TLS, what
`notifier doctor` finds well must leave as well.
"""

import ssl
from functools import cache
from pathlib import Path

from django.conf import settings


def tls_context() -> ssl.SSLContext:
    """The context of every connection to a provider. Raises OSError if CA_FILE is gone."""
    return _context(settings.ENVIRONMENT.CA_FILE)


@cache
def _context(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context
