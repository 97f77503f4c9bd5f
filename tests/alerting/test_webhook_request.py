"""One post to an address that a person typed: what the other side cannot do to us."""

from __future__ import annotations

import errno
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from notifier.alerting.webhooks import request
from notifier.alerting.webhooks.request import post
from tests.harness.variables import changed

OK = b"HTTP/1.1 204 No Content\r\n\r\n"


@contextmanager
def server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server of one connection, which does as it likes; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def run() -> None:
            connected, _ = listening.accept()
            # The other side may have hung up, as it should.
            with connected, suppress(OSError):
                serve(connected)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(10)


def error_of(port: int, scheme: str = "http") -> str:
    return post(f"{scheme}://127.0.0.1:{port}/retours", b"{}", {}).error


def test_a_head_that_trickles_is_not_waited_for(monkeypatch) -> None:
    monkeypatch.setattr(request, "DEADLINE_S", 0.3)

    def trickle(connected: socket.socket) -> None:
        connected.recv(65_536)
        connected.sendall(b"HTTP/1.1 ")
        while True:
            connected.sendall(b" ")
            time.sleep(0.05)

    with server(trickle) as port:
        assert error_of(port) == "connexion refusée ou coupée"


def test_a_body_without_end_is_not_read() -> None:
    def flood(connected: socket.socket) -> None:
        connected.recv(65_536)
        connected.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connected.sendall(b"x" * 65_536)

    with server(flood) as port:
        assert error_of(port) == ""


def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    def greet(connected: socket.socket) -> None:
        with context.wrap_socket(connected, server_side=True) as secure:
            secure.sendall(OK)

    with server(greet) as port:
        assert error_of(port, "https") == "certificat refusé, ou TLS impossible"


def test_nothing_but_what_is_signed_is_sent(monkeypatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))
    heard: list[bytes] = []

    def listen(connected: socket.socket) -> None:
        heard.append(connected.recv(65_536))
        connected.sendall(OK)

    with server(listen) as port:
        assert error_of(port) == ""
    assert b"authorization" not in heard[0].lower()
    assert heard[0].startswith(b"POST /retours HTTP/1.1")


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("https://10.0.0.7/", "mène à une adresse interne"),
        ("https://169.254.169.254/latest", "mène à une adresse interne"),
        ("https://127.0.0.1/", "mène à une adresse interne"),
        ("https://[::1]/", "mène à une adresse interne"),
        ("https://[fd00::1]/", "mène à une adresse interne"),
        ("https://[fec0::1]/", "mène à une adresse interne"),
        ("https://[64:ff9b:1::a00:7]/", "mène à une adresse interne"),
        ("https://[::10.0.0.7]/", "mène à une adresse interne"),
        ("https://localhost/", "mène à une adresse interne"),
        ("https://nulle-part.invalid/", "est inconnu"),
    ],
)
def test_no_address_inside_is_spoken_to(settings, url: str, error: str) -> None:
    settings.ENVIRONMENT = changed(settings.ENVIRONMENT, SIMULATOR=False)
    assert error in post(url, b"{}", {}).error


def test_of_several_addresses_those_inside_are_left_out_and_the_others_tried_in_turn(
    settings, monkeypatch
) -> None:
    settings.ENVIRONMENT = changed(settings.ENVIRONMENT, SIMULATOR=False)
    asked: list[str] = []
    family = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
    found = [(*family, (address, 443)) for address in ("10.0.0.7", "2606:2800::1", "93.184.216.34")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    def connect(where: tuple[str, int], *_: object, **__: object) -> socket.socket:
        asked.append(where[0])
        if len(asked) == 1:
            raise OSError(errno.ENETUNREACH, "no route")
        raise TimeoutError

    monkeypatch.setattr(request, "create_connection", connect)
    assert post("https://dispatch.example/", b"{}", {}).error == "pas de connexion en 3 s"
    assert asked == ["2606:2800::1", "93.184.216.34"]
