"""Programs killed: the web server in mid-request, workers around the provider's call, the clock."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.chaos.fault import Fault
from tests.chaos.stage import Scene

SECONDS = 30.0


def kill_web(scene: Scene) -> None:
    """Wherever it just is; systemd starts it again."""
    scene.service.kill_web()
    scene.stage.systemd_pause()
    scene.service.start_web()


def kill_workers(scene: Scene) -> None:
    """Wherever they just are; systemd starts them again."""
    scene.service.kill_worker()
    scene.stage.systemd_pause()
    scene.service.start_worker()


def web_waiting_to_store(scene: Scene) -> None:
    """With a request that waits for its turn to be written."""
    with scene.stage.ledger.writers_held_up("intake_report"):
        scene.stream.wait_for_one_in_flight()
        scene.stage.ledger.wait_for_one_held_up()
        scene.service.kill_web()
    scene.stage.systemd_pause()
    scene.service.start_web()


def web_in_mid_request(scene: Scene) -> None:
    """Once with a request that waits to be stored, once wherever the requests just are."""
    scene.moment(0.1, 0.3)
    web_waiting_to_store(scene)
    scene.moment(0.5, 0.8)
    kill_web(scene)


def worker_before_the_call(scene: Scene) -> None:
    """While a decision or a claim waits for its turn to be written: nothing is sent yet."""
    scene.moment(0.2, 0.6)
    with scene.stage.ledger.writers_held_up("delivery_message"):
        scene.stage.ledger.wait_for_one_held_up()
        scene.service.kill_worker()
    scene.stage.systemd_pause()
    scene.service.start_worker()


def worker_during_the_call(scene: Scene) -> None:
    """The provider has the request and has accepted nothing yet; it will, two seconds later."""
    scene.moment(0.2, 0.6)
    before = scene.simulator.requests()
    scene.simulator.fault("slow", seconds=4, times=2)
    _until(lambda: scene.simulator.requests() > before)
    kill_workers(scene)


def worker_after_the_call(scene: Scene) -> None:
    """The provider has accepted, and its answer is still on the way; one receipt never comes."""
    scene.moment(0.2, 0.6)
    scene.simulator.fault("no_callback", times=1)
    scene.simulator.fault("accept_then_timeout", seconds=8, times=2)
    _until(lambda: any(sms["answered"] is None for sms in scene.simulator.messages()))
    kill_workers(scene)


def worker_in_a_mail(scene: Scene) -> None:
    """The mail server has kept the mail, and its 250 is still on the way."""
    scene.moment(0.2, 0.6)
    before = len(scene.simulator.mails())
    scene.simulator.fault("smtp_slow", seconds=8, times=2)
    scene.simulator.wait(mails=before + 1, timeout=SECONDS)
    kill_workers(scene)


def worker_at_random(scene: Scene) -> None:
    """Three times, wherever the workers just are."""
    for after, before in ((0.1, 0.3), (0.4, 0.6), (0.7, 0.9)):
        scene.moment(after, before)
        kill_workers(scene)


def beat(scene: Scene) -> None:
    """No sweep for a third of the stream, in which the provider also fails for a moment."""
    scene.moment(0.1, 0.3)
    scene.service.kill_beat()
    scene.simulator.fault("answer_429", times=4)
    scene.moment(0.6, 0.8)
    scene.service.start_beat()


def _until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.01)


FAULTS = [
    Fault("web-killed", web_in_mid_request),
    Fault("worker-killed-before", worker_before_the_call),
    Fault("worker-killed-during", worker_during_the_call),
    Fault("worker-killed-after", worker_after_the_call),
    Fault("worker-killed-in-mail", worker_in_a_mail),
    Fault("worker-killed-anywhere", worker_at_random, lasts_s=20),
    Fault("beat-killed", beat),
]
