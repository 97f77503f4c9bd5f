"""What stands between the network and Django: half-sent, cut, oversized and misleading requests."""

import contextlib
import http.client
import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from notifier.api import server
from notifier.ops.local import stack as launch
from tests.harness.live import Live

RECEIPT = "/api/v1/callbacks/twilio/1"


@contextlib.contextmanager
def _connection(live: Live) -> Iterator[socket.socket]:
    parts = urlsplit(live.service.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as line:
        yield line


def _head(path: str, length: int | str, *more: str, method: str = "POST") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {length}", *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _answer(line: socket.socket) -> tuple[int, bytes]:
    response = http.client.HTTPResponse(line)
    response.begin()
    return response.status, response.read()


def test_half_sent_requests_hold_up_nobody(live: Live) -> None:
    """More of them than there are threads, at each door that reads a body; then a push."""
    service = live.service
    mobile = service.new_number()
    service.add_contacts(f"90007;maire;1;Essai;Alix;{mobile};")
    key = f"Authorization: Bearer {service.key}"
    doors = (
        _head(RECEIPT, 500, "Content-Type: application/x-www-form-urlencoded"),
        _head("/admin/login/", 500, "Content-Type: application/x-www-form-urlencoded"),
        _head("/api/v1/interventions", 500, "Content-Type: application/json", key),
    )
    with contextlib.ExitStack() as open_lines:
        for head in doors * server.WEB_THREADS:
            line = open_lines.enter_context(_connection(live))
            line.sendall(head + b"half")
        # Still half-sent when this is answered: nothing else could answer it.
        answer = service.push(location={"insee": "90007"})
        assert answer.code == 202
        live.expect_sms(to=mobile)


def test_half_sent_head_holds_up_nobody(live: Live) -> None:
    with contextlib.ExitStack() as open_lines:
        for _ in range(2 * server.WEB_THREADS):
            line = open_lines.enter_context(_connection(live))
            line.sendall(b"POST /api/v1/interventions HTTP/1.1\r\nHost: local")
        assert live.service.dispatch.status("00000000-0000-0000-0000-000000000000").code == 404


def test_body_that_is_cut_short_is_refused(live: Live) -> None:
    with _connection(live) as line:
        line.sendall(_head(RECEIPT, 500) + b"MessageSid=SM1")
        line.shutdown(socket.SHUT_WR)
        status, content = _answer(line)
    assert status == 400
    assert "incomplet" in json.loads(content)["error"]


@pytest.mark.parametrize("announced", [server.MAX_BODY_BYTES + 1, 10**12])
@pytest.mark.parametrize("path", ["/admin/login/", RECEIPT])
def test_body_announced_too_large_is_refused_unread(live: Live, path: str, announced: int) -> None:
    with _connection(live) as line:
        line.sendall(_head(path, announced))
        status, _ = _answer(line)
    assert status in (400, 403, 413)


def test_a_list_to_import_is_read_whole_and_a_larger_one_led_back_to_its_page(live: Live) -> None:
    """A stranger's is answered by the log-in, not by a half of what was sent."""
    size = server.MAX_UPLOAD_BYTES
    with _connection(live) as line:
        line.sendall(_head(server.UPLOAD_PATH, size, "Content-Type: text/csv") + b"x" * size)
        status, _ = _answer(line)
    assert status in (302, 403)
    with _connection(live) as line:
        line.sendall(_head(server.UPLOAD_PATH, size + 1))
        response = http.client.HTTPResponse(line)
        response.begin()
    assert (response.status, response.getheader("location")) == (303, server.TOO_LARGE)


@pytest.mark.parametrize("length", ["-1", "+5", "abc", "1, 2"])
def test_length_that_is_none_is_refused(live: Live, length: str) -> None:
    with _connection(live) as line:
        line.sendall(_head(RECEIPT, length))
        status, _ = _answer(line)
    assert status == 400


def test_header_with_underscores_is_not_taken_for_the_real_one(live: Live) -> None:
    """`webhook_id` would read as `webhook-id` in WSGI: a proxy cleans the one, not the other."""
    service = live.service
    added = service.run("source", "add", "CORG signé", "--departement", "90", "--signed")
    key = re.search(r"^\S{30,}$", added.stdout, re.MULTILINE)
    assert key, added
    names = ("webhook_id", "webhook_timestamp", "webhook_signature")
    more = [f"{name}: 1" for name in names] + [f"Authorization: Bearer {key[0]}"]
    with _connection(live) as line:
        line.sendall(_head("/api/v1/interventions", 2, *more) + b"{}")
        status, content = _answer(line)
    assert status == 401
    assert "webhook-id" in json.loads(content)["error"]


def test_path_and_query_arrive_as_they_were_sent(live: Live) -> None:
    with _connection(live) as line:
        line.sendall(_head("/api/v1/caf%C3%A9/%2F?a=%C3%A9", 0, method="GET"))
        status, content = _answer(line)
    assert status == 404
    assert json.loads(content)["error"]


def test_body_that_does_not_come_is_given_up(tmp_path: Path) -> None:
    """The same server with a patience that a test can await."""
    (tmp_path / "patience.py").write_text(
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from notifier.api import server\n"
        "server.MAX_BODY_SECONDS = 0.2\n"
        "def application():\n"
        "    return server.Server(lambda environ, start_response: [], ThreadPoolExecutor(1))\n"
    )
    bind = launch.Bind("127.0.0.1", launch.free_port())
    command = [*launch.web_command(bind)[:-1], "patience:application"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            with _connected(bind) as line:
                line.sendall(_head(RECEIPT, 500) + b"half")
                status, content = _answer(line)
        finally:
            process.terminate()
    assert status == 408
    assert "renvoyez" in json.loads(content)["error"]


def _connected(bind: launch.Bind) -> socket.socket:
    """A line to a server that is only just starting."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return socket.create_connection((bind.host, bind.port), timeout=30)
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.02)


MANY = "&".join(f"a{number}=1" for number in range(2_000))
FORM = "Content-Type: application/x-www-form-urlencoded"
ABSENT = "/api/v1/interventions/00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    ("method", "path", "headers", "content"),
    [
        (
            "POST",
            f"/api/v1/interventions?{MANY}",
            ["{key}", "Content-Type: application/json"],
            "{}",
        ),
        ("POST", f"/api/v1/edxl?{MANY}", ["{key}"], "{}"),
        ("POST", f"/api/v1/cap?{MANY}", ["{key}"], "<alert/>"),
        ("GET", f"{ABSENT}?{MANY}", ["{key}"], ""),
        ("POST", "/admin/login/", [FORM], MANY),
        ("POST", RECEIPT, [FORM, "X-Twilio-Signature: x"], MANY),
        ("POST", RECEIPT, ["Content-Type: multipart/form-data; boundary=x"], "--x\r\n\r\n"),
        ("POST", RECEIPT, ["Content-Type: multipart/form-data"], "x"),
        ("POST", "/admin/login/", [f"{FORM}; charset=nonsense"], "a=1"),
        ("GET", "/admin/login/?next=%00", [], ""),
        ("GET", "/%00", [], ""),
        ("GET", ABSENT, ["Authorization: Bearer caf\u00e9"], ""),
    ],
)
def test_nonsense_is_refused_without_an_error_in_the_log(
    live: Live, method: str, path: str, headers: list[str], content: str
) -> None:
    key = f"Authorization: Bearer {live.service.key}"
    more = [header.format(key=key) for header in headers]
    with _connection(live) as line:
        line.sendall(_head(path, len(content), *more, method=method) + content.encode())
        status, _ = _answer(line)
    assert status < 500
    assert not _error_lines(live)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/admin/", ABSENT, "/"])
@pytest.mark.parametrize("host", ["evil.example", "a b", ""])
def test_wrong_host_is_refused_without_an_error_in_the_log(
    live: Live, path: str, host: str
) -> None:
    with _connection(live) as line:
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n".encode())
        status, _ = _answer(line)
    assert 400 <= status < 500
    assert not _error_lines(live)


def _error_lines(live: Live) -> list[str]:
    """What the web process has logged as an error since this test began.

    Lines arrive in order: after the answer to a further request, all that came before it is there.
    """
    assert live.service.dispatch.status(ABSENT.rpartition("/")[2]).code == 404
    return [line for line in live.service.logs if " web " in line and "level=error" in line]
