"""Take each accepted text through its statuses, and post the signed callbacks.

A text is `sent` and then `delivered`, some milliseconds after it was accepted. `plan` turns the
faults into a list of steps, `Callbacks` carries them out.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

import aiohttp
from yarl import URL

from .faults import RECEIPT, Fault, Faults
from .ovh_messages import receipt_of
from .record import CallbackTry, Record, Sms
from .twilio_messages import API_VERSION

log = logging.getLogger(__name__)

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
# Twilio gives a webhook 15 s. Waiting for one of the connections does not count.
_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=15.0, sock_read=15.0)
_MAX_CONNECTIONS = 64
# Seconds before the second, third and fourth try of a callback that met no server or a 5xx.
_RETRY_AFTER = (0.2, 0.4, 0.8)


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds after acceptance at which a text is sent and delivered."""

    sent: float
    delivered: float


@dataclass(frozen=True, slots=True)
class Step:
    """A status at `at` seconds: whether the text takes it, whether a callback is posted."""

    at: float
    status: str
    error_code: int | None = None
    is_applied: bool = True
    is_posted: bool = True
    forged: bool = False


def plan(timing: Timing, faults: Mapping[str, Fault]) -> list[Step]:
    """Return the steps of one text under these faults, in the order of their time."""
    steps = [Step(timing.sent, "sent"), *_final_steps(timing, faults)]
    if "failed" in faults:
        del steps[0]
    if "callback_forged" in faults:
        forged = Step(timing.delivered, "delivered", is_applied=False, forged=True)
        return [replace(steps[0], is_posted=False), forged]
    if "no_callback" in faults:
        return [replace(step, is_posted=False) for step in steps]
    if "callback_out_of_order" in faults:
        last = steps[-1].at
        late = [replace(step, at=last, is_applied=False) for step in steps[:-1]]
        steps = [replace(step, is_posted=False) for step in steps[:-1]] + [steps[-1], *late]
    if "callback_twice" in faults:
        steps = [twin for step in steps for twin in (step, replace(step, is_applied=False))]
    if fault := faults.get("callback_delay"):
        silent = [replace(step, is_posted=False) for step in steps if step.is_applied]
        late = [replace(step, is_applied=False, at=step.at + fault.seconds) for step in steps]
        steps = sorted(silent + late, key=lambda step: step.at)
    if "callback_early" in faults:
        steps = [replace(step, at=0.0) for step in steps]
    return steps


def _final_steps(timing: Timing, faults: Mapping[str, Fault]) -> list[Step]:
    for status, usual_code in (("failed", 30005), ("undelivered", 30003)):
        if fault := faults.get(status):
            return [Step(timing.delivered, status, fault.error_code or usual_code)]
    if "partially_delivered" in faults:
        return [Step(timing.delivered, "partially_delivered")]
    delivered = Step(timing.delivered, "delivered")
    if fault := faults.get("delivered_after_all"):
        return [Step(timing.delivered, "undelivered", fault.error_code or 30008), delivered]
    return [delivered, *([Step(timing.delivered, "read")] if "read" in faults else [])]


def sign(auth_token: str, url: str, form: Mapping[str, str]) -> str:
    """Return X-Twilio-Signature: HMAC-SHA1 of the URL and the sorted form.

    Rule: twilio.com/docs/usage/security; the tests check it with Twilio's own validator.
    """
    signed = url + "".join(name + form[name] for name in sorted(form))
    digest = hmac.digest(auth_token.encode(), signed.encode(), "sha1")
    return base64.b64encode(digest).decode()


