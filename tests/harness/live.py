"""One test's view of the real service: a message that the test did not expect is a failure."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal, TypeVar

import pytest

from notifier.simulator.client import Call, Mail, Sms
from tests.harness.service import Service

Found = TypeVar("Found")
Kind = Literal["sms", "mails", "calls"]


class Live:
    """Claims the messages that a test expects; `verify` fails on all others."""

    def __init__(self, service: Service) -> None:
        """Empties the simulator: what came before is no concern of this test."""
        self.service = service
        self.simulator = service.simulator
        self.simulator.reset()
        self._claimed_sms: set[str] = set()
        self._claimed_mails: set[int] = set()
        self._claimed_calls: set[str] = set()

    def expect_sms(self, *, to: str, containing: str = "", timeout: float = 15.0) -> Sms:
        """Wait for one more SMS to this number that holds this text, and claim it."""

        def found() -> Sms | None:
            fresh = (
                sms for sms in self.simulator.messages(to) if sms["sid"] not in self._claimed_sms
            )
            return next((sms for sms in fresh if containing in sms["body"]), None)

        sms = self._wait(found, "sms", f"an SMS to {to} with {containing!r}", timeout)
        self._claimed_sms.add(sms["sid"])
        return sms

    def expect_mail(self, *, to: str, containing: str = "", timeout: float = 15.0) -> Mail:
        """Wait for one more mail to this address with this text in it, and claim it."""

        def found() -> tuple[int, Mail] | None:
            fresh = (
                (place, mail)
                for place, mail in enumerate(self.simulator.mails())
                if place not in self._claimed_mails and to in mail["to"]
            )
            return next(
                (pair for pair in fresh if containing in pair[1]["subject"] + pair[1]["plain"]),
                None,
            )

        place, mail = self._wait(found, "mails", f"a mail to {to} with {containing!r}", timeout)
        self._claimed_mails.add(place)
        return mail

    def expect_call(self, *, to: str, containing: str = "", timeout: float = 15.0) -> Call:
        """Wait for one more call to this number that says this text, and claim it."""

        def found() -> Call | None:
            fresh = (c for c in self.simulator.calls(to) if c["sid"] not in self._claimed_calls)
            return next((call for call in fresh if containing in call["twiml"]), None)

        call = self._wait(found, "calls", f"a call to {to} with {containing!r}", timeout)
        self._claimed_calls.add(call["sid"])
        return call

    def verify(self) -> None:
        """Fail, naming it, if any message came that the test did not claim."""
        self.service.start_broker()
        self.service.wait_until_idle()
        self.simulator.wait(settled=True)
        self.service.wait_until_idle()
        surplus = [
            f"SMS to {sms['to']}: {sms['body']}"
            for sms in self.simulator.messages()
            if sms["sid"] not in self._claimed_sms
        ]
        surplus += [
            f"mail to {', '.join(mail['to'])}: {mail['subject']}"
            for place, mail in enumerate(self.simulator.mails())
            if place not in self._claimed_mails
        ]
        surplus += [
            f"call to {call['to']}: {call['twiml']}"
            for call in self.simulator.calls()
            if call["sid"] not in self._claimed_calls
        ]
        if surplus:
            pytest.fail("messages that nobody expected:\n  " + "\n  ".join(surplus), pytrace=False)

    def _wait(
        self, look: Callable[[], Found | None], kind: Kind, what: str, timeout: float
    ) -> Found:
        deadline = time.monotonic() + timeout
        while True:
            simulator = self.simulator
            here = {
                "sms": len(simulator.messages()),
                "mails": len(simulator.mails()),
                "calls": len(simulator.calls()),
            }
            if (found := look()) is not None:
                return found
            left = max(0.0, deadline - time.monotonic())
            try:
                # Whatever arrives next may be it.
                if kind == "sms":
                    simulator.wait(sms=here["sms"] + 1, timeout=left)
                elif kind == "calls":
                    simulator.wait(calls=here["calls"] + 1, timeout=left)
                else:
                    simulator.wait(mails=here["mails"] + 1, timeout=left)
            except TimeoutError:
                pytest.fail(f"{what} never came; what came:\n  {self._arrived()}", pytrace=False)

    def _arrived(self) -> str:
        texts = [f"SMS to {sms['to']}: {sms['body']}" for sms in self.simulator.messages()]
        texts += [f"mail to {mail['to']}: {mail['subject']}" for mail in self.simulator.mails()]
        texts += [f"call to {call['to']}" for call in self.simulator.calls()]
        return "\n  ".join(texts) or "nothing"
