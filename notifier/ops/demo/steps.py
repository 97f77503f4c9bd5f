"""Play the steps of a scene: pushes and commands, recipients, texts; each step checked."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from textwrap import shorten
from typing import Any, Protocol

from notifier.console.terminal import frame, wrap
from notifier.ops.api_client import ApiResponse, DispatchClient
from notifier.ops.demo.inboxes import (
    Address,
    AddressBook,
    Arrivals,
    find_differences,
    find_wrong_words,
    format_as_read,
    format_phone,
    wrong_words,
)
from notifier.ops.demo.phones import Phones
from notifier.ops.demo.scenario import Command, Push, Reader, Reply, Silence, Step
from notifier.territory.resolve import commune_by_code

SECONDS_FOR_ONE_STEP = 20.0
# The state of a message for which nothing more is awaited: a phone's receipt, a mail server's yes.
ARRIVED = {
    "sms": ("delivered",),
    "email": ("accepted", "delivered"),
    "voice": ("delivered", "undelivered"),
}
# Moves the wait for the answers to one incident to its end, as if its minutes had gone by.
_WAIT_IS_OVER = (
    "from django.utils import timezone; from notifier.alerting.models import Alert; "
    "Alert.objects.filter(incident__reference='{}', answer_due_at__isnull=False)"
    ".update(answer_due_at=timezone.now())"
)

NATURES = {"first": "alerte", "update": "aggravation", "end": "fin", "cancellation": "annulation"}
COLUMNS = (
    *("Référence", "Commune", "Organisme", "Nature", "Prévenus", "Remis après", "Reçu après"),
)
_INDENT = 9
# The widest name of an organisation in the table.
_NAME = 31


class DemoFailed(Exception):
    """A step did not go as expected; the message, in French, says which and how."""


class Commands(Protocol):
    """Whatever runs `notifier` commands."""

    def require(self, *args: str) -> str:
        """Return the output of a command; raises when it fails."""
        ...


@dataclass
class DemoRunner:
    """Play steps one after the other on a running service."""

    commands: Commands
    dispatch: Mapping[str, DispatchClient]
    """By the name of the source."""
    book: AddressBook
    arrivals: Arrivals
    phones: Phones
    say: Callable[[str], None]
    show: Callable[[list[str]], None]
    rows: list[dict[str, str]] = field(default_factory=list)
    """One for each alert told, by COLUMNS."""
    _ids: dict[str, str] = field(default_factory=dict)
    _sources: dict[str, str] = field(default_factory=dict)
    _last_body: dict[str, Any] = field(default_factory=dict)

    def play(self, step: Step) -> None:
        """Play one step. Raises DemoFailed, ProcessError."""
        if isinstance(step, Command):
            self.run(step)
        elif isinstance(step, Push):
            self._play_push(step)
        elif isinstance(step, Silence):
            self._play_silence(step)
        else:
            self._play_reply(step)

    def run(self, command: Command) -> None:
        """Run a command, check what it prints and whom it has told. Raises DemoFailed."""
        if not command.label:
            self.say(command.as_typed)
        printed = self.commands.require(*command.arguments).rstrip()
        faults = wrong_words(printed, command)
        _require(not faults, f"{command.as_typed} : " + " ; ".join(faults))
        lines = printed.splitlines()
        if command.label:
            self.say(f"{command.label} : {lines[-1]}")
        else:
            for line in _brief(lines, command) if command.is_brief else lines:
                self.show(_indented(line))
        if command.told:
            self._receive(command.as_typed, self.book.expected(command.told))

    def _play_push(self, push: Push) -> None:
        answer = self._push(push)
        if push.state is None:
            self.say(f"Refusé : {_refusal_text(answer)}")
            self._receive(push.reference, [])
            return
        if push.repeats:
            _require(answer.id == self._ids[push.reference], "un renvoi a reçu un autre numéro")
            self._receive(push.reference, [])
            return
        self._ids[push.reference] = answer.id
        self._sources[push.reference] = push.source.name
        status = self._wait(
            push.reference, lambda now: now["state"] == push.state, f"« {push.state} »"
        )
        if push.decide:
            status = self._decide(push, status)
        expected = self.book.expected(push.told)
        self._receive(push.reference, expected, push.source.duty_phone)
        status = self._wait(
            push.reference, lambda now: _all_arrived(now, expected), "un accusé de réception"
        )
        self._explain(status)
        self._count(push, status)

    def _push(self, push: Push) -> ApiResponse:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        body: dict[str, Any] = {
            "reference": push.reference,
            "occurred_at": now,
            "exercise": False,
            **push.body,
        }
        # The very same content, or else it would be another one under the same number: 409.
        body = self._last_body if push.repeats else body
        self._last_body = body
        began = time.monotonic()
        answer = self._dispatch(push).push(body)
        took = round((time.monotonic() - began) * 1000)
        self.say(f"POST {push.reference} : réponse {answer.code} en {took} ms")
        _require(
            answer.code == push.answer,
            f"réponse {answer.code} au lieu de {push.answer} : {_refusal_text(answer)}",
        )
        return answer

    def _dispatch(self, push: Push) -> DispatchClient:
        return self.dispatch[push.source.name]

    def _decide(self, push: Push, status: dict[str, Any]) -> dict[str, Any]:
        """Decide the commune: nobody is told of a contradiction until a person has."""
        for clue in status["clues"]:
            self.say(f"  indice {clue['kind']} « {clue['given']} » : {clue['says']}")
        self._receive(push.reference, [])
        command = ("review", push.reference, "--commune", str(push.decide))
        self.say(f"Une personne tranche : notifier {' '.join(command)}")
        self.commands.require(*command)
        return self._wait(push.reference, lambda now: now["state"] == "decided", "la décision")

    def _play_silence(self, step: Silence) -> None:
        """Let the wait for an answer end; the telephone rings, and nobody presses a key."""
        self.say("Les minutes où une réponse est attendue passent (l’horloge est avancée).")
        number = self._number(step.called)
        known = self.phones.count_calls(number)
        self.commands.require("shell", "-v", "0", "-c", _WAIT_IS_OVER.format(step.reference))
        heard = self.phones.ring_out(number, known, SECONDS_FOR_ONE_STEP)
        self.say(f"Le téléphone sonne : {format_phone(number)}. On y entend, deux fois :")
        self.show(frame("Appel vocal", heard))
        self.say("Personne n’appuie sur une touche ; un répondeur ne le ferait pas non plus.")
        self._receive(step.reference, self.book.expected(step.told))

    def _play_reply(self, step: Reply) -> None:
        """Open a link, press a button; see what dispatch reads of it, and who learns it."""
        number = self._number(step.reader)
        page = self.phones.open_link(number)
        self.show(frame(f"Page ouverte par {format_phone(number)}", page.text))
        opened = self._status(step.reference)
        _require(not _replies(opened, step.kind), "ouvrir le lien a valu réponse")
        began = time.monotonic()
        self.phones.press(page, step.kind)
        status = self._wait(
            step.reference,
            lambda now: bool(_replies(now, step.kind)) and now["state"] == step.state,
            "la réponse",
        )
        took = round((time.monotonic() - began) * 1000)
        for reply in _replies(status, step.kind):
            self.say(f"Le centre d’opérations lit en {took} ms : {reply['by']}, {reply['label']}")
        self._receive(step.reference, self.book.expected(step.told))

    def _number(self, reader: Reader) -> str:
        return next(a.address for a in self.book.expected([reader]) if a.channel == "sms")

    def _receive(self, what: str, expected: list[Address], phone: str = "") -> None:
        """Wait for what must come; fail on anything else, and on wrong words."""
        try:
            self.arrivals.wait(expected, SECONDS_FOR_ONE_STEP)
        except TimeoutError as error:
            texts, mails = self.arrivals.take()
            faults = find_differences(expected, texts, mails) or [str(error)]
            raise DemoFailed(f"{what} : " + " ; ".join(faults)) from None
        texts, mails = self.arrivals.take()
        wanted = [replace(one, says=(*one.says, phone)) for one in expected] if phone else expected
        faults = find_differences(expected, texts, mails)
        faults += find_wrong_words(wanted, texts, mails)
        _require(not faults, f"{what} : " + " ; ".join(faults))
        self.show(format_as_read(expected, texts, mails))

    def _status(self, reference: str) -> dict[str, Any]:
        dispatch = self.dispatch[self._sources[reference]]
        answer = dispatch.status(self._ids[reference])
        _require(answer.code == 200, f"état illisible : réponse {answer.code}")
        status: dict[str, Any] = answer.body
        return status

    def _wait(
        self, reference: str, done: Callable[[dict[str, Any]], bool], what: str
    ) -> dict[str, Any]:
        deadline = time.monotonic() + SECONDS_FOR_ONE_STEP
        while True:
            status = self._status(reference)
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

    def _count(self, push: Push, status: dict[str, Any]) -> None:
        received = datetime.fromisoformat(status["received_at"])
        for alert in status["alerts"]:
            current = [m for m in alert["messages"] if m["revision"] == alert["revision"]]
            messages = [m for m in current if "known_by" not in m and m["state"] != "held"]
            accepted = [m["accepted_at"] for m in messages if m["accepted_at"]]
            ended = [m["ended_at"] for m in messages if m["ended_at"]]
            cells = (
                push.reference,
                alert["commune"]["name"],
                shorten(
                    alert.get("organisation", alert["commune"])["name"], _NAME, placeholder="…"
                ),
                NATURES[alert["kind"]],
                _told_in_french(len(messages), current),
                _elapsed_ms(received, accepted),
                _elapsed_ms(received, ended),
            )
            self.rows.append(dict(zip(COLUMNS, cells, strict=True)))
        if not status["alerts"]:
            nobody = {"Référence": push.reference, "Prévenus": "personne"}
            self.rows.append(dict.fromkeys(COLUMNS, "—") | nobody)


def _replies(status: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    """Return the answers of this kind that dispatch reads."""
    return [a for alert in status["alerts"] for a in alert["answers"] if a["kind"] == kind]


def _told_in_french(sent: int, messages: Sequence[Mapping[str, Any]]) -> str:
    """Say how many texts were sent, or why none was."""
    if sent:
        return f"{sent} message{'s' if sent > 1 else ''}"
    return "en attente" if any(m["state"] == "held" for m in messages) else "déjà prévenu"


def _brief(lines: Sequence[str], command: Command) -> list[str]:
    """Return the lines that hold what is awaited."""
    return [line for line in lines if any(word in line for word in command.says)]


def _indented(line: str) -> list[str]:
    margin = " " * _INDENT
    inner = len(line) - len(line.lstrip())
    return wrap(margin + line, _INDENT + inner + 2)


def _all_arrived(status: dict[str, Any], expected: list[Address]) -> bool:
    messages = [message for alert in status["alerts"] for message in alert["messages"]]
    # What waits for a person to relay it has nowhere to arrive yet.
    sent = [message for message in messages if message["state"] != "held"]
    arrived = [message for message in sent if message["state"] in ARRIVED[message["channel"]]]
    # An incident shows all that its organisations were told, also before this push.
    return len(arrived) == len(sent) >= len(expected)


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
