"""A minimal client of the API, as a dispatch centre's software would be."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

# Straight to this machine, whatever proxy the environment names.
_open = build_opener(ProxyHandler({})).open


@dataclass(frozen=True)
class ApiResponse:
    """A response of the service: HTTP status, JSON body (None if it is not JSON), headers."""

    code: int
    body: Any
    headers: dict[str, str]

    @property
    def id(self) -> str:
        """The report's id, after a push that was accepted."""
        return str(self.body["id"])


@dataclass(frozen=True)
class DispatchClient:
    """The service's address and the key of one source."""

    url: str
    key: str

    def push(self, body: object, **headers: str) -> ApiResponse:
        """POST a report; `bytes` are sent as they are. Raises OSError when nobody answers."""
        return self._ask("POST", "/api/v1/interventions", body, headers)

    def send(self, path: str, body: bytes, *, xml: bool, **headers: str) -> ApiResponse:
        """POST a document to an endpoint of the service. Raises OSError when nobody answers."""
        kind = "application/xml" if xml else "application/json"
        return self._ask("POST", path, body, {"Content-Type": kind, **headers})

    def dry_run(self, body: object) -> ApiResponse:
        """Ask who would be told what, storing nothing."""
        return self._ask("POST", "/api/v1/interventions?dry_run=true", body, {})

    def status(self, report_id: str) -> ApiResponse:
        """GET what became of a report."""
        return self._ask("GET", f"/api/v1/interventions/{report_id}", None, {})

    def _ask(self, method: str, path: str, body: object, headers: dict[str, str]) -> ApiResponse:
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


def _read(code: int, content: bytes, headers: dict[str, str]) -> ApiResponse:
    try:
        return ApiResponse(code, json.loads(content), headers)
    except ValueError:
        return ApiResponse(code, None, headers)
