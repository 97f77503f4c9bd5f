"""Check whether a process may start: not without its secrets, not with an invalid template."""

from collections.abc import Sequence

from django.conf import settings
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured

# The tag of our own checks. Django's, of the whole web, cost who serves no page half its start.
CHECK_TAG = "notifier"


def require_complete(tags: Sequence[str] | None = None) -> None:
    """Raise ImproperlyConfigured with all that is missing for sending, or wrong in any room.

    `tags` selects the system checks to run; None runs all.
    """
    require_variables()
    faults = [str(fault) for fault in run_checks(tags=tags) if fault.is_serious()]
    if faults:
        raise ImproperlyConfigured("démarrage impossible :\n" + "\n".join(faults))


def require_variables() -> None:
    """Raise ImproperlyConfigured with the variables without which nothing can be sent."""
    names = settings.ENVIRONMENT.missing()
    if names:
        raise ImproperlyConfigured(
            f"démarrage impossible, variables absentes : {', '.join(names)}. "
            "Voir docs/configuration.md ; pour essayer sans prestataire : notifier up --simulator"
        )
