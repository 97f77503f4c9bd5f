"""A real HTTP server that stands where the service would, and keeps the callbacks it is posted."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl

from twilio.request_validator import RequestValidator


@dataclass(frozen=True)
class Posted:
    """One callback as it arrived."""

    url: str
    form: dict[str, str]
    headers: dict[str, str]

    @property
    def status(self) -> str:
        return self.form["MessageStatus"]

    def is_genuine(self, auth_token: str) -> bool:
        """Whether the validator of Twilio's own library accepts the signature."""
        validator = RequestValidator(auth_token)
        valid: bool = validator.validate(self.url, self.form, self.headers["X-Twilio-Signature"])
        return valid


class Receiver:
    """Answers 204, or what `answers` holds first."""

    def __init__(self) -> None:
        self.posted: list[Posted] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                self._keep(self.rfile.read(length).decode())

            def do_GET(self) -> None:
                self._keep(self.path.partition("?")[2])

            def _keep(self, fields: str) -> None:
                form = dict(parse_qsl(fields, keep_blank_values=True))
                posted = Posted(receiver.base + self.path, form, dict(self.headers.items()))
                receiver.posted.append(posted)
                self.send_response(receiver.answers.pop(0) if receiver.answers else 204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Nothing: what arrived is in `posted`."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        # It looks that often whether it is to end.
        serve = partial(self._server.serve_forever, poll_interval=0.01)
        self._thread = threading.Thread(target=serve, daemon=True)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """Where to be called back; with what a signature may stumble over."""
        return self.base + "/receipts/42?lane=urgent&note=%C3%A9t%C3%A9%2B1"

    @property
    def statuses(self) -> list[str]:
        return [posted.status for posted in self.posted]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
