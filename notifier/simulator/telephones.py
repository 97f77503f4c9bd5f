"""What the owners of the simulated telephones do: take a call, press a key, write a text."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree

from aiohttp import web

from .callbacks import Callbacks
from .calls import Calls
from .record import Call, Record, Sms

# What a text goes to where none came before: a number of the range that ARCEP keeps for fiction.
_OWN_NUMBER = "+33639980000"


class Telephones:
    """All simulated telephones."""

    def __init__(
        self, record: Record, callbacks: Callbacks, calls: Calls, inbound_url: str
    ) -> None:
        """`inbound_url`: where the texts that are written are posted."""
        self._record = record
        self._callbacks = callbacks
        self._calls = calls
        self._inbound_url = inbound_url

    def routes(self) -> list[web.RouteDef]:
        """Return what the control API serves of them."""
        return [
            web.get("/simulator/calls", self._list),
            web.post("/simulator/key", self._press),
            web.post("/simulator/hang-up", self._hang_up),
            web.post("/simulator/text", self._write),
        ]

    def cancel_all(self) -> None:
        """Let no call go on."""
        self._calls.cancel_all()

    async def _list(self, _request: web.Request) -> web.Response:
        return web.json_response({"calls": [_show(call) for call in self._record.calls]})

    async def _press(self, request: web.Request) -> web.Response:
        given = await request.json()
        call = self._record.call_to(str(given.get("to")))
        if call is None or not await self._calls.rings(call):
            return _no_call(given)
        await self._calls.press(call, str(given.get("key", "1")))
        return web.json_response(_show(call))

    async def _hang_up(self, request: web.Request) -> web.Response:
        given = await request.json()
        call = self._record.call_to(str(given.get("to")))
        if call is None or not await self._calls.rings(call):
            return _no_call(given)
        await self._calls.hang_up(call)
        return web.json_response(_show(call))

    async def _write(self, request: web.Request) -> web.Response:
        """Post a text that a telephone's owner wrote; what is answered arrives there."""
        given = await request.json()
        url = str(given.get("url") or self._inbound_url)
        written = Sms(
            to=str(given["from"]),
            body=str(given["body"]),
            sender=str(given["from"]),
            messaging_service_sid=None,
            status_callback=None,
            status="received",
            is_inbound=True,
        )
        if sid := given.get("sid"):
            written.sid = str(sid)
        else:
            self._record.receive(written)
        to = str(given.get("to") or _OWN_NUMBER)
        form = {
            "Body": written.body,
            "From": given["from"],
            "MessageSid": written.sid,
            "NumMedia": "0",
            "SmsMessageSid": written.sid,
            "SmsSid": written.sid,
            "SmsStatus": "received",
            "To": to,
        }
        forged = bool(given.get("forged"))
        answer = await self._callbacks.post(url, form, written.sid, "received", forged=forged)
        replies = _replies(answer)
        for text in replies if not sid else ():
            self._record.receive(_reply(written.to, to, text))
        posted = [once for once in self._record.callbacks if once.sid == written.sid]
        code = posted[-1].code
        return web.json_response({"sid": written.sid, "code": code, "replies": replies})


def _reply(phone: str, sender: str, text: str) -> Sms:
    return Sms(
        to=phone,
        body=text,
        sender=sender,
        messaging_service_sid=None,
        status_callback=None,
        status="delivered",
    )


def _replies(twiml: str) -> list[str]:
    try:
        root = ElementTree.fromstring(twiml)  # noqa: S314 - from the service beside, on loopback
    except ElementTree.ParseError:
        return []
    return [message.text or "" for message in root.iter("Message")]


def _no_call(given: Mapping[str, object]) -> web.Response:
    return web.json_response({"error": f"no call rings at {given.get('to')}"}, status=409)


def _show(call: Call) -> dict[str, object]:
    return {
        "sid": call.sid,
        "to": call.to,
        "from": call.sender,
        "status": call.status,
        "answered_by": call.answered_by,
        "heard": call.heard,
        "keys": call.keys,
        "twiml": call.twiml,
        "created": call.created.isoformat(),
        "answered": call.answered,
    }
