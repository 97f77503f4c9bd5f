"""Twilio's APIs of messages and calls as its own library calls them. Nothing is ever sent.

Order of a create request: connection faults, credentials, form, response faults, acceptance,
response.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

from aiohttp import web

from .callbacks import Callbacks
from .calls import Calls
from .faults import CONNECTION, CREATE, FETCH, LOOKUP, NO_FAULT, Fault, Faults
from .record import Call, Record, Sms
from .twilio_calls import read_call, show_call, show_calls
from .twilio_errors import TwilioError
from .twilio_messages import API_VERSION, Query, read_message, show, show_page

_Handler = Callable[[web.Request], Awaitable[web.Response]]


class TwilioApi:
    """The provider's side of the API for one account."""

    def __init__(
        self,
        record: Record,
        faults: Faults,
        callbacks: Callbacks,
        calls: Calls,
        account_sid: str,
        auth_token: str,
        answer_delay: float,
    ) -> None:
        self._record = record
        self._faults = faults
        self._callbacks = callbacks
        self._calls = calls
        self._account_sid = account_sid
        credentials = base64.b64encode(f"{account_sid}:{auth_token}".encode())
        self._authorization = b"Basic " + credentials
        self._answer_delay = answer_delay

    def application(self) -> web.Application:
        """Return the web application to serve."""
        messages = f"/{API_VERSION}/Accounts/{{account}}/Messages"
        calls = f"/{API_VERSION}/Accounts/{{account}}/Calls"
        application = web.Application()
        application.add_routes(
            [
                web.post(messages + ".json", self._guarded(self._create)),
                web.get(messages + ".json", self._guarded(self._list), allow_head=False),
                web.get(messages + "/{sid}.json", self._guarded(self._fetch), allow_head=False),
                web.post(calls + ".json", self._guarded(self._create_call)),
                web.get(calls + ".json", self._guarded(self._list_calls), allow_head=False),
                web.get(calls + "/{sid}.json", self._guarded(self._fetch_call), allow_head=False),
                web.get(f"/{API_VERSION}/Accounts/{{account}}.json", self._guarded(self._account)),
                web.route("*", "/{anything:.*}", self._guarded(self._nothing)),
            ]
        )
        return application

    def _guarded(self, handler: _Handler) -> _Handler:
        async def answer(request: web.Request) -> web.Response:
            if self._faults.take(CONNECTION):
                return _cut(request)
            try:
                self._authenticate(request)
                return await handler(request)
            except TwilioError as error:
                return error.response()

        return answer

    def _authenticate(self, request: web.Request) -> None:
        given = request.headers.get("Authorization", "").encode(errors="replace")
        account = request.match_info.get("account", self._account_sid)
        if not hmac.compare_digest(given, self._authorization) or account != self._account_sid:
            raise TwilioError(20003)

    async def _create(self, request: web.Request) -> web.Response:
        form = dict(parse_qsl(await request.text(), keep_blank_values=True))
        self._record.tries[form.get("To", ""), form.get("Body", "")] += 1
        fault = await self._fault(form)
        if fault is None:
            return _cut(request)
        sms = read_message(form)
        self._record.accept(sms)
        shown = show(sms, self._account_sid)
        await self._callbacks.start(sms, after=self._answer_delay)
        return await self._answer(request, sms, shown, fault)

    async def _create_call(self, request: web.Request) -> web.Response:
        pairs = parse_qsl(await request.text(), keep_blank_values=True)
        form = dict(pairs)
        fault = await self._fault(form)
        if fault is None:
            return _cut(request)
        call = read_call(form, [value for name, value in pairs if name == "StatusCallbackEvent"])
        self._record.ring(call)
        shown = show_call(call, self._account_sid)
        await self._calls.start(call, after=self._answer_delay)
        return await self._answer(request, call, shown, fault)

    async def _fault(self, form: dict[str, str]) -> Fault | None:
        """Return the fault of a create request, `NO_FAULT` for none.

        None where the phones were emptied while it slept: it belongs to the test before.
        """
        generation = self._record.generation
        self._record.requests += 1
        fault = self._faults.take(CREATE, form.get("To", "")) or NO_FAULT
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        _raise_for(fault)
        return fault if generation == self._record.generation else None

    async def _answer(
        self, request: web.Request, made: Sms | Call, shown: dict[str, object], fault: Fault
    ) -> web.Response:
        if fault.kind == "accept_then_timeout":
            await asyncio.sleep(fault.seconds)
        elif self._answer_delay:
            await asyncio.sleep(self._answer_delay)
        if fault.kind == "accept_then_cut":
            return _cut(request)
        if fault.kind == "answer_500_after_accept":
            made.answered = 500
            raise TwilioError(20500)
        made.answered = 201
        if fault.kind == "accept_then_empty":
            return web.json_response({}, status=201)
        if fault.kind == "accept_then_null":
            shown["sid"] = None
        return web.json_response(shown, status=201)

    async def _fetch(self, request: web.Request) -> web.Response:
        self._raise_for_lookup()
        sms = self._record.by_sid.get(request.match_info["sid"])
        if sms is None or self._faults.take(FETCH):
            raise TwilioError(20404, request.path)
        return web.json_response(self._shown(sms))

    async def _list(self, request: web.Request) -> web.Response:
        self._raise_for_lookup()
        query = Query.read(request.query)
        to = query.given.get("To")
        texts = self._record.sms if to is None else self._record.by_number.get(to, [])
        if to is not None and self._faults.take(("redacted_numbers",)):
            texts = []
        return web.json_response(show_page(query, texts, self._account_sid, self._shown))

    async def _fetch_call(self, request: web.Request) -> web.Response:
        self._raise_for_lookup()
        sid = request.match_info["sid"]
        call = next((call for call in self._record.calls if call.sid == sid), None)
        if call is None or self._faults.take(FETCH):
            raise TwilioError(20404, request.path)
        return web.json_response(show_call(call, self._account_sid))

    async def _list_calls(self, request: web.Request) -> web.Response:
        self._raise_for_lookup()
        shown = show_calls(
            self._record.calls, request.query, lambda call: show_call(call, self._account_sid)
        )
        return web.json_response(shown)

    def _shown(self, sms: Sms) -> dict[str, object]:
        shown = show(sms, self._account_sid)
        if self._faults.take(("redacted_words",)):
            shown["body"] = "**REDACTED**"
        if self._faults.take(("redacted_numbers",)):
            shown["to"] = sms.to[:-4] + "XXXX"
        return shown

    async def _account(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {"sid": self._account_sid, "status": "active", "type": "Full",
             "friendly_name": "simulateur"}
        )  # fmt: skip

    async def _nothing(self, request: web.Request) -> web.Response:
        raise TwilioError(20404, request.path)

    def _raise_for_lookup(self) -> None:
        if self._faults.take(LOOKUP):
            raise TwilioError(20500)


def _raise_for(fault: Fault) -> None:
    """Refuse the request if its fault is one by which nothing is accepted."""
    if fault.kind == "answer_429":
        raise TwilioError(20429, retry_after=fault.retry_after)
    if fault.kind == "answer_500":
        raise TwilioError(20500)
    if fault.kind == "reject":
        raise TwilioError(fault.error_code or 21211, fault.to or "")


def _cut(request: web.Request) -> web.Response:
    """Drop the connection; the response returned here goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
