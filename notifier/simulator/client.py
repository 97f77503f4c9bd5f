"""Drive the simulator from Python, for tests and the demo."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypedDict
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

_IMPORTABLE_FROM = Path(__file__).resolve().parents[2]
# Straight to loopback, whatever proxy the environment names.
_open = build_opener(ProxyHandler({})).open

# The functional form, because `from` is a keyword.
Sms = TypedDict(
    "Sms",
    {
        "sid": str,
        "provider": str,  # twilio or ovh
        "to": str,
        "from": str | None,
        "body": str,
        "segments": int,
        "status": str,
        "error_code": int | None,
        "created": str,  # UTC, ISO 8601
        "answered": int | None,  # the HTTP status the caller got; None: none (yet)
        "copies": int,  # accepted texts with this number and this body, this one included
        "tries": int,  # create requests with this number and this body, accepted or not
    },
)
Mail = TypedDict(
    "Mail",
    {
        "from": str,
        "envelope_from": str,
        "to": list[str],
        "subject": str,
        "plain": str,
        "html": str,
        "message_id": str,
        "received": str,  # UTC, ISO 8601
        "raw": str,
    },
)


Call = TypedDict(
    "Call",
    {
        "sid": str,
        "to": str,
        "from": str,
        "status": str,
        "answered_by": str | None,
        "heard": list[str],  # what whoever took it has heard, in order
        "keys": str,  # those that were pressed
        "twiml": str,  # what is said and asked next
        "created": str,  # UTC, ISO 8601
        "answered": int | None,  # the HTTP status the caller of the API got
    },
)


# The statuses in which a call is over.
_OVER = {"completed", "busy", "no-answer", "failed", "canceled"}


class TextResult(TypedDict):
    """What came of a text that a telephone's owner wrote to the service."""

    sid: str
    code: int | None
    replies: list[str]


class CallbackTry(TypedDict):
    """One attempt to post one status; `code` is None when no server answered."""

    sid: str
    url: str
    status: str
    signature: str
    forged: bool
    attempt: int
    code: int | None
    error: str | None
    at: str


class Webhook(TypedDict):
    """One event that the dispatch centre's software was told; `code`: what it answered."""

    id: str
    headers: dict[str, str]  # by name in lower case
    body: str
    genuine: bool
    code: int | None
    at: str


class SimulatorError(Exception):
    """The simulator did not start, or refused what was asked; the message says which."""


