"""What the service stands on gives way: the broker, PostgreSQL, the disk."""

from __future__ import annotations

import time

from tests.chaos.fault import Fault
from tests.chaos.stage import Scene, Stage

FROZEN_S = 30.0
FULL_S = 6.0
BALLAST = "ballast"


def broker_lost(scene: Scene) -> None:
    """Killed; what it held is gone; empty again after systemd's pause."""
    scene.moment(0.2, 0.5)
    scene.service.lose_broker()
    scene.stage.systemd_pause()
    scene.service.start_broker()


def broker_frozen(scene: Scene) -> None:
    """It takes connections and answers nothing, half a minute long."""
    scene.moment(0.1, 0.3)
    scene.service.freeze_broker()
    time.sleep(FROZEN_S)
    scene.service.start_broker()


def postgres_restarted(scene: Scene) -> None:
    """As for an update of the system."""
    scene.moment(0.2, 0.6)
    assert scene.stage.postgres is not None
    scene.stage.postgres.restart()


def postgres_crashed(scene: Scene) -> None:
    """Without a checkpoint: it recovers from its log."""
    scene.moment(0.2, 0.6)
    assert scene.stage.postgres is not None
    scene.stage.postgres.restart(crash=True)


def postgres_cuts(scene: Scene) -> None:
    """Every connection is closed, three times."""
    assert scene.stage.postgres is not None
    for after, before in ((0.1, 0.3), (0.4, 0.6), (0.7, 0.9)):
        scene.moment(after, before)
        scene.stage.postgres.cut_connections()


def disk_full(scene: Scene) -> None:
    """Not one block left, for the database as for the broker's file; then room again."""
    scene.moment(0.2, 0.5)
    assert scene.stage.disk is not None
    ballast = scene.stage.disk / BALLAST
    with ballast.open("wb", buffering=0) as file:
        deadline = time.monotonic() + FULL_S
        while time.monotonic() < deadline:
            _fill(file.fileno())
            time.sleep(0.05)
    ballast.unlink()


def _fill(descriptor: int) -> None:
    import os

    block = bytes(1 << 20)
    while block:
        try:
            os.write(descriptor, block)
        except OSError:
            block = block[: len(block) // 2]


def _no_disk_of_its_own(stage: Stage) -> str:
    return "" if stage.disk else "this user may not mount a small file system"


FAULTS = [
    Fault("broker-lost", broker_lost),
    Fault("broker-frozen", broker_frozen, lasts_s=40),
    Fault("postgres-restarted", postgres_restarted, databases=("postgresql",)),
    Fault("postgres-crashed", postgres_crashed, databases=("postgresql",)),
    Fault("postgres-cuts", postgres_cuts, databases=("postgresql",)),
    Fault("disk-full", disk_full, databases=("sqlite",), lasts_s=12, unsuited=_no_disk_of_its_own),
]
