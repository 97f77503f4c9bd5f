"""A mayor who does not answer, and one whose commune it is not, on the real service.

The stories are those of `notifier demo --scene reponse`: whose telephone rings, who is told next,
who learns that it is taken, what dispatch reads, and that opening a link answers nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from notifier.ops.demo import replies
from notifier.ops.demo.scenario import Scene
from notifier.ops.demo.steps import DemoRunner
from tests.harness.service import Service
from tests.ops.demo import playing

STORIES = ("silent mayor", "not mine")


@pytest.fixture(scope="module")
def scene() -> Scene:
    return replies.scene()


@pytest.fixture(scope="module")
def runner(
    service: Service, scene: Scene, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DemoRunner]:
    with playing(service, scene, tmp_path_factory.mktemp("end")) as runner:
        yield runner


@pytest.mark.parametrize("story", STORIES)
def test_each_step_tells_those_whom_it_should_and_nobody_else(
    runner: DemoRunner, scene: Scene, story: str
) -> None:
    for step in scene.stories[story]:
        runner.play(step)


def test_every_story_is_told(scene: Scene) -> None:
    assert tuple(scene.stories) == STORIES


def test_nothing_comes_afterwards(runner: DemoRunner, service: Service) -> None:
    service.wait_until_idle()
    service.simulator.wait(settled=True)
    assert runner.arrivals.take() == ([], [])
