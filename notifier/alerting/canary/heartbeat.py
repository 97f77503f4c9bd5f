"""Request the address of an outside monitor, which alarms when nothing comes any more."""

from __future__ import annotations

import structlog
from django.conf import settings
from requests import RequestException, Session

from notifier.delivery.providers.http import reason, set_up

log = structlog.get_logger(__name__)

TIMEOUTS_S = (3.05, 5.0)


def send_heartbeat() -> bool:
    """Request the monitor's address, if there is one; return whether it took it. Never raises.

    The address is a secret: whoever knows it can say that all is well. It is logged nowhere.
    """
    url: str = settings.ENVIRONMENT.HEARTBEAT_URL.get_secret_value()
    if not url:
        return False
    try:
        with Session() as session:
            set_up(session, url)
            # A redirect would carry the secret elsewhere; of what is answered nothing is read.
            with session.get(url, timeout=TIMEOUTS_S, allow_redirects=False, stream=True) as answer:
                status = answer.status_code
    except (RequestException, OSError, ValueError) as error:
        log.warning("outside monitor was not reached", why=_without(url, reason(error)))
        return False
    if not 200 <= status < 300:
        log.warning("outside monitor refused the heartbeat", status=status)
        return False
    return True


def _without(url: str, text: str) -> str:
    """Return a reason that does not hold the address or its path."""
    return "the address is wrong" if any(part in text for part in _parts(url)) else text


def _parts(url: str) -> list[str]:
    path = url.partition("://")[2].partition("/")[2]
    return [part for part in (url, path) if part]
