"""The WSGI application, for any server: `notifier web` runs it under granian."""

import os

import django
from django.core.handlers.wsgi import WSGIHandler


def application() -> WSGIHandler:
    """Build the application. Raises ImproperlyConfigured when a setting is missing or wrong."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "notifier.settings")
    django.setup(set_prefix=False)
    from notifier.readiness import require_complete

    require_complete()
    return WSGIHandler()
