"""Whether a process may start at all: no service without its secrets, none with a faulty text."""

from django.conf import settings
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured


def require_complete() -> None:
    """Raise ImproperlyConfigured with all that is missing for sending, or wrong in any room."""
    names = settings.ENVIRONMENT.missing()
    if names:
        raise ImproperlyConfigured(
            "cannot start, not set: " + ", ".join(names) + ". See docs/configuration.md; "
            "to try without a provider: notifier up --simulator"
        )
    faults = [str(fault) for fault in run_checks() if fault.is_serious()]
    if faults:
        raise ImproperlyConfigured("cannot start:\n" + "\n".join(faults))
