"""The `notifier` command: Django's own, with this project's commands."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import DatabaseError


def main() -> None:
    """Run the command given on the command line; what is wrong around it is one clear line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "notifier.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"notifier: {error}")
    except DatabaseError as error:
        sys.exit(
            f"notifier: base de données inutilisable ({str(error).strip()}). Tables absentes : "
            "« notifier migrate » ; sinon « notifier doctor » dit ce qui manque."
        )


if __name__ == "__main__":
    main()
