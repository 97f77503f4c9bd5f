"""OVHcloud's own client with our timeouts and certificates, one clock for all threads, no redirect.

A request is signed with OVHcloud's time. The library asks for that on the first request of each
client, and each thread has one: the first text of a thread would take two round trips.
"""

import threading
import time
from dataclasses import dataclass, field
from typing import Any

import ovh
from ovh.exceptions import APIError
from requests import Response, Session
from requests.exceptions import RequestException

from notifier.delivery.providers.http import (
    CONNECT_TIMEOUT_S,
    MAX_IDLE_S,
    READ_TIMEOUT_S,
    seconds,
    set_up,
)

# A lease outlasts the time, the text and one more question together.
SHORT_TIMEOUT_S = (CONNECT_TIMEOUT_S, 3.0)
# Two clocks drift apart by milliseconds within it; OVHcloud refuses what is half a minute off.
CLOCK_AGE_S = 3600.0

# What the library raises for an answer that is not of OVHcloud's form.
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, IndexError)


class ClockUnknownError(Exception):
    """OVHcloud did not say what time it is, so nothing was sent."""


@dataclass
class ServerClock:
    """How many seconds OVHcloud's clock is ahead of ours, as last read by any thread."""

    ahead_s: int | None = None
    read_at: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def forget(self) -> None:
        """Have it read anew before the next request."""
        with self.lock:
            self.ahead_s = None


class Client(ovh.Client):  # type: ignore[misc] # the library is not annotated
    """One thread's connection to OVHcloud; keeps what the last answer said."""

    def __init__(self, keys: tuple[str, str, str], api_url: str, clock: ServerClock) -> None:
        """`keys`: application key, application secret, consumer key."""
        super().__init__("ovh-eu", *keys, timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S))
        self._endpoint = api_url
        self._clock = clock
        self._session = _Session(api_url)

    @property
    def status(self) -> int:
        """The HTTP status of the last answer; 0: none came."""
        return self._session.status

    @property
    def retry_after_s(self) -> float | None:
        """What the last answer asked for."""
        return seconds(self._session.headers_of_answer.get("Retry-After"))

    @property
    def date(self) -> str | None:
        """The provider's clock in the last answer."""
        date: str | None = self._session.headers_of_answer.get("Date")
        return date

    @property
    def time_delta(self) -> int:
        """Seconds that OVHcloud's clock is ahead. Raises ClockUnknownError."""
        clock = self._clock
        with clock.lock:
            if clock.ahead_s is None or time.monotonic() - clock.read_at > CLOCK_AGE_S:
                try:
                    clock.ahead_s = self._read_clock()
                    clock.read_at = time.monotonic()
                except (RequestException, *UNREADABLE) as error:
                    if clock.ahead_s is None:
                        raise ClockUnknownError(type(error).__name__) from error
            return clock.ahead_s

    def ask(self, path: str, query: dict[str, str] | None = None, *, briefly: bool = False) -> Any:
        """GET what stands at a path. Raises ClockUnknownError, and what `call` raises."""
        self._timeout = SHORT_TIMEOUT_S if briefly else (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)
        return self.get(path, **(query or {}))

    def create(self, path: str, body: dict[str, Any]) -> Any:
        """POST to a path. Raises ClockUnknownError, and what `call` raises."""
        self._timeout = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)
        return self.call("POST", path, body)

    def _read_clock(self) -> int:
        answer = self._session.get(f"{self._endpoint}/auth/time", timeout=SHORT_TIMEOUT_S)
        answer.raise_for_status()
        return int(answer.json()) - int(time.time())


class _Session(Session):
    """Follows no redirect, and no connection that was idle for long."""

    def __init__(self, api_url: str) -> None:
        super().__init__()
        set_up(self, api_url)
        self.status = 0
        self.headers_of_answer: Any = {}
        self._used_at = 0.0

    def request(self, method: str, url: str | bytes, *args: Any, **kwargs: Any) -> Response:
        if time.monotonic() - self._used_at > MAX_IDLE_S:
            self.close()
        self.status, self.headers_of_answer = 0, {}
        kwargs["allow_redirects"] = False
        try:
            response = super().request(method, url, *args, **kwargs)
        finally:
            self._used_at = time.monotonic()
        self.status, self.headers_of_answer = response.status_code, response.headers
        return response


def request_error(error: APIError) -> RequestException | None:
    """Return the error of the request itself; None for an answer, whatever it says."""
    return next((arg for arg in error.args if isinstance(arg, RequestException)), None)


def words_of(error: APIError) -> tuple[str, str]:
    """Return the error code and the words of a refusal; empty where it gives none."""
    try:
        said = error.response.json()
        return str(said.get("errorCode") or ""), str(said.get("message") or "")
    except UNREADABLE:
        return "", ""