class Callbacks:
    """Take every accepted text to its final status and post its callbacks."""

    def __init__(
        self, record: Record, faults: Faults, account_sid: str, auth_token: str, timing: Timing
    ) -> None:
        self._record = record
        self._faults = faults
        self._account_sid = account_sid
        self._auth_token = auth_token
        self._timing = timing
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=_MAX_CONNECTIONS),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=_TIMEOUT,
        )
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, sms: Sms, after: float = 0.0) -> None:
        """Begin the steps of a text, counted from `after` seconds from now.

        Returns at once, except under `callback_early`: then only when every callback was answered.
        """
        faults = self._faults.take_each(RECEIPT, sms.to, provider=sms.provider)
        steps = [replace(step, at=step.at + after) for step in plan(self._timing, faults)]
        task = asyncio.create_task(self._run_steps(sms, steps))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if "callback_early" in faults:
            await asyncio.wait([task])

    def cancel_all(self) -> None:
        """Cancel all steps that are left; nothing more is posted for earlier texts."""
        for task in self._tasks:
            task.cancel()

    async def close(self) -> None:
        """Cancel all steps and close the connections."""
        self.cancel_all()
        await self._session.close()

    async def _run_steps(self, sms: Sms, steps: list[Step]) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for step in steps:
            await asyncio.sleep(began + step.at - loop.time())
            if step.is_applied:
                _apply(sms, step)
                self._record.changed()
            if step.is_posted and sms.status_callback:
                await self._post_status(sms, step, sms.status_callback)
        self._record.settle(sms)

    async def _post_status(self, sms: Sms, step: Step, url: str) -> None:
        if sms.provider == "ovh":
            url = _ovh_receipt(sms, step, url)
            await self._repeat(CallbackTry(sms.sid, url, step.status, "", step.forged, 1), None, {})
            return
        await self.post(url, self._form(sms, step), sms.sid, step.status, forged=step.forged)

    async def post(
        self, url: str, form: dict[str, str], sid: str, status: str, *, forged: bool = False
    ) -> str:
        """Post a signed form, several times if need be; return what was answered in the end.

        `status` is what it is about, for the list of callbacks.
        """
        form = {"AccountSid": self._account_sid, "ApiVersion": API_VERSION, **form}
        signature = sign("forged" if forged else self._auth_token, url, form)
        body = urlencode(form).encode()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "User-Agent": "TwilioProxy/1.1",
            "X-Twilio-Signature": signature,
            # The same for every try of one callback, as Twilio's.
            "I-Twilio-Idempotency-Token": f"{sid}-{status}",
        }
        first = CallbackTry(sid, url, status, signature, forged, 1)
        return await self._repeat(first, body, headers)

    async def _repeat(self, first: CallbackTry, body: bytes | None, headers: dict[str, str]) -> str:
        """Bring a receipt until a server takes or refuses it; without a body, by GET.

        Returns what was answered in the end.
        """
        for attempt, pause in enumerate((*_RETRY_AFTER, None), start=1):
            once = replace(first, attempt=attempt, at=datetime.now(UTC))
            self._record.callbacks.append(once)
            content = await self._post(once, body, headers)
            answered = once.code is not None and once.code < 500
            if answered or pause is None or not is_loopback(once.url):
                return content
            await asyncio.sleep(pause)
        return ""

    async def _post(self, once: CallbackTry, body: bytes | None, headers: dict[str, str]) -> str:
        if not is_loopback(once.url):
            once.error = "not posted: the simulator calls back this machine only"
            log.warning("callback to %s not posted: it is not on this machine", once.url)
            return ""
        try:
            # Encoded: the signature covers the address to the letter.
            url = URL(once.url, encoded=True)
            method = "GET" if body is None else "POST"
            async with self._session.request(
                method, url, headers=headers, data=body, allow_redirects=False
            ) as answer:
                once.code = answer.status
                return await answer.text()
        except (aiohttp.ClientError, OSError, ValueError) as error:
            once.error = f"{type(error).__name__}: {error}"
            log.warning("callback to %s, try %d: %s", once.url, once.attempt, once.error)
            return ""

    def _form(self, sms: Sms, step: Step) -> dict[str, str]:
        form = {
            "From": sms.sender or "",
            "MessageSid": sms.sid,
            "MessageStatus": step.status,
            "SmsSid": sms.sid,
            "SmsStatus": step.status,
            "To": sms.to,
        }
        if sms.messaging_service_sid:
            form["MessagingServiceSid"] = sms.messaging_service_sid
        if step.error_code is not None:
            form["ErrorCode"] = str(step.error_code)
        return form


def _ovh_receipt(sms: Sms, step: Step, url: str) -> str:
    """Return the address that OVHcloud calls: the account's, with what became of the text.

    It signs nothing; who forges one does not know the address.
    """
    receipt, ptt = receipt_of(step.status, step.error_code)
    query = {
        "id": sms.sid,
        "ptt": str(ptt),
        "date": f"{datetime.now(UTC):%Y%m%d%H%M%S}",
        "description": str(receipt),
        "descriptionDlr": step.status,
    }
    return f"{url[:-1] + '-' if step.forged else url}?{urlencode(query)}"


def is_loopback(url: str) -> bool:
    """Return whether the URL leads to this machine itself, over HTTP."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.hostname in LOOPBACK


# Who a messaging service sends as: a number of the range that ARCEP keeps for fiction.
_POOL_SENDER = "+33639980000"


def _apply(sms: Sms, step: Step) -> None:
    now = datetime.now(UTC)
    sms.status, sms.error_code, sms.updated = step.status, step.error_code, now
    sms.sender = sms.sender or _POOL_SENDER
    if step.status == "sent":
        sms.sent = now
