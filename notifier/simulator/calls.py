"""Take each accepted call through its statuses: it rings, somebody or something answers, or not.

What is said and asked is the service's TwiML (Say, Gather). A call rings until a key is pressed
(`press`), or for as long as it was asked to; a fault may decide otherwise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from xml.etree import ElementTree

from .callbacks import Callbacks
from .faults import CALL, RECEIPT, Fault, Faults
from .record import Call, Record

# The status that ends a call which nobody answers, by its fault.
_UNANSWERED = {
    "call_busy": "busy",
    "call_no_answer": "no-answer",
    "call_failed": "failed",
    "call_canceled": "canceled",
}
# Whoever asks the control API waits ten seconds.
_RINGS_WITHIN_S = 8.0
# SIP: nobody has this number.
_NOT_FOUND = 404


class Calls:
    """All calls of one simulator."""

    def __init__(
        self,
        record: Record,
        faults: Faults,
        callbacks: Callbacks,
        step_s: float,
        rings_for_s: float,
    ) -> None:
        """Take `step_s` between two statuses, and `rings_for_s` until nobody answers."""
        self._record = record
        self._faults = faults
        self._callbacks = callbacks
        self._step_s = step_s
        self._rings_for_s = rings_for_s
        self._tasks: set[asyncio.Task[None]] = set()
        self._posters: dict[str, _Poster] = {}

    async def start(self, call: Call, after: float = 0.0) -> None:
        """Begin a call `after` seconds from now.

        Returns at once, except under `callback_early`: then only when its first callback was
        answered.
        """
        poster = _Poster(self._callbacks, call, self._faults.take_each(RECEIPT, call.to))
        self._posters[call.sid] = poster
        fate = self._faults.take(CALL, call.to)
        if poster.is_early:
            await self._to(call, "initiated", status="queued")
        task = asyncio.create_task(self._run(call, fate, after))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def rings(self, call: Call) -> bool:
        """Wait until its telephone rings; return whether it does, or was taken already.

        One that was only accepted can be taken by nobody yet: its ringing would come after its end.
        """
        await self._record.until(lambda: call.status != "queued", _RINGS_WITHIN_S)
        return call.status in ("ringing", "in-progress")

    async def press(self, call: Call, key: str) -> None:
        """Answer the call if it rings, listen to what is said, and press a key."""
        await self._answer(call)
        asked = _parse(call.twiml).find("Gather")
        call.heard += _said(call.twiml, is_key_pressed=True)
        call.keys += key
        if asked is None:
            await self._to(call, "completed")
            return
        form = {**_form(call), "Digits": key}
        call.twiml = await self._posters[call.sid].post_key(asked.attrib["action"], form)
        if _parse(call.twiml).find("Gather") is None:
            call.heard += _said(call.twiml)
            await self._to(call, "completed")
        self._record.changed()

    async def hang_up(self, call: Call) -> None:
        """Answer the call if it rings, listen to all of it, and press nothing."""
        await self._answer(call)
        call.heard += _said(call.twiml)
        await self._to(call, "completed")

    def cancel_all(self) -> None:
        """Let no call go on."""
        for task in self._tasks:
            task.cancel()
        self._posters.clear()

    async def _run(self, call: Call, fate: Fault | None, after: float) -> None:
        await asyncio.sleep(after + self._step_s)
        if not self._posters[call.sid].is_early:
            await self._to(call, "initiated", status="queued")
        await self._to(call, "ringing")
        await asyncio.sleep(self._step_s)
        if fate is None:
            over = await self._record.until(lambda: call.status != "ringing", self._rings_for_s)
            if not over:
                await self._to(call, "no-answer")
        elif fate.kind in _UNANSWERED:
            sip = {"SipResponseCode": str(fate.error_code or _NOT_FOUND)}
            status = _UNANSWERED[fate.kind]
            await self._to(call, status, sip if status == "failed" else {})
        elif fate.kind == "call_key":
            await self.press(call, fate.key or "1")
        else:
            call.answered_by = "machine_start" if fate.kind == "call_machine" else "human"
            await self.hang_up(call)

    async def _answer(self, call: Call) -> None:
        if call.status != "in-progress":
            await self._to(call, "in-progress")

    async def _to(
        self, call: Call, event: str, more: Mapping[str, str] | None = None, status: str = ""
    ) -> None:
        call.status, call.updated = status or event, datetime.now(UTC)
        self._record.changed()
        form = {**_form(call), **(more or {}), "CallStatus": event}
        if call.answered_by:
            form["AnsweredBy"] = call.answered_by
        await self._posters[call.sid].post(event, form)


class _Poster:
    """Posts the callbacks of one call, under its faults."""

    def __init__(self, callbacks: Callbacks, call: Call, faults: Mapping[str, Fault]) -> None:
        self._callbacks = callbacks
        self._call = call
        self._faults = faults
        self._held: list[tuple[str, dict[str, str]]] = []

    @property
    def is_early(self) -> bool:
        """Whether the first callback comes before the answer to the request."""
        return "callback_early" in self._faults

    async def post(self, event: str, form: dict[str, str]) -> None:
        """Post one status, if the call asked for it."""
        wanted = {"in-progress": "answered"}.get(
            event, "completed" if self._call.is_over else event
        )
        if wanted not in self._call.events or "no_callback" in self._faults:
            return
        if "callback_out_of_order" in self._faults and not self._call.is_over:
            self._held.append((event, form))
            return
        for status, fields in ((event, form), *self._held):
            await self._post_each(status, fields)

    async def post_key(self, url: str, form: dict[str, str]) -> str:
        """Post a key, and return what is to be said then."""
        forged = "callback_forged" in self._faults
        name = f"key {form['Digits']}"
        if "callback_twice" in self._faults:
            await self._callbacks.post(url, form, self._call.sid, name, forged=forged)
        return await self._callbacks.post(url, form, self._call.sid, name, forged=forged)

    async def _post_each(self, status: str, form: dict[str, str]) -> None:
        if fault := self._faults.get("callback_delay"):
            await asyncio.sleep(fault.seconds)
        url = self._call.status_callback
        for _ in range(2 if "callback_twice" in self._faults else 1):
            if url:
                forged = "callback_forged" in self._faults
                await self._callbacks.post(url, form, self._call.sid, status, forged=forged)


def _form(call: Call) -> dict[str, str]:
    return {
        "CallSid": call.sid,
        "CallStatus": call.status,
        "Called": call.to,
        "Caller": call.sender,
        "Direction": "outbound-api",
        "From": call.sender,
        "To": call.to,
    }


def _said(twiml: str, *, is_key_pressed: bool = False) -> list[str]:
    """Return what is said; only what comes before the key where one is pressed."""
    root = _parse(twiml)
    asked = root.find("Gather")
    said = asked if is_key_pressed and asked is not None else root
    return [say.text or "" for say in said.iter("Say")]


def _parse(twiml: str) -> ElementTree.Element:
    """Parse TwiML; what is none says nothing, as Twilio would after an error of ours."""
    try:
        return ElementTree.fromstring(twiml)  # noqa: S314 - from the service beside, on loopback
    except ElementTree.ParseError:
        return ElementTree.Element("Response")
