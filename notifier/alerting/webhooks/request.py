"""Post one body to an address that a person has typed: short timeouts, no redirection, no secrets.

The host is looked up and judged for each connection, and the connection is made to the address that
was judged: a name that leads elsewhere a moment later leads nowhere. Behind a proxy (HTTPS_PROXY)
the proxy looks it up, and decides.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from threading import Timer
from typing import ClassVar

from requests import RequestException, Session
from requests import exceptions as failures
from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError
from urllib3.util.connection import create_connection

from notifier.delivery.providers.http import TrustingAdapter, mount
from notifier.intake.access.webhook_address import WebhookAddressError, is_allowed_address

CONNECT_TIMEOUT_S = 3.05
READ_TIMEOUT_S = 5.0
# Each may take its time to connect, and all of them less than a claim lasts.
MAX_ADDRESSES = 4
# However slowly the answer's head trickles in.
DEADLINE_S = 8.0
# The longest wait that the other side may ask for.
MAX_RETRY_AFTER_S = 3600.0


@dataclass(frozen=True)
class Posted:
    """What came of one attempt: `error` in French, empty where it was taken."""

    error: str = ""
    retry_after_s: float = 0.0


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
    """Post once and return what came of it. Reads the answer's head alone; raises nothing."""
    try:
        with (
            _session(url) as session,
            session.post(
                url,
                data=body,
                headers=headers,
                timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
                allow_redirects=False,
                stream=True,
            ) as response,
        ):
            return _judge(response.status_code, response.headers.get("Retry-After", ""))
    except WebhookAddressError as error:
        return Posted(str(error))
    except failures.SSLError:
        return Posted("certificat refusé, ou TLS impossible")
    except failures.ProxyError:
        return Posted("le mandataire (proxy) ne mène pas à cette adresse")
    except failures.ConnectTimeout:
        return Posted(f"pas de connexion en {CONNECT_TIMEOUT_S:.0f} s")
    except failures.Timeout:
        return Posted(f"pas de réponse en {READ_TIMEOUT_S:.0f} s")
    except failures.ConnectionError:
        return Posted("connexion refusée ou coupée")
    except (RequestException, HTTPError, OSError, ValueError) as error:
        return Posted(f"envoi impossible ({type(error).__name__})")


def _judge(status: int, retry_after: str) -> Posted:
    if 200 <= status < 300:
        return Posted()
    wait_s = min(float(retry_after), MAX_RETRY_AFTER_S) if retry_after.isdecimal() else 0.0
    if 300 <= status < 400:
        return Posted(f"redirection ({status}), qui n’est pas suivie : donner l’adresse finale")
    return Posted(f"réponse {status}", wait_s)


def _session(url: str) -> Session:
    session = Session()
    # What is sent there is signed, and nothing else: no .netrc.
    mount(session, _Adapter(), url)
    return session


class _Connection(HTTPConnection):
    """A connection to an address that was judged, and that waits no longer than DEADLINE_S."""

    def _new_conn(self) -> socket.socket:
        found = _addresses(self.host, self.port or 443)
        allowed = [one for one in found if is_allowed_address(ip_address(one.partition("%")[0]))]
        if not allowed:
            raise WebhookAddressError(
                f"{self.host} mène à une adresse interne, que l’exploitant n’admet pas"
            )
        for address in allowed[:-1]:
            # One of the two protocols may lead nowhere from here.
            with suppress(OSError, ConnectTimeoutError):
                return self._connect_to(address)
        return self._connect_to(allowed[-1])

    def _connect_to(self, address: str) -> socket.socket:
        where = address, self.port or 443
        try:
            return create_connection(where, self.timeout, socket_options=self.socket_options)
        except TimeoutError as error:
            raise ConnectTimeoutError(self, "connect timeout") from error

    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as urllib3's own
        timer = Timer(DEADLINE_S, self._hang_up)
        timer.daemon = True
        timer.start()
        try:
            return super().getresponse()
        finally:
            timer.cancel()

    def _hang_up(self) -> None:
        if self.sock is not None:
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)


class _SecureConnection(_Connection, HTTPSConnection):
    pass


def _addresses(host: str, port: int) -> list[str]:
    """Look a host up. Raises WebhookAddressError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise WebhookAddressError(f"le nom {host} est inconnu") from None
    return [str(address[0]) for *_, address in found][:MAX_ADDRESSES]


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


# Of a proxy's own connections urllib3's: the proxy is the operator's.
class _Adapter(TrustingAdapter):
    """Judges where each connection leads."""

    pools: ClassVar[dict[str, type]] = {"http": _Pool, "https": _SecurePool}
