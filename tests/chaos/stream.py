"""A steady stream of pushes, sent by clients as honest as a dispatch centre's should be.

A story is one reference: its pushes in their order, and who is due which text of it. An honest
client repeats a push, unchanged, until it is answered 2xx; it never gives up while the run lasts.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from random import Random
from typing import Any

from notifier.ops.api_client import DispatchClient

ACCIDENT, DAMAGE, SECRET = "C01.01.01", "C03.01.01", "C02.03.02"
CLIENTS = 16
# How long a client goes on asking one question, in seconds; longer than any fault lasts.
PATIENCE_S = 240.0


class Kind(StrEnum):
    """The texts of a story, by the words that tell them apart."""

    FIRST = ""
    UPDATE = "situation aggravée"
    END = "intervention terminée"


@dataclass(frozen=True)
class Person:
    """A contact who is told at once."""

    commune: str
    function: str
    mobile: str
    email: str


@dataclass
class Push:
    """One event: what is sent, and what came of it. Times are UTC."""

    body: dict[str, Any]
    kind: Kind | None
    first_sent_at: datetime | None = None
    tries: int = 0
    code: int | None = None
    id: str | None = None

    @property
    def is_recorded(self) -> bool:
        """Whether the service said that it has it."""
        return self.code in (200, 202)


@dataclass
class Story:
    """One reference and the people of its commune."""

    reference: str
    people: Sequence[Person]
    pushes: list[Push]
    channels: tuple[str, ...]
    begins_s: float
    pauses_s: list[float]


# Which pushes a story is made of: status, severity, and the text that each brings.
_ENGAGED = ("engaged", "moderate", Kind.FIRST)
_WORSE = ("on_scene", "extreme", Kind.UPDATE)
_SAME = ("on_scene", "moderate", None)
_CLOSED = ("closed", "moderate", Kind.END)
_Script = tuple[str, tuple[str, ...], list[tuple[str, str, Kind | None]]]
SCRIPTS: list[_Script] = [
    (ACCIDENT, ("sms", "email"), [_ENGAGED]),
    (ACCIDENT, ("sms", "email"), [_ENGAGED]),
    (ACCIDENT, ("sms", "email"), [_ENGAGED, _CLOSED]),
    (ACCIDENT, ("sms", "email"), [_ENGAGED, _WORSE]),
    (ACCIDENT, ("sms", "email"), [_ENGAGED, _WORSE, _CLOSED]),
    (ACCIDENT, ("sms", "email"), [_ENGAGED, _SAME, _CLOSED]),
    (DAMAGE, ("email",), [_ENGAGED]),
    (SECRET, (), [("engaged", "extreme", None)]),
]


def write_stories(
    tag: str, people: Sequence[Person], events: int, lasts_s: float, random: Random
) -> list[Story]:
    """Stories that hold `events` pushes, begun over `lasts_s` seconds; each commune in its turn."""
    by_commune: dict[str, list[Person]] = {}
    for person in people:
        by_commune.setdefault(person.commune, []).append(person)
    communes = random.sample(sorted(by_commune), len(by_commune))
    stories: list[Story] = []
    left = events
    while left:
        category, channels, script = random.choice(SCRIPTS)
        script = script[:left]
        left -= len(script)
        commune = communes[len(stories) % len(communes)]
        reference = f"{tag}-{len(stories) + 1:03d}"
        pushes = [
            Push(_body(reference, sequence, category, commune, status, severity), kind)
            for sequence, (status, severity, kind) in enumerate(script, start=1)
        ]
        pauses = [random.uniform(0.2, lasts_s / 3) for _ in script[1:]]
        begins = random.uniform(0, lasts_s)
        stories.append(Story(reference, by_commune[commune], pushes, channels, begins, pauses))
    return sorted(stories, key=lambda story: story.begins_s)


def _body(
    reference: str, sequence: int, category: str, commune: str, status: str, severity: str
) -> dict[str, Any]:
    return {
        "reference": reference,
        "sequence": sequence,
        "status": status,
        "category": category,
        "severity": severity,
        "location": {"insee": commune},
    }


@dataclass
class Stream:
    """Tells the stories; what strikes them waits here for its moment."""

    dispatch: DispatchClient
    stories: list[Story]
    _sent: int = 0
    _in_flight: int = 0
    _news: threading.Condition = field(default_factory=threading.Condition)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(CLIENTS))

    def begin(self) -> None:
        """Start telling; returns at once."""
        begun_at = time.monotonic()
        for story in self.stories:
            self._pool.submit(self._tell, story, begun_at + story.begins_s)

    def finish(self) -> None:
        """Wait until every client has its answers."""
        self._pool.shutdown(wait=True)

    @property
    def events(self) -> int:
        """How many pushes there are in all."""
        return sum(len(story.pushes) for story in self.stories)

    def wait_for_push(self, number: int) -> None:
        """Return once the stream's `number`-th push is on its way."""
        with self._news:
            self._news.wait_for(lambda: self._sent >= min(number, self.events), PATIENCE_S)

    def wait_for_one_in_flight(self) -> None:
        """Return once some push is sent and not answered."""
        with self._news:
            self._news.wait_for(lambda: self._in_flight > 0, PATIENCE_S)

    def _tell(self, story: Story, begins_at: float) -> None:
        time.sleep(max(0.0, begins_at - time.monotonic()))
        for push, pause in zip(story.pushes, [*story.pauses_s, 0.0], strict=True):
            push.first_sent_at = datetime.now(UTC)
            push.body["occurred_at"] = push.first_sent_at.isoformat(timespec="seconds")
            with self._news:
                self._sent += 1
                self._news.notify_all()
            self._insist(push)
            if not push.is_recorded:
                return
            time.sleep(pause)

    def _insist(self, push: Push) -> None:
        """Repeat until it is recorded, or refused for a reason that repeating cannot mend."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            push.tries += 1
            wait = self._once(push)
            if wait is None:
                return
            time.sleep(wait)

    def _once(self, push: Push) -> float | None:
        """One try; seconds until the next, None when there is an answer to keep."""
        self._fly(+1)
        try:
            answer = self.dispatch.push(push.body)
        except (OSError, http.client.HTTPException):
            return 0.3
        finally:
            self._fly(-1)
        push.code = answer.code
        if push.is_recorded:
            push.id = answer.id
        if push.is_recorded or (answer.code < 500 and answer.code != 429):
            return None
        return min(float(answer.headers.get("Retry-After", 1)), 2.0)

    def _fly(self, change: int) -> None:
        with self._news:
            self._in_flight += change
            self._news.notify_all()