class Simulator:
    """A running simulator. As a context manager, it stops the process that `start` began."""

    def __init__(
        self,
        http: str,
        control: str,
        smtp: str,
        pid: int,
        process: subprocess.Popen[str] | None,
        ovh: str = "",
    ) -> None:
        self.http = http
        self.ovh = ovh
        self.control = control
        self.smtp = smtp
        self.pid = pid
        self._process = process

    @classmethod
    def start(
        cls,
        account_sid: str,
        auth_token: str,
        *,
        http_port: int = 0,
        control_port: int = 0,
        smtp_port: int = 0,
        ovh_callback: str | None = None,
        answer_delay_ms: float = 0.0,
        sent_after_ms: float | None = None,
        delivered_after_ms: float | None = None,
        rings_for_ms: float | None = None,
        timeout: float = 20.0,
    ) -> Self:
        """Start a new simulator and wait until it is ready.

        Raises SimulatorError if it ends, or is not ready after `timeout` seconds.
        """
        options: dict[str, object] = {
            "account-sid": account_sid,
            "http-port": http_port,
            "control-port": control_port,
            "smtp-port": smtp_port,
            "ovh-callback": ovh_callback,
            "answer-delay-ms": answer_delay_ms,
            "sent-after-ms": sent_after_ms,
            "delivered-after-ms": delivered_after_ms,
            "rings-for-ms": rings_for_ms,
        }
        given = [f"--{name}={value}" for name, value in options.items() if value is not None]
        path = os.pathsep.join(filter(None, [str(_IMPORTABLE_FROM), os.environ.get("PYTHONPATH")]))
        process = subprocess.Popen(  # noqa: S603, our own module with options of our own
            [sys.executable, "-m", "notifier.simulator", *given],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": path, "TWILIO_AUTH_TOKEN": auth_token},
        )
        try:
            return cls.attach(_first_line(process, timeout), process)
        except BaseException:
            _end(process)
            raise

    @classmethod
    def attach(cls, ready_line: str, process: subprocess.Popen[str] | None = None) -> Self:
        """Connect to a simulator that is already running, by the line it printed when ready."""
        ready = json.loads(ready_line)
        addresses = (ready["http"], ready["control"], ready["smtp"])
        return cls(*addresses, ready["pid"], process, ready["ovh"])

    def stop(self) -> None:
        """End the process that `start` began; an attached one is left alone."""
        if self._process is not None:
            _end(self._process)
            self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def messages(self, to: str | None = None, provider: str | None = None) -> list[Sms]:
        """Return the accepted texts, oldest first; only those to a number, of a provider."""
        texts: list[Sms] = self._ask("GET", "/simulator/messages")["messages"]
        return [s for s in texts if to in (None, s["to"]) and provider in (None, s["provider"])]

    def calls(self, to: str | None = None) -> list[Call]:
        """Return the accepted calls, oldest first; only those to one number, if given."""
        calls: list[Call] = self._ask("GET", "/simulator/calls")["calls"]
        return [call for call in calls if to is None or call["to"] == to]

    def wait_for_calls_to_end(self, to: str, timeout: float = 10.0) -> None:
        """Wait until no call to a number rings or goes on. Raises TimeoutError."""
        deadline = time.monotonic() + timeout
        while any(call["status"] not in _OVER for call in self.calls(to)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"calls to {to} go on after {timeout} s")
            time.sleep(0.02)

    def press(self, to: str, key: str = "1") -> Call:
        """Take the call to a number once it rings, if nobody has yet, and press a key.

        Raises SimulatorError where no call is there.
        """
        return self._on_call("/simulator/key", {"to": to, "key": key})

    def hang_up(self, to: str) -> Call:
        """Take the call to a number once it rings, listen to the end and hang up.

        Raises SimulatorError where no call is there.
        """
        return self._on_call("/simulator/hang-up", {"to": to})

    def text(
        self,
        sender: str,
        body: str,
        *,
        url: str = "",
        to: str = "",
        sid: str = "",
        forged: bool = False,
    ) -> TextResult:
        """Write a text to the service from a telephone; what is answered arrives there.

        `url`: where it is posted, unless the simulator was started with one. `sid`: a text that was
        written before is posted once more. `forged`: under a wrong signature.
        """
        written = {"from": sender, "body": body, "url": url, "to": to, "sid": sid, "forged": forged}
        result: TextResult = self._ask("POST", "/simulator/text", written)
        return result

    def requests(self) -> int:
        """Return how many create requests arrived, except connections cut unread."""
        return int(self._ask("GET", "/simulator/messages")["requests"])

    def mails(self, to: str | None = None) -> list[Mail]:
        """Return the mails kept, oldest first; only those to one address, if given."""
        mails: list[Mail] = self._ask("GET", "/simulator/mails")["mails"]
        return [mail for mail in mails if to is None or to in mail["to"]]

    @property
    def webhook_url(self) -> str:
        """Where the dispatch centre's software is told of answers."""
        return f"{self.control}/centre"

    def add_webhook_secret(self, secret: str) -> None:
        """Have the dispatch centre's software believe what is signed with this secret."""
        self._ask("POST", "/simulator/webhooks/secrets", {"secret": secret})

    def webhooks(self, kind: str = "") -> list[Webhook]:
        """Return what the dispatch centre's software was told, oldest first; of one type alone."""
        told: list[Webhook] = self._ask("GET", "/simulator/webhooks")["webhooks"]
        return [each for each in told if not kind or f'"type": "{kind}"' in each["body"]]

    def callbacks(self) -> list[CallbackTry]:
        """Return every attempt of every callback, in the order in which they began."""
        tries: list[CallbackTry] = self._ask("GET", "/simulator/callbacks")["callbacks"]
        return tries

    def wait(
        self,
        *,
        sms: int = 0,
        mails: int = 0,
        calls: int = 0,
        webhooks: int = 0,
        settled: bool = False,
        timeout: float = 10.0,
    ) -> None:
        """Wait for at least so many of each and, if `settled`, for all receipts due.

        Raises TimeoutError after `timeout` seconds; its message says what had arrived.
        """
        query = {
            "sms": sms,
            "mails": mails,
            "calls": calls,
            "webhooks": webhooks,
            "settled": int(settled),
            "timeout": timeout,
        }
        path = "/simulator/wait?" + urlencode(query)
        try:
            self._ask("GET", path, timeout=timeout + 10)
        except HTTPError as error:
            if error.code != 408:
                raise
            facts = error.read().decode()
            raise TimeoutError(f"waited {timeout} s for {query}, had {facts}") from None

    def fault(
        self,
        kind: str,
        *,
        to: str | None = None,
        times: int | None = None,
        seconds: float | None = None,
        retry_after: int | None = None,
        error_code: int | None = None,
        provider: str | None = None,
        key: str | None = None,
    ) -> None:
        """Set a fault (`faults.py` lists the kinds). Raises SimulatorError if it is invalid."""
        wanted = {
            "kind": kind,
            "to": to,
            "times": times,
            "seconds": seconds,
            "retry_after": retry_after,
            "error_code": error_code,
            "provider": provider,
            "key": key,
        }
        try:
            self._ask("POST", "/simulator/faults", wanted)
        except HTTPError as error:
            raise SimulatorError(json.load(error)["error"]) from None

    def clear_faults(self) -> None:
        """Remove all faults; what was down is up again when this returns."""
        self._ask("DELETE", "/simulator/faults")

    def add_authenticator(self, account: str, secret: str) -> None:
        """Have the simulated telephone show the codes of an account, of a base32 secret."""
        self._ask("POST", "/simulator/codes", {"account": account, "secret": secret})

    def code(self, account: str) -> str:
        """Return the code that the simulated telephone shows for an account."""
        return str(self._ask("GET", "/simulator/codes")["codes"][account])

    def reset(self) -> None:
        """Empty phones and mailboxes, remove faults, cancel callbacks that were still due."""
        self._ask("POST", "/simulator/reset")

    def _on_call(self, path: str, what: dict[str, str]) -> Call:
        try:
            call: Call = self._ask("POST", path, what)
        except HTTPError as error:
            raise SimulatorError(json.load(error)["error"]) from None
        return call

    def _ask(self, method: str, path: str, body: object = None, timeout: float = 10.0) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.control + path, data=data, method=method)  # noqa: S310, loopback
        with _open(request, timeout=timeout) as answer:
            return json.load(answer)


def _first_line(process: subprocess.Popen[str], timeout: float) -> str:
    """Return the ready line. Raises SimulatorError when the process ended or stays silent."""
    if process.stdout is None:
        raise SimulatorError("the simulator's output is not read")
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        if not selector.select(timeout):
            raise SimulatorError(f"the simulator was not ready after {timeout} s")
    line = process.stdout.readline()
    if not line:
        raise SimulatorError(f"the simulator ended with code {process.wait()}: see stderr")
    return line


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
