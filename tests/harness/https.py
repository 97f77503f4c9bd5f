"""A real HTTP server on loopback that answers every request alike, with TLS if it is told to."""

from __future__ import annotations

import http.server
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def make_certificate(folder: Path) -> Path:
    """A certificate and its key for 127.0.0.1, in one file, of an authority that nobody knows."""
    pem, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=essai", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", key, "-out", pem],
        check=True, capture_output=True,
    )  # fmt: skip
    pem.write_text(pem.read_text() + key.read_text())
    return pem


class _Answers(http.server.BaseHTTPRequestHandler):
    """Answers every request alike, and keeps what it was asked."""

    answer: tuple[int, dict[str, str], bytes] = (201, {}, b"{}")
    asked: list[str]

    def do_POST(self) -> None:  # the name is the library's
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.asked.append(self.path)
        status, headers, body = self.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST  # noqa: N815

    def do_CONNECT(self) -> None:
        self.asked.append(self.path)
        self.send_error(self.answer[0])

    def log_message(self, *_: object) -> None:
        """Nothing: the test's own asserts say what matters."""


@contextmanager
def server(
    status: int = 201,
    body: bytes = b"{}",
    tls: Path | None = None,
    **headers: str,
) -> Iterator[tuple[str, list[str]]]:
    """A real HTTP server on loopback, with TLS if it is given a certificate."""
    asked: list[str] = []
    handler = type("Handler", (_Answers,), {"answer": (status, headers, body), "asked": asked})
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls)
        running.socket = context.wrap_socket(running.socket, server_side=True)
    threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
    scheme = "https" if tls else "http"
    try:
        yield f"{scheme}://127.0.0.1:{running.server_address[1]}", asked
    finally:
        running.shutdown()
        running.server_close()
