"""Whether this process may start at all: no service without its secrets, none with another's texts."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def require_complete() -> None:
    """Raise ImproperlyConfigured with the name of every setting that is missing for sending."""
    names = settings.ENVIRONMENT.missing()
    if names:
        raise ImproperlyConfigured(
            "cannot start, not set: " + ", ".join(names) + ". See docs/configuration.md; "
            "to try without a provider: notifier up --simulator"
        )
