"""The control API and the page, on a port of their own: available while the provider is down."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable

from aiohttp import web

from . import page
from .callbacks import Callbacks
from .codes import current_code, seconds_left
from .dispatch_software import DispatchSoftware
from .faults import LISTENERS, Fault, FaultError, Faults
from .listeners import Listener
from .record import CallbackTry, Mail, Record, Sms
from .telephones import Telephones

_LONGEST_WAIT = 300.0


class Control:
    """The requests of tests, the demo and a browser."""

    def __init__(
        self,
        record: Record,
        faults: Faults,
        callbacks: Callbacks,
        telephones: Telephones,
        listeners: dict[str, Listener],
    ) -> None:
        """Map each fault that closes a listener to that listener in `listeners`."""
        self._record = record
        self._faults = faults
        self._callbacks = callbacks
        self._telephones = telephones
        self._listeners = listeners
        self._dispatch_software = DispatchSoftware(record, faults)

    def application(self) -> web.Application:
        """Return the web application to serve."""
        application = web.Application()
        application.add_routes(
            [
                web.get("/", self._page),
                web.get("/page.js", self._script),
                web.get("/simulator/version", self._version),
                web.get("/simulator/messages", self._messages),
                web.get("/simulator/mails", self._mails),
                web.get("/simulator/callbacks", self._tries),
                web.get("/simulator/codes", self._codes),
                web.post("/simulator/codes", _refusing(self._add_authenticator)),
                web.get("/simulator/wait", self._wait),
                web.get("/simulator/faults", self._show_faults),
                web.post("/simulator/faults", _refusing(self._set_fault)),
                web.delete("/simulator/faults", self._clear_faults),
                web.post("/simulator/reset", self._reset),
                *self._telephones.routes(),
                *self._dispatch_software.routes(),
            ]
        )
        return application

    async def _page(self, _request: web.Request) -> web.Response:
        down = [listener.name for listener in self._listeners.values() if not listener.is_open]
        return page.render(self._record, self._faults, down)

    async def _script(self, _request: web.Request) -> web.Response:
        return page.script()

    async def _version(self, _request: web.Request) -> web.Response:
        return web.json_response({"version": self._record.version})

    async def _messages(self, _request: web.Request) -> web.Response:
        texts = [sms for sms in self._record.sms if not sms.is_inbound]
        copies = Counter((sms.to, sms.body) for sms in texts)
        return web.json_response(
            {
                "requests": self._record.requests,
                "messages": [self._show_sms(sms, copies) for sms in texts],
            }
        )

    def _show_sms(self, sms: Sms, copies: Counter[tuple[str, str]]) -> dict[str, object]:
        identity = (sms.to, sms.body)
        return {
            "sid": sms.sid,
            "provider": sms.provider,
            "to": sms.to,
            "from": sms.sender,
            "body": sms.body,
            "segments": sms.segments,
            "status": sms.status,
            "error_code": sms.error_code,
            "created": sms.created.isoformat(),
            "answered": sms.answered,
            "copies": copies[identity],
            "tries": self._record.tries[identity],
        }

    async def _mails(self, _request: web.Request) -> web.Response:
        return web.json_response({"mails": [_show_mail(mail) for mail in self._record.mails]})

    async def _tries(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {"callbacks": [_show_try(once) for once in self._record.callbacks]}
        )

    async def _codes(self, _request: web.Request) -> web.Response:
        codes = {name: current_code(key) for name, key in self._record.authenticators.items()}
        return web.json_response({"codes": codes, "seconds_left": seconds_left()})

    async def _add_authenticator(self, request: web.Request) -> web.Response:
        given = await request.json()
        try:
            current_code(given["secret"])
        except (KeyError, TypeError, ValueError):
            return _problem(400, "an account and its secret in base32 are expected")
        self._record.authenticators[str(given["account"])] = given["secret"]
        self._record.changed()
        return web.json_response({}, status=201)

    async def _wait(self, request: web.Request) -> web.Response:
        try:
            sms = int(request.query.get("sms", "0"))
            mails = int(request.query.get("mails", "0"))
            calls = int(request.query.get("calls", "0"))
            webhooks = int(request.query.get("webhooks", "0"))
            timeout = min(float(request.query.get("timeout", "10")), _LONGEST_WAIT)
        except ValueError:
            return _problem(400, "what is counted are whole numbers, timeout is in seconds")
        settled = request.query.get("settled") == "1"
        record = self._record

        def there() -> bool:
            is_rung = len(record.calls) >= calls and len(record.webhooks) >= webhooks
            enough = record.sms_count >= sms and len(record.mails) >= mails and is_rung
            return enough and not (settled and record.unsettled)

        arrived = await record.until(there, timeout)
        facts = {
            "sms": record.sms_count,
            "calls": len(record.calls),
            "mails": len(record.mails),
            "webhooks": len(record.webhooks),
            "unsettled": len(record.unsettled),
        }
        return web.json_response(facts, status=200 if arrived else 408)

    async def _show_faults(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "faults": [fault.to_json() for fault in self._faults.active],
                "closed": [
                    kind for kind, listener in self._listeners.items() if not listener.is_open
                ],
            }
        )

    async def _set_fault(self, request: web.Request) -> web.Response:
        fault = Fault.from_json(await request.json())
        if fault.kind in LISTENERS:
            self._listeners[fault.kind].close(fault.seconds)
        else:
            self._faults.add(fault)
        self._record.changed()
        return web.json_response(fault.to_json(), status=201)

    async def _clear_faults(self, _request: web.Request) -> web.Response:
        await self._withdraw()
        self._record.changed()
        return web.json_response({})

    async def _reset(self, _request: web.Request) -> web.Response:
        await self._withdraw()
        self._callbacks.cancel_all()
        self._telephones.cancel_all()
        self._record.reset()
        return web.json_response({})

    async def _withdraw(self) -> None:
        self._faults.clear()
        for listener in self._listeners.values():
            await listener.open()


def _refusing(
    handler: Callable[[web.Request], Awaitable[web.Response]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Answer 400, with the reason, to what is not JSON or not a fault."""

    async def answer(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except json.JSONDecodeError:
            return _problem(400, "the body is not JSON")
        except FaultError as error:
            return _problem(400, str(error))

    return answer


def _problem(status: int, message: str) -> web.Response:
    return web.json_response({"error": message}, status=status)


def _show_mail(mail: Mail) -> dict[str, object]:
    return {
        "from": mail.sender,
        "envelope_from": mail.envelope_from,
        "to": mail.to,
        "subject": mail.subject,
        "plain": mail.plain,
        "html": mail.html,
        "message_id": mail.message_id,
        "received": mail.received.isoformat(),
        "raw": mail.raw,
    }


def _show_try(once: CallbackTry) -> dict[str, object]:
    return {
        "sid": once.sid,
        "url": once.url,
        "status": once.status,
        "signature": once.signature,
        "forged": once.forged,
        "attempt": once.attempt,
        "code": once.code,
        "error": once.error,
        "at": once.at.isoformat(),
    }
