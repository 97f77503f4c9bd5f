"""The HTTP side of Twilio's client: timeouts, no stale connection, and what it hides from us."""

import time
from typing import Any

from requests import Session
from requests.utils import get_environ_proxies
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response

# Twilio answers in well under a second; the client has no timeout of its own.
CONNECT_TIMEOUT_S = 3.05
READ_TIMEOUT_S = 10.0
# A connection idle for longer may have been forgotten by a firewall on the way: the next alert
# would wait for the whole read timeout on it. A new one costs a handshake.
IDLE_CONNECTION_S = 20.0


class PatientHttpClient(TwilioHttpClient):
    """One thread's connection to Twilio. Remembers the Retry-After of the last answer."""

    session: Session

    def __init__(self, api_url: str) -> None:
        super().__init__(pool_connections=True)
        # Asked once: requests would look for proxies and a .netrc anew for every text, which is a
        # sixth of its cost; and a .netrc must not replace the account's own credentials.
        self.session.proxies = get_environ_proxies(api_url)
        self.session.trust_env = False
        # requests takes a pair (connect, read), the parent's annotation only one number.
        self.timeout: Any = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)
        self.retry_after_s: float | None = None
        self._used_at = 0.0

    def request(self, method: str, url: str, **kwargs: Any) -> Response:  # type: ignore[override] # the parent's eight optional parameters pass through
        if time.monotonic() - self._used_at > IDLE_CONNECTION_S:
            self.session.close()
        self.retry_after_s = None
        try:
            response = super().request(method, url, **kwargs)
        finally:
            self._used_at = time.monotonic()
        self.retry_after_s = _seconds((response.headers or {}).get("Retry-After"))
        return response


def _seconds(header: str | None) -> float | None:
    return float(header) if header and header.isdigit() else None
