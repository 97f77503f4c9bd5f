"""A source that calls the API in this process, through every layer of Django."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse
from django.test import Client

from notifier.intake.access.api_keys import NewSource

INTERVENTIONS = "/api/v1/interventions"


class Caller:
    """Pushes and asks with one source's key."""

    def __init__(self, new: NewSource) -> None:
        self.source = new.source
        self.key = new.key
        # A crash must be seen as dispatch would see it: as an answer.
        self._client = Client(raise_request_exception=False)

    def push(self, content: Any, path: str = INTERVENTIONS, **headers: str) -> HttpResponse:
        """POST; `bytes` go as they are, everything else as JSON."""
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self._client.generic(
            "POST",
            path,
            data,
            content_type=headers.pop("content_type", "application/json"),
            headers=self._own(headers),
        )

    def dry_run(self, content: Any) -> HttpResponse:
        """Ask who would be told what."""
        return self.push(content, f"{INTERVENTIONS}?dry_run=true")

    def get(self, path: str) -> HttpResponse:
        """GET with the key."""
        return self._client.get(path, headers=self._own({}))

    def status(self, report_id: str) -> HttpResponse:
        """What became of a report."""
        return self.get(f"{INTERVENTIONS}/{report_id}")

    def _own(self, headers: dict[str, str]) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"} | headers


def refusal(answer: HttpResponse) -> dict[str, Any]:
    """The body of a refusal, which is JSON in the one shape."""
    assert answer.headers["Content-Type"].startswith("application/json"), answer.content
    content: dict[str, Any] = json.loads(answer.content)
    assert content["error"]
    assert set(content) <= {"error", "fields"}
    return content


def fields(answer: HttpResponse) -> dict[str, str]:
    """The fields that a refusal names, with what it says of each."""
    return {fault["field"]: fault["message"] for fault in refusal(answer)["fields"]}
