"""How much of everything a run measures."""

from dataclasses import dataclass

EVENTS_A_SECOND = 5.0
CONNECTIONS = 16


@dataclass(frozen=True)
class Counts:
    """Numbers of events, unless the name says otherwise; `idle_s` is in seconds."""

    bare_calls: int = 3_000
    noop_tasks: int = 5_000
    warm_up: int = 40
    endpoint: int = 4_000
    idle_s: float = 30.0
    latency: int = 300
    answers: int = 100
    drain: int = 2_000
    end_to_end: int = 2_000
    storm: int = 10_000
    lanes_urgent: int = 150
    lanes_waiting: int = 10_000
    memory_step: int = 10_000
    memory_steps: int = 5
    history_messages: int = 1_000_000
    mayors: int = 10_000
    workers: tuple[str | None, ...] = ("urgent", "urgent", "routine")
    """The lane of each; None serves all."""


QUICK = Counts(
    bare_calls=64,
    noop_tasks=64,
    warm_up=4,
    endpoint=64,
    idle_s=2.0,
    latency=5,
    answers=5,
    drain=40,
    end_to_end=40,
    storm=80,
    lanes_urgent=5,
    lanes_waiting=60,
    memory_step=40,
    memory_steps=2,
    history_messages=3_000,
    mayors=100,
    # To start a second one takes longer than all that both would do.
    workers=(None,),
)
