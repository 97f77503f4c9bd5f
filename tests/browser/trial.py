"""A trial as a newcomer starts it: `notifier up --simulator`, its samples and their accounts."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from notifier.ops.local.stack import notifier_command
from notifier.ops.local.supervisor import Child, Program
from notifier.ops.samples.accounts import ACCOUNTS, SampleAccount, password
from notifier.simulator.client import Simulator
from tests.harness.commands import Commands

SECONDS_TO_START = 400.0
_PLACE = re.compile(r"(Service|Téléphones et courriels simulés)\s+(http://\S+)")


class Trial:
    """A running service, its simulator, and the accounts by name."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        """Start it. `environment` names the database, `folder` is its DATA_DIR."""
        command = notifier_command("up", "--simulator", "--bind", "127.0.0.1:0")
        own = {**environment, "DATA_DIR": str(folder)}
        self._up = Child(Program("up", command, own), lambda *_: None)
        try:
            self._up.wait_for_line("Ctrl-C", SECONDS_TO_START)
        except BaseException:
            self._up.end()
            raise
        said = [match for line in self._up.lines if (match := _PLACE.search(line))]
        places = {match[1]: match[2] for match in said}
        self.url = places["Service"]
        self.simulator = Simulator("", places["Téléphones et courriels simulés"], "", 0, None)
        lines = (folder / "up.env").read_text(encoding="utf-8").splitlines()
        pairs = (line.split("=", 1) for line in lines)
        shared = {name: "".join(shlex.split(value)) for name, value in pairs}
        self.key = shared["CLE"]
        self.password = password(shared["SECRET_KEY"])
        self.accounts: dict[str, SampleAccount] = {one.username: one for one in ACCOUNTS}
        self.commands = Commands({**own, **shared})

    def receives(self, number: str, words: str) -> None:
        """Wait for a text to this number with these words."""
        # Counted first: what comes between two looks is seen by the second.
        count = len(self.simulator.messages())
        while not any(words in sms["body"] for sms in self.simulator.messages(number)):
            self.simulator.wait(sms=count + 1, timeout=60)
            count = len(self.simulator.messages())

    def receives_mail(self, address: str) -> None:
        """Wait for a mail to this address."""
        count = len(self.simulator.mails())
        while not self.simulator.mails(address):
            self.simulator.wait(mails=count + 1, timeout=60)
            count = len(self.simulator.mails())

    def code_of_test(self, number: str) -> str:
        """Wait for a test text to this number, and return its code."""
        self.receives(number, "ESSAI")
        body = self.simulator.messages(number)[-1]["body"].replace("\xa0", " ")
        found = re.search(r"code : ([0-9 ]+)", body)
        assert found, body
        return found[1].replace(" ", "")

    def log(self) -> str:
        """Return the last lines of its programs."""
        return "\n".join(list(self._up.lines)[-120:])

    def end(self) -> None:
        """End every process of it."""
        self.commands.end()
        self._up.end()
