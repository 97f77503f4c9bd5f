"""The provider of texts fails, is late, or cuts the line; and its receipts go astray."""

from __future__ import annotations

from collections.abc import Callable

from tests.chaos.fault import Fault
from tests.chaos.stage import Scene

DOWN_S = 120.0
# An answer later than any client waits for it.
LATE_S = 20.0
SOME = 12


def _striking(kind: str, **how: float) -> Callable[[Scene], None]:
    """The next texts of the stream meet the fault."""

    def strike(scene: Scene) -> None:
        scene.moment(0.1, 0.4)
        scene.simulator.fault(kind, **how)  # type: ignore[arg-type] # counts are written as ints

    return strike


def _throughout(kind: str, **how: float) -> Callable[[Scene], None]:
    """Every text of the stream meets the fault."""

    def prepare(scene: Scene) -> None:
        scene.simulator.fault(kind, **how)  # type: ignore[arg-type] # as above

    return prepare


def _nothing_more(_scene: Scene) -> None:
    """It was set before the stream began."""


def accepts_and_is_mute(scene: Scene) -> None:
    """It accepts, says 500, says 500 again when it is asked what it has, and sends no receipt."""
    scene.moment(0.1, 0.4)
    scene.simulator.fault("no_callback", times=SOME)
    scene.simulator.fault("lookup_500", times=6)
    scene.simulator.fault("answer_500_after_accept", times=SOME)


def accepts_and_cuts(scene: Scene) -> None:
    """It accepts, then drops the line without an answer; of half of these no receipt comes."""
    scene.moment(0.1, 0.4)
    scene.simulator.fault("no_callback", times=SOME // 2)
    scene.simulator.fault("accept_then_cut", times=SOME)


FAULTS = [
    Fault("provider-refuses", _striking("down", seconds=8.0)),
    Fault("provider-cuts-unread", _striking("refuse", times=SOME)),
    Fault("provider-429", _striking("answer_429", times=SOME, retry_after=3)),
    Fault("provider-500", _striking("answer_500", times=SOME)),
    Fault("provider-500-accepted", accepts_and_is_mute),
    Fault("provider-late", _striking("slow", seconds=LATE_S, times=SOME), lasts_s=15),
    Fault("provider-accepts-late", _striking("accept_then_timeout", seconds=LATE_S, times=SOME)),
    Fault("provider-accepts-cuts", accepts_and_cuts),
    Fault("provider-down", _striking("down", seconds=DOWN_S), lasts_s=60, rests_s=400),
    Fault("receipts-slow", _nothing_more, _throughout("callback_delay", seconds=10.0)),
    Fault("receipts-none", _nothing_more, _throughout("no_callback")),
    Fault("receipts-early", _nothing_more, _throughout("callback_early")),
    Fault("receipts-twice", _nothing_more, _throughout("callback_twice")),
    Fault("receipts-disordered", _nothing_more, _throughout("callback_out_of_order")),
    Fault("receipts-forged", _nothing_more, _throughout("callback_forged")),
]
