"""How Django's own log lines are weighed."""

import logging


class RefusalsAreWarnings(logging.Filter):
    """Lowers what Django says of a request that it refused (wrong Host, too many fields).

    Django logs these as errors with a traceback; anyone on the network could fill the log, and wake
    whoever is on call, with them. Errors are kept for what an operator has to mend.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record in place; every record passes."""
        if record.name.startswith("django.security") and record.levelno == logging.ERROR:
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.exc_info = None
        return True
