"""Several faults in one stream, in a seeded order and at seeded moments."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.chaos.fault import Fault
from tests.chaos.processes import kill_web, kill_workers, web_waiting_to_store
from tests.chaos.stage import Scene

Strike = Callable[[Scene], None]


def _beat(scene: Scene) -> None:
    scene.service.kill_beat()
    scene.stage.systemd_pause()
    scene.service.start_beat()


def _broker(scene: Scene) -> None:
    scene.service.lose_broker()
    scene.stage.systemd_pause()
    scene.service.start_broker()


def _database(scene: Scene) -> None:
    if scene.stage.postgres is not None:
        scene.stage.postgres.cut_connections()


def _provider(scene: Scene) -> None:
    for kind in ("answer_429", "answer_500", "answer_500_after_accept", "accept_then_cut"):
        scene.simulator.fault(kind, times=scene.random.randint(1, 3))


def _provider_down(scene: Scene) -> None:
    scene.simulator.fault("down", seconds=4.0)


def _receipts(scene: Scene) -> None:
    for kind in ("callback_early", "callback_twice", "callback_out_of_order"):
        scene.simulator.fault(kind, times=scene.random.randint(1, 6))


def _mail(scene: Scene) -> None:
    for kind in ("smtp_451", "smtp_451_data", "smtp_cut_after_data"):
        scene.simulator.fault(kind, times=scene.random.randint(1, 3))


def _mixing(strikes: Sequence[Strike]) -> Strike:
    """Each of these once, in a seeded order, the moments spread over the stream."""

    def strike(scene: Scene) -> None:
        order = scene.random.sample(list(strikes), len(strikes))
        for place, one in enumerate(order):
            scene.moment(place / len(order), (place + 0.9) / len(order))
            one(scene)

    return strike


ALL = (
    kill_web,
    kill_workers,
    _beat,
    _broker,
    _database,
    _provider,
    _provider_down,
    _receipts,
    _mail,
)
# Nothing that is only over after a lease of 30 s, or two minutes without a receipt: it has to fit
# into every run of CI.
QUICK = (_broker, _beat, _receipts, _mail)


def _short(scene: Scene) -> None:
    web_waiting_to_store(scene)
    _provider(scene)
    _mixing(QUICK)(scene)


MIXED = Fault("mixed", _mixing((*ALL, *ALL)), lasts_s=40)
SHORT = Fault("short", _short, lasts_s=8)
FAULTS = [MIXED]
