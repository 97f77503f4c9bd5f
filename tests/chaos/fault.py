"""What a fault is, and one fault's run: the stream, the strike, the rest, the judgement."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import psycopg

from tests.chaos.judgement import Verdict, judge
from tests.chaos.stage import RESTART_S, Scene, Stage
from tests.chaos.stream import Stream, write_stories

BOTH = ("postgresql", "sqlite")
# A receipt that found nobody does not come again; the service asks for it after two minutes.
UNTIL_ASKED_S = 170.0
# Open states, and those of reports, that time alone will still change.
OPEN = ("pending", "sending", "unknown")


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong while pushes stream in.

    `strike` runs beside the stream and returns when the fault is over. `rests_s` is how long the
    service may take afterwards until nothing is open; `lasts_s` is the stream's length.
    """

    name: str
    strike: Callable[[Scene], None]
    prepare: Callable[[Scene], None] = lambda _scene: None
    repair: Callable[[Scene], None] = lambda _scene: None
    lasts_s: float = 8.0
    rests_s: float = UNTIL_ASKED_S
    also_judge: Callable[[Scene, Verdict], None] = lambda _scene, _verdict: None
    databases: tuple[str, ...] = BOTH
    unsuited: Callable[[Stage], str] = lambda _stage: ""
    """Why it cannot be played here; empty when it can."""


def play(fault: Fault, stage: Stage, tag: str, events: int, seed: str) -> tuple[Verdict, list[str]]:
    """Play one fault to its end; the verdict, and notes on what happened on the way."""
    random = Random(f"{seed} {fault.name}")  # noqa: S311 - repeatable, not secret
    stories = write_stories(tag, stage.people, events, fault.lasts_s, random)
    scene = Scene(stage, Stream(stage.dispatch, stories), random, [])
    fault.prepare(scene)
    scene.stream.begin()
    fault.strike(scene)
    scene.stream.finish()
    _rest(scene, tag, fault.rests_s)
    verdict = judge(tag, stories, stage.simulator, stage.ledger)
    fault.also_judge(scene, verdict)
    verdict.unexplained += scene.wrong
    stage.simulator.clear_faults()
    fault.repair(scene)
    return verdict, scene.notes


def _rest(scene: Scene, tag: str, seconds: float) -> None:
    """Return when nothing is open any more, or after so many seconds; the judge says what is."""
    deadline = time.monotonic() + seconds
    revive_at = time.monotonic() + RESTART_S
    while time.monotonic() < deadline:
        if time.monotonic() > revive_at:
            scene.notes += [f"ended by itself: {words}" for words in scene.service.revive()]
            revive_at += RESTART_S
        if _is_at_rest(scene.stage, tag):
            break
        time.sleep(0.2)


def _is_at_rest(stage: Stage, tag: str) -> bool:
    """Nothing is open, and of no text does the provider know more than was recorded."""
    try:
        undecided = "received" in stage.ledger.reports(tag).values()
        messages = stage.ledger.messages(tag)
        stage.simulator.wait(settled=True, timeout=0.1)
    except (sqlite3.Error, psycopg.Error, TimeoutError):
        return False
    delivered = {sms["sid"] for sms in stage.simulator.messages() if sms["status"] == "delivered"}
    return not undecided and not any(
        row.state in OPEN or (row.state == "accepted" and row.provider_id in delivered)
        for row in messages
    )
