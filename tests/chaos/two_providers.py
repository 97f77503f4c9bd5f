"""Two providers of texts: the one in use fails in each way, and nobody is told by both."""

from __future__ import annotations

from collections.abc import Callable

from tests.chaos.fault import Fault
from tests.chaos.processes import kill_workers
from tests.chaos.stage import DEPARTEMENT, Scene

SOME = 12
# An answer later than any client waits for it.
LATE_S = 20.0
Strike = Callable[[Scene], None]


def _ordered(order: str) -> Strike:
    def order_them(scene: Scene) -> None:
        command = ("source", "set", f"CORG {DEPARTEMENT}", "--sms-providers", order)
        done = scene.service.run(*command)
        assert done.returncode == 0, done.stderr

    return order_them


def first_down(scene: Scene) -> None:
    """The first refuses every connection for half of the stream, and is back."""
    scene.moment(0.1, 0.3)
    scene.simulator.fault("down", seconds=5.0)
    scene.moment(0.8, 0.9)


def first_late(scene: Scene) -> None:
    """The first answers nobody in time; of half of these texts it has nothing."""
    scene.moment(0.1, 0.3)
    scene.simulator.fault("slow", provider="twilio", seconds=LATE_S, times=SOME // 2)
    scene.simulator.fault("accept_then_timeout", provider="twilio", seconds=LATE_S, times=SOME // 2)


def first_mute(scene: Scene) -> None:
    """It takes texts, cuts the line, brings no receipt, and then is gone for a while."""
    scene.moment(0.1, 0.3)
    scene.simulator.fault("no_callback", provider="twilio", times=SOME)
    scene.simulator.fault("accept_then_cut", provider="twilio", times=SOME)
    scene.moment(0.5, 0.7)
    scene.simulator.fault("down", seconds=10.0)


def in_turns(scene: Scene) -> None:
    """Now the one is down, now the other, and workers are killed while texts change hands."""
    scene.moment(0.1, 0.2)
    scene.simulator.fault("down", seconds=4.0)
    scene.moment(0.4, 0.5)
    kill_workers(scene)
    scene.simulator.fault("ovh_down", seconds=4.0)
    scene.moment(0.7, 0.8)
    scene.simulator.fault("down", seconds=3.0)


def second_fails_as_well(scene: Scene) -> None:
    """The first is down, and the second says 500, takes and cuts, and forgets receipts."""
    scene.moment(0.1, 0.2)
    scene.simulator.fault("down", seconds=8.0)
    scene.simulator.fault("no_callback", provider="ovh", times=SOME // 2)
    for kind in ("answer_500", "answer_500_after_accept", "accept_then_cut", "answer_429"):
        scene.simulator.fault(kind, provider="ovh", times=scene.random.randint(1, 4))


def ovhcloud_alone(scene: Scene) -> None:
    """It takes and cuts, says 500, brings receipts early and twice, and has no credit a moment."""
    scene.moment(0.1, 0.2)
    for kind in ("callback_early", "callback_twice", "callback_out_of_order"):
        scene.simulator.fault(kind, provider="ovh", times=scene.random.randint(1, 4))
    for kind in ("accept_then_cut", "answer_500", "accept_then_null", "ovh_no_credit"):
        scene.simulator.fault(kind, provider="ovh", times=scene.random.randint(1, 4))
    scene.moment(0.5, 0.6)
    scene.simulator.fault("callback_forged", provider="ovh", times=2)
    kill_workers(scene)


def _fault(name: str, strike: Strike, order: str = "twilio,ovh") -> Fault:
    return Fault(name, strike, prepare=_ordered(order), repair=_ordered("aucun"), rests_s=240)


FAULTS = [
    _fault("two-first-down", first_down),
    _fault("two-first-late", first_late),
    _fault("two-first-mute", first_mute),
    _fault("two-in-turns", in_turns),
    _fault("two-both-fail", second_fails_as_well),
    _fault("ovh-alone", ovhcloud_alone, order="ovh"),
]
