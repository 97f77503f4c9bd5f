"""The dispatch centre's own software: takes webhooks and checks their signature, as theirs would.

It verifies with the secrets that it was given (Standard Webhooks, v1): what is not signed by one of
them, or is older than five minutes, gets 401.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import time
from collections.abc import Mapping, Sequence

from aiohttp import web

from .faults import WEBHOOK, Faults
from .record import Record, Webhook

# Where it is told; on the port of the control API, which no fault of a provider closes.
PATH = "/centre"
_TOLERANCE_S = 300.0


class DispatchSoftware:
    """One centre's software."""

    def __init__(self, record: Record, faults: Faults) -> None:
        self._record = record
        self._faults = faults

    def routes(self) -> list[web.RouteDef]:
        """Return what the control API serves of it."""
        return [
            web.post(PATH, self._take),
            web.get("/simulator/webhooks", self._list),
            web.post("/simulator/webhooks/secrets", self._add_secret),
        ]

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        generation = self._record.generation
        fault = self._faults.take(WEBHOOK)
        came = Webhook(
            webhook_id=headers.get("webhook-id", ""),
            headers=headers,
            body=body.decode(errors="replace"),
            is_genuine=is_genuine(self._record.webhook_secrets, headers, body),
        )
        self._record.tell(came)
        if fault and fault.kind == "webhook_slow":
            await asyncio.sleep(fault.seconds)
        if generation != self._record.generation:
            return web.Response(status=503)
        came.code = 204 if came.is_genuine else 401
        if fault and fault.kind == "webhook_500":
            came.code = 500
        elif fault and fault.kind == "webhook_redirect":
            came.code = 302
        self._record.changed()
        if fault and fault.kind == "webhook_cut" and request.transport is not None:
            request.transport.abort()
        answer = web.Response(status=came.code)
        if came.code == 302:
            answer.headers["Location"] = PATH
        return answer

    async def _list(self, _request: web.Request) -> web.Response:
        return web.json_response({"webhooks": [_show(each) for each in self._record.webhooks]})

    async def _add_secret(self, request: web.Request) -> web.Response:
        given = await request.json()
        self._record.webhook_secrets.append(str(given["secret"]))
        return web.json_response({}, status=201)


def is_genuine(secrets: Sequence[str], headers: Mapping[str, str], body: bytes) -> bool:
    """Return whether one of the secrets signed the body less than five minutes ago."""
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    number, timestamp, signatures = (headers.get(name, "") for name in names)
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > _TOLERANCE_S:
        return False
    for secret in secrets:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        digest = hmac.digest(key, f"{number}.{timestamp}.".encode() + body, "sha256")
        expected = "v1," + base64.b64encode(digest).decode()
        if any(hmac.compare_digest(expected, given) for given in signatures.split()):
            return True
    return False


def _show(came: Webhook) -> dict[str, object]:
    return {
        "id": came.webhook_id,
        "headers": came.headers,
        "body": came.body,
        "genuine": came.is_genuine,
        "code": came.code,
        "at": came.at.isoformat(),
    }


def read_event(body: str) -> tuple[str, str]:
    """Return the type of an event and what it says, whatever its format, for the page."""
    try:
        content = json.loads(body)
        if "content" in content:
            last = content["content"][-1]["jsonContent"]["embeddedJsonContent"]
            content = last["message"]["customContent"]
        data = content["data"]
        alert, answer = data["alert"], data["answer"]
        parts = [(alert.get("organisation") or alert["commune"])["name"] if alert else ""]
        parts.append(f"{answer['by']}, « {answer['label']} »" if answer else "")
        parts += [data["reason"] or "", f"réf. {data['reference']}" if "reference" in data else ""]
        return str(content["type"]), " · ".join(filter(None, parts))
    except (ValueError, LookupError, TypeError, AttributeError):
        return "illisible", body[:200]
