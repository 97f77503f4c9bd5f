"""What people do with their telephones: let one ring, open the link of a text, press a button."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from notifier.simulator.client import Simulator

_LINK = re.compile(r"https?://\S+/r/\w{12}")
_STAMP = re.compile(r'name="lu" value="([^"]+)"')
# A page that is answered faster was read by nobody, and asks once more.
_READING_S = 1.1
_open = build_opener(ProxyHandler({}), HTTPRedirectHandler()).open


@dataclass(frozen=True)
class Page:
    """A page that a link opened: what is read on it, and what its buttons send."""

    url: str
    text: str
    stamp: str


class Phones:
    """The telephones of the simulator."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def count_calls(self, number: str) -> int:
        """Return how often a number has rung so far."""
        return len(self._simulator.calls(number))

    def ring_out(self, number: str, known: int, timeout: float) -> str:
        """Take the next call to a number, press nothing, hang up; return what was said.

        `known` is how often it had rung before what has it called: the call may be there already.
        Raises TimeoutError where it does not ring.
        """
        deadline = time.monotonic() + timeout
        while self.count_calls(number) == known:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{number} does not ring")
            time.sleep(0.05)
        call = self._simulator.hang_up(number)
        return " ".join(dict.fromkeys(call["heard"]))

    def open_link(self, number: str) -> Page:
        """Open the link in the last text with one to a number, and read the page."""
        links = [
            m[0] for sms in self._simulator.messages(number) if (m := _LINK.search(sms["body"]))
        ]
        with _open(links[-1], timeout=30) as answer:
            html = answer.read().decode()
        stamp = _STAMP.search(html)
        if stamp is None:
            raise ValueError(f"{links[-1]}: no button to press")
        time.sleep(_READING_S)
        return Page(links[-1], _words(html), stamp[1])

    def press(self, page: Page, kind: str) -> None:
        """Press the button of this answer."""
        form = urlencode({"lu": page.stamp, "reponse": kind}).encode()
        with _open(Request(page.url, data=form), timeout=30):  # noqa: S310 - our own service
            pass


class _Words(HTMLParser):
    """Collect the words of a page's main part, a line for each block."""

    _BLOCKS = ("p", "h1", "h2", "li", "button", "dt")

    def __init__(self) -> None:
        super().__init__()
        self.lines = [""]
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag == "main":
            self._depth += 1
        if tag in self._BLOCKS:
            self.lines.append("")
        if tag in ("dd", "small"):
            self.lines[-1] += " : "

    def handle_endtag(self, tag: str) -> None:
        if tag == "main":
            self._depth -= 1

    def handle_data(self, data: str) -> None:
        if self._depth:
            self.lines[-1] += data


def _words(html: str) -> str:
    parser = _Words()
    parser.feed(html)
    lines = (" ".join(line.split()) for line in parser.lines)
    return "\n".join(line for line in lines if line)
