"""Play one scene: push, response, recipients, texts; each step checked."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from notifier.alerting.models import DeferralReason
from notifier.ops.api_client import ApiResponse, DispatchClient
from notifier.ops.demo.inboxes import (
    Address,
    AddressBook,
    Arrivals,
    find_differences,
    format_as_read,
)
from notifier.ops.demo.scenario import DUTY_PHONE, Command, Scene
from notifier.ops.local.stack import Stack
from notifier.settings import packaged
from notifier.territory.resolve import commune_by_code

SECONDS_FOR_ONE_STEP = 20.0
# The state of a message for which nothing more is awaited: a phone's receipt, a mail server's yes.
ARRIVED = {"sms": ("delivered",), "email": ("accepted", "delivered")}

NATURES = {"first": "alerte", "update": "aggravation", "end": "fin", "cancellation": "annulation"}


class DemoFailed(Exception):
    """A step did not go as expected; the message, in French, says which and how."""


@dataclass
class DemoRunner:
    """Play scenes one after the other on a running service."""

    stage: Stack
    dispatch: DispatchClient
    book: AddressBook
    arrivals: Arrivals
    say: Callable[[str], None]
    show: Callable[[list[str]], None]
    ids: dict[str, str] = field(default_factory=dict)
    rows: list[tuple[str, ...]] = field(default_factory=list)
    _last_body: dict[str, Any] = field(default_factory=dict)

    def play(self, scene: Scene) -> None:
        """Play one scene. Raises DemoFailed, ProcessError."""
        if scene.command:
            for line in run_command(self.stage, scene.command).strip().splitlines():
                self.say(line)
        if scene.body is None:
            self._relay(scene)
            return
        answer = self._push(scene, scene.body)
        if scene.state is None:
            self.say(f"Refusé : {_refusal_text(answer)}")
            self._receive(scene, [])
            return
        if scene.repeats:
            _require(answer.id == self.ids[scene.reference], "un renvoi a reçu un autre numéro")
            self._receive(scene, [])
            return
        self.ids[scene.reference] = answer.id
        status = self._wait(
            answer.id, lambda now: now["state"] == scene.state, f"« {scene.state} »"
        )
        if scene.decide:
            status = self._decide(scene, answer.id, status)
        expected = self.book.expected(scene)
        self._receive(scene, expected)
        status = self._wait(
            answer.id, lambda now: _all_arrived(now, expected), "un accusé de réception"
        )
        self._explain(status)
        self._count(scene, status)

    def _relay(self, scene: Scene) -> None:
        """Relay what waits for a person, and check who reads it."""
        for line in self.stage.require("release", scene.reference).strip().splitlines():
            self.say(line)
        self._receive(scene, self.book.expected(scene))

    def _push(self, scene: Scene, content: Mapping[str, Any]) -> ApiResponse:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        body: dict[str, Any] = {
            "reference": scene.reference,
            "occurred_at": now,
            "exercise": False,
            **content,
        }
        # The very same content, or else it would be another one under the same number: 409.
        body = self._last_body if scene.repeats else body
        self._last_body = body
        began = time.monotonic()
        answer = self.dispatch.push(body)
        took = round((time.monotonic() - began) * 1000)
        self.say(f"POST {scene.reference} : réponse {answer.code} en {took} ms")
        _require(
            answer.code == scene.answer,
            f"réponse {answer.code} au lieu de {scene.answer} : {_refusal_text(answer)}",
        )
        return answer

    def _decide(self, scene: Scene, report: str, status: dict[str, Any]) -> dict[str, Any]:
        """Decide the commune: nobody is told of a contradiction until a person has."""
        for clue in status["clues"]:
            self.say(f"  indice {clue['kind']} « {clue['given']} » : {clue['says']}")
        self._receive(scene, [])
        command = ("review", scene.reference, "--commune", str(scene.decide))
        self.say(f"Une personne tranche : notifier {' '.join(command)}")
        self.stage.require(*command)
        return self._wait(report, lambda now: now["state"] == "decided", "la décision")

    def _receive(self, scene: Scene, expected: list[Address]) -> None:
        """Wait for what must come; fail on anything else."""
        try:
            self.arrivals.wait(expected, SECONDS_FOR_ONE_STEP)
        except TimeoutError as error:
            texts, mails = self.arrivals.take()
            faults = find_differences(expected, texts, mails) or [str(error)]
            raise DemoFailed(f"{scene.title} : " + " ; ".join(faults)) from None
        texts, mails = self.arrivals.take()
        faults = find_differences(expected, texts, mails)
        _require(not faults, f"{scene.title} : " + " ; ".join(faults))
        read = [sms["body"] for sms in texts] + [mail["subject"] + mail["plain"] for mail in mails]
        for words in (scene.says, DUTY_PHONE):
            silent = [
                text for text in read
                if words.lower() not in text.lower().replace("\N{NO-BREAK SPACE}", " ")
            ]  # fmt: skip
            _require(not silent, f"{scene.title} : « {words} » manque dans {silent}")
        self.show(format_as_read(expected, texts, mails))

    def _wait(
        self, report: str, done: Callable[[dict[str, Any]], bool], what: str
    ) -> dict[str, Any]:
        deadline = time.monotonic() + SECONDS_FOR_ONE_STEP
        while True:
            answer = self.dispatch.status(report)
            _require(answer.code == 200, f"état illisible : réponse {answer.code}")
            status: dict[str, Any] = answer.body
            if done(status):
                return status
            _require(
                time.monotonic() < deadline,
                f"{status['reference']} : {what} se fait attendre, état « {status['state']} »",
            )
            # Dispatch has no other way to know than to ask again.
            time.sleep(0.03)

    def _explain(self, status: dict[str, Any]) -> None:
        for silence in status["not_told"]:
            if silence["sequence"] != status["sequence"]:
                continue
            place = commune_by_code(silence["commune"])
            name = place.name if place else silence["commune"]
            self.say(f"Personne n’est prévenu ({name}) : {silence['reason']}")
        for silence in status["organisations_not_told"]:
            if silence["sequence"] == status["sequence"]:
                who = "{kind}:{code}".format(**silence["organisation"])
                self.say(f"{who} n’est pas prévenu : {silence['reason']}")

    def _count(self, scene: Scene, status: dict[str, Any]) -> None:
        received = datetime.fromisoformat(status["received_at"])
        for alert in status["alerts"]:
            messages = [m for m in alert["messages"] if m["revision"] == alert["revision"]]
            accepted = [m["accepted_at"] for m in messages if m["accepted_at"]]
            ended = [m["ended_at"] for m in messages if m["ended_at"]]
            told = f"{len(messages)} message{'s' if len(messages) > 1 else ''}"
            after = (_elapsed_ms(received, accepted), _elapsed_ms(received, ended))
            nature = NATURES[alert["kind"]]
            name = alert.get("organisation", alert["commune"])["name"]
            self.rows.append((scene.reference, name, nature, told, *after))
        if not status["alerts"]:
            self.rows.append((scene.reference, "—", "—", "personne", "—", "—"))


def run_command(stage: Stack, command: Command) -> str:
    """Run a command of a story and return what it prints. Raises ProcessError."""
    config = packaged("config")
    return stage.require(*(str(config / p) if isinstance(p, Path) else p for p in command))


def _all_arrived(status: dict[str, Any], expected: list[Address]) -> bool:
    # What waits for a person to relay it does not arrive by itself.
    messages = [
        message
        for alert in status["alerts"]
        for message in alert["messages"]
        if message.get("held_for") != DeferralReason.RELAY
    ]
    arrived = [message for message in messages if message["state"] in ARRIVED[message["channel"]]]
    # A thread shows all that its communes were told, also before this push.
    return len(arrived) == len(messages) >= len(expected)


def _elapsed_ms(begin: datetime, moments: list[str]) -> str:
    """Return the milliseconds from `begin` to the last moment."""
    if not moments:
        return "—"
    last = max(map(datetime.fromisoformat, moments))
    return f"{round((last - begin).total_seconds() * 1000)} ms"


def _refusal_text(answer: ApiResponse) -> str:
    """Return what the service says about a refusal."""
    body = answer.body
    return str(body.get("error", body)) if isinstance(body, dict) else str(body)


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise DemoFailed(otherwise)
