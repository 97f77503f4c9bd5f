"""The mail server puts off, refuses, or cuts the line after DATA."""

from __future__ import annotations

from tests.chaos.fault import Fault
from tests.chaos.stage import Scene

SOME = 10


def put_off(scene: Scene) -> None:
    """451, of the recipient and of the mail."""
    scene.moment(0.1, 0.4)
    scene.simulator.fault("smtp_451", times=SOME)
    scene.simulator.fault("smtp_451_data", times=SOME)


def refused(scene: Scene) -> None:
    """550: these boxes do not exist. Who has no other alert is told by SMS instead."""
    for person in scene.random.sample(scene.stage.people, len(scene.stage.people) // 4):
        scene.simulator.fault("smtp_550", to=person.email)


def nothing_more(_scene: Scene) -> None:
    """It was set before the stream began."""


def cut(scene: Scene) -> None:
    """The mail is kept, the 250 never comes: the recipient sees it twice, under one Message-ID."""
    scene.moment(0.1, 0.4)
    scene.simulator.fault("smtp_cut_after_data", times=SOME)


def down(scene: Scene) -> None:
    """The server refuses connections."""
    scene.moment(0.1, 0.4)
    scene.simulator.fault("smtp_down", seconds=8.0)


FAULTS = [
    Fault("smtp-451", put_off),
    Fault("smtp-550", nothing_more, refused),
    Fault("smtp-cut-after-data", cut),
    Fault("smtp-down", down),
]
