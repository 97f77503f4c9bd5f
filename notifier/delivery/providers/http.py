"""HTTP to providers of texts: timeouts, whom we trust, and which errors mean that nothing left."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from typing import Any, ClassVar

from requests import Session
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import (
    ConnectTimeout,
    InvalidSchema,
    InvalidURL,
    ProxyError,
    RequestException,
)
from requests.utils import get_environ_proxies
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

from notifier.delivery.models import Result
from notifier.delivery.providers.base import Outcome
from notifier.delivery.providers.trust import tls_context

# Providers answer in well under a second; their clients wait for minutes, or for ever.
CONNECT_TIMEOUT_S = 3.05
READ_TIMEOUT_S = 10.0
# A firewall on the way may have dropped a connection that is idle for longer: the next alert would
# wait for the whole read timeout on it. A new one costs a handshake.
MAX_IDLE_S = 20.0
# Errors of a request of which nothing has left.
NEVER_LEFT = (ConnectTimeout, ProxyError, InvalidSchema, InvalidURL)


class TrustingAdapter(HTTPAdapter):
    """Trusts what all our connections trust, not the certificates that requests brings.

    `pools`: by scheme, the pools of those connections that go straight to the other side.
    """

    pools: ClassVar[dict[str, type]]

    def __init__(self) -> None:
        self._context = tls_context()
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Give the pools our trust, and their own kind."""
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self.pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Give the connections to a proxy our trust, and those through it."""
        return super().proxy_manager_for(
            proxy, ssl_context=self._context, proxy_ssl_context=self._context, **kwargs
        )

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ARG002 - the parent's form
        """Require a certificate that our context believes."""
        conn.cert_reqs = "CERT_REQUIRED"


def mount(session: Session, adapter: TrustingAdapter, url: str) -> None:
    """Have all requests of the session use the adapter, and the machine's proxies for this URL.

    Neither a .netrc nor an environment that changes meanwhile: it is read here, once.
    """
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter)
    session.proxies = get_environ_proxies(url)
    session.trust_env = False


def set_up(session: Session, api_url: str) -> None:
    """Have the session trust what all our connections trust, and use the machine's proxies."""
    # Looking for proxies and a .netrc for every text would be a sixth of its cost; and a .netrc
    # must not replace the account's own credentials.
    mount(session, _Adapter(), api_url)


def connection_error(error: RequestException) -> Outcome:
    """Return the outcome of a request that got no answer."""
    if never_left(error):
        return Outcome(Result.RETRY, detail="opérateur injoignable", is_common=True)
    detail = f"ligne coupée sans réponse ({type(error).__name__})"
    return Outcome(Result.UNKNOWN, detail=detail, is_common=True)


def never_left(error: RequestException) -> bool:
    """Whether no connection stood yet: `set_up` makes every earlier failure say so."""
    if isinstance(error, NEVER_LEFT):
        return True
    cause = error.args[0] if isinstance(error, RequestsConnectionError) and error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


def reason(error: Exception) -> str:
    """Describe the innermost of nested errors, which says what it was."""
    while error.__cause__ or error.__context__:
        inner = error.__cause__ or error.__context__
        if not isinstance(inner, Exception):
            break
        error = inner
    return str(error) or type(error).__name__


def unreadable(why: str) -> Outcome:
    """Return the outcome of an answer that is not the provider's: a proxy may hide the real one."""
    return Outcome(Result.UNKNOWN, detail=f"réponse illisible ({why})", is_common=True)


def seconds(header: str | None) -> float | None:
    """Return what a Retry-After asks for; None where it is a date, or none."""
    return float(header) if header and header.isdigit() else None


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


class _Adapter(TrustingAdapter):
    pools: ClassVar[dict[str, type]] = {"http": _Pool, "https": _SecurePool}

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not proxy.lower().startswith("socks"):  # which has pools of its own kind
            manager.pool_classes_by_scheme = self.pools
        return manager


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
