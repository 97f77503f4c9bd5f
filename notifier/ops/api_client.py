"""A dispatch centre's software, as small as it can be: pushes and asks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

# Straight to this machine, whatever proxy the environment names.
_open = build_opener(ProxyHandler({})).open


@dataclass(frozen=True)
class Answer:
    """What the service answered: the HTTP status, its JSON body (None when it is not JSON)."""

    code: int
    body: Any
    headers: dict[str, str]

    @property
    def id(self) -> str:
        """The report's id, after a push that was taken."""
        return str(self.body["id"])


@dataclass(frozen=True)
class Dispatch:
    """One source: the service's address and the source's key."""

    url: str
    key: str

    def push(self, body: object, **headers: str) -> Answer:
        """POST a report; `bytes` go as they are. Raises OSError when nobody answers."""
        return self._ask("POST", "/api/v1/interventions", body, headers)

    def send(self, path: str, body: bytes, *, xml: bool, **headers: str) -> Answer:
        """POST a document to one of the service's doors. Raises OSError when nobody answers."""
        kind = "application/xml" if xml else "application/json"
        return self._ask("POST", path, body, {"Content-Type": kind, **headers})

    def dry_run(self, body: object) -> Answer:
        """Ask who would be told what, storing nothing."""
        return self._ask("POST", "/api/v1/interventions?dry_run=true", body, {})

    def status(self, report_id: str) -> Answer:
        """GET what became of a report."""
        return self._ask("GET", f"/api/v1/interventions/{report_id}", None, {})

    def _ask(self, method: str, path: str, body: object, headers: dict[str, str]) -> Answer:
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        own = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        request = Request(  # noqa: S310  # our own service's address
            self.url + path, data=data, method=method, headers=own | headers
        )
        try:
            with _open(request, timeout=30) as answer:
                return _read(answer.status, answer.read(), dict(answer.headers))
        except HTTPError as error:
            return _read(error.code, error.read(), dict(error.headers))


def _read(code: int, content: bytes, headers: dict[str, str]) -> Answer:
    try:
        return Answer(code, json.loads(content), headers)
    except ValueError:
        return Answer(code, None, headers)
