"""The service's wall clock steps back, as when a clock that ran ahead is set right.

Web, workers and beat are started with a small library before libc that moves their real time (and
no other clock); the provider, the broker and PostgreSQL keep the true time.
"""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos.fault import Fault
from tests.chaos.stage import Scene, Stage

SOURCE = Path(__file__).with_name("clock.c")
# More than a worker's lease, and than what two machines' clocks usually differ by.
AHEAD_S = 90
SOME = 6


def clock_ahead(scene: Scene) -> None:
    """The service's programs anew, with a clock that runs ahead."""
    library = scene.service.folder / "clock.so"
    build = ["gcc", "-O2", "-shared", "-fPIC", "-o", str(library), str(SOURCE)]
    subprocess.run(build, check=True, capture_output=True)
    _set_clock(scene, AHEAD_S)
    scene.service.start_anew(LD_PRELOAD=str(library), CHAOS_CLOCK=str(_file(scene)))


def set_right(scene: Scene) -> None:
    """The step back, while the fate of some texts is unknown and no receipt will tell it."""
    scene.moment(0.2, 0.4)
    assert _is_ahead(scene), "the service's clock was not moved"
    scene.simulator.fault("no_callback", times=SOME)
    scene.simulator.fault("accept_then_cut", times=SOME)
    scene.moment(0.6, 0.8)
    _set_clock(scene, 0)


def true_clock(scene: Scene) -> None:
    """The service's programs anew, without the library."""
    scene.service.start_anew(LD_PRELOAD="", CHAOS_CLOCK="")


def _is_ahead(scene: Scene) -> bool:
    pushes = [push for story in scene.stream.stories for push in story.pushes]
    known = scene.stage.dispatch.status(next(str(push.id) for push in pushes if push.id))
    received_at = datetime.fromisoformat(known.body["received_at"])
    return (received_at - datetime.now(UTC)).total_seconds() > AHEAD_S / 2


def _file(scene: Scene) -> Path:
    return scene.service.folder / "clock"


def _set_clock(scene: Scene, seconds: int) -> None:
    # In place: the programs have mapped this very file.
    _file(scene).touch()
    with _file(scene).open("r+b") as file:
        file.write(seconds.to_bytes(8, "little", signed=True))


def _no_compiler(_stage: Stage) -> str:
    return "" if shutil.which("gcc") else "no gcc to build the library that moves the clock"


FAULTS = [
    Fault(
        "clock-back",
        set_right,
        clock_ahead,
        true_clock,
        rests_s=AHEAD_S + 120.0,
        unsuited=_no_compiler,
    ),
]
