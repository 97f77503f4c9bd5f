"""What the simulator has received (texts, calls, mails, events, callback tries), and waiting."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from . import segments


@dataclass(slots=True, eq=False)
class Sms:
    """One text that the provider accepted. Times are UTC."""

    to: str
    body: str
    sender: str | None
    messaging_service_sid: str | None
    status_callback: str | None
    status: str
    sid: str = field(default_factory=lambda: "SM" + secrets.token_hex(16))
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated: datetime | None = None
    sent: datetime | None = None
    error_code: int | None = None
    answered: int | None = None
    # Who accepted it, and the mark that its sender gave it there.
    provider: str = "twilio"
    tag: str = ""
    # Whether the telephone's owner wrote it, to the service.
    is_inbound: bool = False

    @property
    def segments(self) -> int:
        """The number of segments that the text is billed for."""
        return segments.count(self.body)


@dataclass(slots=True, eq=False)
class Call:
    """One call that the provider accepted. `twiml` is what is said, and asked, next."""

    to: str
    sender: str
    twiml: str
    status_callback: str | None
    events: frozenset[str]
    status: str = "queued"
    sid: str = field(default_factory=lambda: "CA" + secrets.token_hex(16))
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated: datetime | None = None
    answered_by: str | None = None
    answered: int | None = None
    # What whoever took it has heard, in order, and the keys that were pressed.
    heard: list[str] = field(default_factory=list)
    keys: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing more is said or asked."""
        return self.status in {"completed", "busy", "no-answer", "failed", "canceled"}


@dataclass(slots=True, eq=False)
class Mail:
    """One mail in the inbox. `to` is the envelope's; `sender` is what the reader sees."""

    envelope_from: str
    to: list[str]
    sender: str
    subject: str
    plain: str
    html: str
    message_id: str
    raw: str
    received: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(slots=True, eq=False)
class CallbackTry:
    """One attempt to post one status: the answer's `code`, or the `error` that prevented one."""

    sid: str
    url: str
    status: str
    signature: str
    forged: bool
    attempt: int
    code: int | None = None
    error: str | None = None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(slots=True, eq=False)
class Webhook:
    """One event that the dispatch centre's software was told; `code`: what it answered, if it did.

    `headers` by name in lower case.
    """

    webhook_id: str
    headers: dict[str, str]
    body: str
    is_genuine: bool
    code: int | None = None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


class Record:
    """The memory of one simulator. Everything runs on one event loop, so there are no locks."""

    def __init__(self) -> None:
        # Neither ever goes back: a page or a slow request sees by them that the world has moved on.
        self.version = 0
        # Secrets of the authenticator application, by account. A reset leaves them.
        self.authenticators: dict[str, str] = {}
        # With which the centre's software checks what it is told. A reset leaves them as well.
        self.webhook_secrets: list[str] = []
        self.generation = 0
        self._changed = asyncio.Event()
        self._waiting = 0
        self._empty()

    def _empty(self) -> None:
        self.sms: list[Sms] = []
        self.by_sid: dict[str, Sms] = {}
        self.by_number: defaultdict[str, list[Sms]] = defaultdict(list)
        self.calls: list[Call] = []
        self.mails: list[Mail] = []
        self.webhooks: list[Webhook] = []
        self.callbacks: list[CallbackTry] = []
        self.unsettled: set[str] = set()
        self.requests = 0
        self.tries: Counter[tuple[str, str]] = Counter()

    @property
    def sms_count(self) -> int:
        """How many texts telephones got."""
        return sum(not sms.is_inbound for sms in self.sms)

    def reset(self) -> None:
        """Empty phones, mailboxes and the list of callbacks."""
        self.generation += 1
        self._empty()
        self.changed()

    def accept(self, sms: Sms) -> None:
        """Add a text to its phone; its receipts are due from now on."""
        self.sms.append(sms)
        self.by_sid[sms.sid] = sms
        self.by_number[sms.to].append(sms)
        self.unsettled.add(sms.sid)
        self.changed()

    def ring(self, call: Call) -> None:
        """Add a call to its telephone."""
        self.calls.append(call)
        self.changed()

    def call_to(self, number: str) -> Call | None:
        """Return the latest call to a number that rings or goes on."""
        going_on = (call for call in reversed(self.calls) if not call.is_over)
        return next((call for call in going_on if call.to == number), None)

    def receive(self, sms: Sms) -> None:
        """Add a text that a telephone sends or gets without a receipt being due."""
        self.sms.append(sms)
        self.by_sid[sms.sid] = sms
        self.by_number[sms.to].append(sms)
        self.changed()

    def keep(self, mail: Mail) -> None:
        """Add a mail to its mailboxes."""
        self.mails.append(mail)
        self.changed()

    def tell(self, webhook: Webhook) -> None:
        """Add what the dispatch centre's software is told."""
        self.webhooks.append(webhook)
        self.changed()

    def settle(self, sms: Sms) -> None:
        """Note that nothing more is due for this text."""
        self.unsettled.discard(sms.sid)
        self.changed()

    def changed(self) -> None:
        """Wake those who wait for something to happen."""
        self.version += 1
        if self._waiting:
            self._changed.set()
            self._changed = asyncio.Event()

    async def until(self, true: Callable[[], bool], timeout: float) -> bool:
        """Wait until the condition holds, at most `timeout` seconds; return whether it holds."""
        deadline = time.monotonic() + timeout
        self._waiting += 1
        try:
            while not true():
                await asyncio.wait_for(self._changed.wait(), deadline - time.monotonic())
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
        return True
