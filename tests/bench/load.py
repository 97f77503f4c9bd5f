"""The load generator: a process of its own, so that its work is in nobody's account.

`python -m tests.bench.load`: reads a plan (JSON) on stdin, pushes, writes what it saw on stdout.
Plain sockets and bodies made beforehand: it shares the machine with what it measures.
"""

from __future__ import annotations

import itertools
import json
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field

TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Event:
    """What tells one report of the bench from another."""

    reference: str
    location: dict[str, object]


@dataclass(frozen=True)
class Plan:
    """What to push: where, how fast, over how many connections."""

    port: int
    key: str
    category: str
    events: list[Event]
    connections: int
    per_second: float | None = None
    """None: as fast as the answers come."""


@dataclass
class Seen:
    """What the generator saw of each event, in the events' order."""

    began: list[float] = field(default_factory=list)
    """When its POST began: seconds since 1970, by this machine's clock."""
    took: list[float] = field(default_factory=list)
    """Seconds until its answer was read."""
    codes: list[int] = field(default_factory=list)

    @property
    def answers(self) -> Counter[int]:
        """How many answers of each HTTP status."""
        return Counter(self.codes)

    @property
    def seconds(self) -> float:
        """From the first POST's beginning to the last answer."""
        ends = (began + took for began, took in zip(self.began, self.took, strict=True))
        return max(ends) - min(self.began)


def push(plan: Plan) -> Seen:
    """Run the generator in a process of its own; returns when every event was answered."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load"],
        input=json.dumps(asdict(plan)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Seen(**json.loads(done.stdout))


class _Connection:
    """One keep-alive connection to the service."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def exchange(self, request: bytes) -> int:
        """Send a request, read its whole answer; the HTTP status."""
        self._socket.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more()
        head, _, body = received.partition(b"\r\n\r\n")
        length = _length(head)
        while len(body) < length:
            body += self._more()
        return int(head[9:12])

    def _more(self) -> bytes:
        part = self._socket.recv(65536)
        if not part:
            raise ConnectionError("the service closed the connection")
        return part


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return int(value)
    raise ValueError("an answer without Content-Length")


def _request(plan: Plan, event: Event, occurred_at: str) -> bytes:
    body = json.dumps(
        {
            "reference": event.reference,
            "sequence": 1,
            "status": "engaged",
            "category": plan.category,
            "severity": "severe",
            "occurred_at": occurred_at,
            "exercise": False,
            "location": event.location,
        }
    ).encode()
    head = [
        "POST /api/v1/interventions HTTP/1.1",
        f"Host: 127.0.0.1:{plan.port}",
        f"Authorization: Bearer {plan.key}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def _run(plan: Plan) -> Seen:
    occurred_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    requests = [_request(plan, event, occurred_at) for event in plan.events]
    number = len(requests)
    seen = Seen([0.0] * number, [0.0] * number, [0] * number)
    turns = itertools.count()
    start = time.time()

    def work() -> None:
        connection = _Connection(plan.port)
        while (turn := next(turns)) < number:
            if plan.per_second:
                time.sleep(max(0.0, start + turn / plan.per_second - time.time()))
            seen.began[turn] = time.time()
            began = time.perf_counter()
            seen.codes[turn] = connection.exchange(requests[turn])
            seen.took[turn] = time.perf_counter() - began

    threads = [threading.Thread(target=work) for _ in range(plan.connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


def _main() -> None:
    given = json.load(sys.stdin)
    given["events"] = [Event(**event) for event in given["events"]]
    json.dump(asdict(_run(Plan(**given))), sys.stdout)


if __name__ == "__main__":
    _main()
