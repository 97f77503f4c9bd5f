"""HTTP for Twilio's client: timeouts, no stale connection, and the headers that it hides."""

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from typing import Any

from requests import Session
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NewConnectionError

from notifier.delivery.providers.trust import tls_context

# Twilio answers in well under a second; the client has no timeout of its own.
CONNECT_TIMEOUT_S = 3.05
READ_TIMEOUT_S = 10.0
# A firewall on the way may have dropped a connection that is idle for longer: the next alert would
# wait for the whole read timeout on it. A new one costs a handshake.
MAX_IDLE_S = 20.0


class HttpClient(TwilioHttpClient):
    """One thread's connection to Twilio; keeps Retry-After and Date of the last answer."""

    session: Session

    def __init__(self, api_url: str) -> None:
        super().__init__(pool_connections=True)
        adapter = _Adapter(tls_context())
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, adapter)
        # Read once: looking for proxies and a .netrc for every text would be a sixth of its cost;
        # and a .netrc must not replace the account's own credentials.
        self.session.proxies = get_environ_proxies(api_url)
        self.session.trust_env = False
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
        self.retry_after_s, self.date = _seconds(headers.get("Retry-After")), headers.get("Date")
        return response


class _Adapter(HTTPAdapter):
    """Trusts what all our connections trust, not the certificates that requests brings."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(
            proxy, ssl_context=self._context, proxy_ssl_context=self._context, **kwargs
        )
        if not proxy.lower().startswith("socks"):  # which has pools of its own kind
            manager.pool_classes_by_scheme = _POOLS
        return manager

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ARG002 - the parent's form
        conn.cert_reqs = "CERT_REQUIRED"


class _Connection(HTTPConnection):
    def connect(self) -> None:
        with _failing_as_no_connection(self):
            super().connect()


class _SecureConnection(HTTPSConnection):
    def connect(self) -> None:
        with _failing_as_no_connection(self):
            super().connect()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


_POOLS = {"http": _Pool, "https": _SecurePool}


@contextmanager
def _failing_as_no_connection(connection: HTTPConnection) -> Iterator[None]:
    """Turn whatever fails before a connection stands into NewConnectionError: no text has left.

    A handshake, a certificate, a proxy: the library raises for each an error of its own, which may
    as well come from the middle of an answer.
    """
    try:
        yield
    except NewConnectionError:
        raise
    except (OSError, HTTPException, HTTPError) as error:
        raise NewConnectionError(connection, f"{type(error).__name__}: {error}") from error


def _seconds(header: str | None) -> float | None:
    return float(header) if header and header.isdigit() else None
