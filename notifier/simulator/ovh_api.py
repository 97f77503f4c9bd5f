"""OVHcloud's SMS API as its own library calls it: create, list, show. Nothing is ever sent.

Order of a create request: connection faults, signature, response faults, job, acceptance, response.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from itertools import count

from aiohttp import web

from . import ovh_messages
from .callbacks import Callbacks
from .faults import CONNECTION, CREATE, FETCH, LOOKUP, NO_FAULT, Fault, Faults
from .ovh_account import APPLICATION_KEY, CREDITS, PREFIX, SENDER, SERVICE_NAME
from .ovh_hours import may_leave
from .ovh_messages import HELD, OvhError
from .record import Record, Sms

_Handler = Callable[[web.Request], Awaitable[web.Response]]
_NAME = "ovh"
# What is signed longer ago, or ahead, is refused.
_CLOCK_S = 30
_CREATE = CREATE | {"ovh_stopped"}


class OvhApi:
    """The provider's side of the API for one account."""

    def __init__(
        self,
        record: Record,
        faults: Faults,
        callbacks: Callbacks,
        token: str,
        answer_delay: float,
        call_back: str | None,
    ) -> None:
        # Where the account has its receipts brought; changed by PUT, as at the real one.
        self._record = record
        self._faults = faults
        self._callbacks = callbacks
        self._token = token
        self._answer_delay = answer_delay
        self._call_back = call_back
        self._numbers = count(26_000_000)

    def application(self) -> web.Application:
        """Return the web application to serve."""
        account = f"{PREFIX}/sms/{SERVICE_NAME}"
        routes: list[tuple[str, str, _Handler]] = [
            ("GET", f"{PREFIX}/sms", self._services),
            ("GET", account, self._account),
            ("PUT", account, self._change),
            ("POST", f"{account}/jobs", self._create),
            ("GET", f"{account}/jobs", self._waiting),
            ("GET", f"{account}/jobs/{{id}}", self._show_waiting),
            ("GET", f"{account}/outgoing", self._outgoing),
            ("GET", f"{account}/outgoing/{{id}}", self._show_outgoing),
            ("GET", f"{account}/senders/{{sender}}", self._sender),
            ("GET", f"{account}/blacklists/{{number}}", self._blacklist),
            ("*", "/{anything:.*}", self._nothing),
        ]
        application = web.Application()
        application.router.add_get(f"{PREFIX}/auth/time", self._time)
        for method, path, handler in routes:
            application.router.add_route(method, path, self._guarded(handler))
        return application

    def _guarded(self, handler: _Handler) -> _Handler:
        async def answer(request: web.Request) -> web.Response:
            if self._take(CONNECTION):
                return _cut(request)
            try:
                self._authenticate(request, await request.read())
                return await handler(request)
            except OvhError as error:
                return error.response()

        return answer

    def _take(self, kinds: frozenset[str] | set[str], *addresses: str) -> Fault | None:
        return self._faults.take(kinds, *addresses, provider=_NAME)

    def _authenticate(self, request: web.Request, body: bytes) -> None:
        """Check the four headers. Raises OvhError."""
        given = request.headers.get
        if given("X-Ovh-Application") != APPLICATION_KEY:
            raise OvhError(403, "This application key is invalid", "INVALID_KEY")
        if given("X-Ovh-Consumer") != self._token or self._take({"ovh_bad_key"}):
            raise OvhError(403, "This credential is not valid", "INVALID_CREDENTIAL")
        at = given("X-Ovh-Timestamp", "")
        if not at.isdigit() or abs(int(at) - time.time()) > _CLOCK_S:
            raise OvhError(400, "Query out of time", "QUERY_TIME_OUT")
        url = f"http://{request.host}{request.raw_path}"
        signed = "+".join(
            [self._token, self._token, request.method, url, body.decode(errors="replace"), at]
        )
        digest = hashlib.sha1(signed.encode(), usedforsecurity=False).hexdigest()
        if not hmac.compare_digest(given("X-Ovh-Signature", ""), f"$1${digest}"):
            raise OvhError(400, "Invalid signature", "INVALID_SIGNATURE")

    async def _time(self, request: web.Request) -> web.Response:
        if self._take(CONNECTION):
            return _cut(request)
        return web.json_response(int(time.time()))

    async def _services(self, _request: web.Request) -> web.Response:
        return web.json_response([SERVICE_NAME])

    async def _account(self, _request: web.Request) -> web.Response:
        self._raise_for_lookup()
        return web.json_response(
            {
                "name": SERVICE_NAME,
                "description": "simulateur",
                "status": "enable",
                "creditsLeft": 0.0 if self._take({"ovh_no_credit"}) else float(CREDITS),
                "callBack": self._call_back,
                "stopCallBack": None,
            }
        )

    async def _change(self, request: web.Request) -> web.Response:
        changes = await request.json()
        self._call_back = changes.get("callBack", self._call_back)
        return web.json_response(None)

    async def _create(self, request: web.Request) -> web.Response:
        try:
            body = await request.json()
        except json.JSONDecodeError:
            raise OvhError(400, "Invalid JSON received") from None
        generation = self._record.generation
        receivers = [str(number) for number in body.get("receivers") or ()]
        self._record.requests += 1
        for number in receivers:
            self._record.tries[number, body.get("message", "")] += 1
        fault = self._take(_CREATE, *receivers) or NO_FAULT
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        self._raise_for(fault)
        made, invalid = ovh_messages.read_job(body, self._call_back)
        if fault.kind in ("reject", "ovh_stopped"):
            made, invalid = [], receivers
        if generation != self._record.generation:
            # The phones were emptied while this request slept: it belongs to the test before.
            return _cut(request)
        is_advertising = not body.get("noStopClause")
        for sms in made:
            await self._accept(sms, is_advertising=is_advertising)
        return await self._answer(request, made, invalid, fault)

    async def _accept(self, sms: Sms, *, is_advertising: bool) -> None:
        sms.sid = str(next(self._numbers))
        self._record.accept(sms)
        is_night = bool(self._take({"ovh_night"})) or not may_leave(datetime.now(UTC))
        if is_advertising and is_night:
            sms.status = HELD
            self._record.settle(sms)
        else:
            await self._callbacks.start(sms, after=self._answer_delay)

    async def _answer(
        self, request: web.Request, made: list[Sms], invalid: list[str], fault: Fault
    ) -> web.Response:
        if fault.kind == "accept_then_timeout":
            await asyncio.sleep(fault.seconds)
        elif self._answer_delay:
            await asyncio.sleep(self._answer_delay)
        if fault.kind == "accept_then_cut":
            return _cut(request)
        status = 500 if fault.kind == "answer_500_after_accept" else 200
        for sms in made:
            sms.answered = status
        if status == 500:
            raise OvhError(500, "Internal server error")
        if fault.kind == "accept_then_empty":
            return web.json_response({})
        return web.json_response(
            {
                "ids": [] if fault.kind == "accept_then_null" else [int(sms.sid) for sms in made],
                "validReceivers": [sms.to for sms in made],
                "invalidReceivers": invalid,
                "totalCreditsRemoved": float(sum(sms.segments for sms in made)),
                "tag": made[0].tag if made else "",
            }
        )

    async def _waiting(self, _request: web.Request) -> web.Response:
        self._raise_for_lookup()
        return web.json_response([int(sms.sid) for sms in self._texts(is_held=True)])

    async def _show_waiting(self, request: web.Request) -> web.Response:
        return self._show(request, is_held=True)

    async def _outgoing(self, request: web.Request) -> web.Response:
        self._raise_for_lookup()
        tests = ovh_messages.filters(request.query)
        texts = [s for s in self._texts(is_held=False) if all(test(s) for test in tests)]
        return web.json_response([int(sms.sid) for sms in texts])

    async def _show_outgoing(self, request: web.Request) -> web.Response:
        return self._show(request, is_held=False)

    def _show(self, request: web.Request, *, is_held: bool) -> web.Response:
        self._raise_for_lookup()
        sms = self._record.by_sid.get(request.match_info["id"])
        is_there = sms is not None and sms.provider == _NAME and (sms.status == HELD) == is_held
        if sms is None or not is_there or self._take(FETCH):
            raise OvhError(404, "The requested object does not exist")
        return web.json_response(ovh_messages.show(sms))

    def _texts(self, *, is_held: bool) -> list[Sms]:
        texts = (sms for sms in self._record.sms if sms.provider == _NAME)
        return [sms for sms in texts if (sms.status == HELD) == is_held]

    async def _sender(self, request: web.Request) -> web.Response:
        sender = request.match_info["sender"]
        if sender != SENDER or self._take({"ovh_bad_sender"}):
            raise OvhError(404, "The requested object does not exist")
        return web.json_response({"sender": sender, "status": "enable", "type": "alpha"})

    async def _blacklist(self, request: web.Request) -> web.Response:
        number = request.match_info["number"]
        if not self._faults.is_set("ovh_stopped", number):
            raise OvhError(404, "The requested object does not exist")
        return web.json_response({"number": number, "dateCreation": "2026-01-01T00:00:00+01:00"})

    async def _nothing(self, _request: web.Request) -> web.Response:
        raise OvhError(404, "Got an invalid (or empty) URL")

    def _raise_for_lookup(self) -> None:
        if self._take(LOOKUP):
            raise OvhError(500, "Internal server error")

    def _raise_for(self, fault: Fault) -> None:
        """Refuse the request if a fault is one by which nothing is accepted. Raises OvhError."""
        if fault.kind == "answer_429":
            error = OvhError(429, "Too many requests")
            error.retry_after = fault.retry_after
            raise error
        if fault.kind == "answer_500":
            raise OvhError(500, "Internal server error")
        if self._take({"ovh_no_credit"}):
            raise OvhError(403, "There are not enough credits on this account")
        if self._take({"ovh_bad_sender"}):
            raise OvhError(403, "This sender does not exist or is not enabled")


def _cut(request: web.Request) -> web.Response:
    """Drop the connection; the response returned here goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
