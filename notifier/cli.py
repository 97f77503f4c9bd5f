"""The `notifier` command: Django's own, with this project's commands."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    """Run the command given on the command line; a wrong environment is one clear message."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "notifier.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"notifier: {error}")


if __name__ == "__main__":
    main()
