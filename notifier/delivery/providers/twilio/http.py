"""HTTP for Twilio's client: timeouts, no stale connection, and the headers that it hides."""

import time
from typing import Any

from requests import Session
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response

from notifier.delivery.providers.http import (
    CONNECT_TIMEOUT_S,
    MAX_IDLE_S,
    READ_TIMEOUT_S,
    seconds,
    set_up,
)


class HttpClient(TwilioHttpClient):
    """One thread's connection to Twilio; keeps Retry-After and Date of the last answer."""

    session: Session

    def __init__(self, api_url: str) -> None:
        super().__init__(pool_connections=True)
        set_up(self.session, api_url)
        # requests takes a pair (connect, read), the parent's annotation only one number.
        self.timeout: Any = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)
        self.retry_after_s: float | None = None
        self.date: str | None = None
        self._used_at = 0.0

    def request(self, method: str, url: str, **kwargs: Any) -> Response:  # type: ignore[override] # the parent's eight optional parameters pass through
        if time.monotonic() - self._used_at > MAX_IDLE_S:
            self.session.close()
        self.retry_after_s = None
        try:
            response = super().request(method, url, **kwargs)
        finally:
            self._used_at = time.monotonic()
        headers = response.headers or {}
        self.retry_after_s, self.date = seconds(headers.get("Retry-After")), headers.get("Date")
        return response
