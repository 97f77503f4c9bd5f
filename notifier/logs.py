"""What Django's own log lines say: how severe it is, and no secret."""

import logging
import re

_SECRET = re.compile(
    r"(/(?:calendars|callbacks/ovh|sortie|c|r|invitation|connexion/oubli|compte/adresse)/)"
    r"[^/\s?]+"
)


class RefusalsAreWarnings(logging.Filter):
    """Lower what Django logs about a request that it refused (wrong Host, too many fields).

    Django logs these as errors with a traceback; anyone on the network could fill the log, and wake
    whoever is on call. Errors are reserved for what an operator has to fix.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record in place; every record passes."""
        if record.name.startswith("django.security") and record.levelno == logging.ERROR:
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.exc_info = None
        return True


class HideSecrets(logging.Filter):
    """Hide the secret in a path that is logged: of a calendar, receipts, a link of a text."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record in place; every record passes."""
        if isinstance(record.args, tuple):
            record.args = tuple(map(_hidden, record.args))
        if isinstance(record.msg, dict):
            record.msg = {key: _hidden(value) for key, value in record.msg.items()}
        return True


def _hidden(value: object) -> object:
    return _SECRET.sub(r"\1…", value) if isinstance(value, str) else value
