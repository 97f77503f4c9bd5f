"""The severity of Django's own log lines."""

import logging


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
