"""The `notifier` command: Django's own, with this project's commands."""

import io
import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from notifier.ops.french_cli import FrenchUtility

# What a shell reports of a program that SIGPIPE ended.
BROKEN_PIPE = 141


def main() -> None:
    """Run the command of the command line; report what is wrong around it in one clear line."""
    # A terminal of another alphabet shows « ? » rather than stop a command half-way.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "notifier.settings")
    try:
        try:
            FrenchUtility(sys.argv).execute()
        finally:
            # A reader that is gone is met here: at its own end Python would print a traceback.
            sys.stdout.flush()
    except ImproperlyConfigured as error:
        sys.exit(f"notifier : {error}")
    except DatabaseError as error:
        sys.exit(
            f"notifier : base de données inutilisable ({str(error).strip()}). Tables absentes : "
            "« notifier migrate » ; sinon « notifier doctor » dit ce qui manque."
        )
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read us has read enough (`| head`); what is left to flush goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(BROKEN_PIPE)


if __name__ == "__main__":
    main()
