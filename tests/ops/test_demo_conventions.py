"""Territories and conventions on the real service, by the commands that an operator types.

The stories are those of `notifier demo --scene conventions`: each says who is told, on which
channel, in which words, and that nobody else is.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from notifier.ops.demo import conventions
from notifier.ops.demo.scenario import Scene
from notifier.ops.demo.steps import DemoRunner
from tests.harness.service import Service
from tests.ops.demo import playing

STORIES = (
    "enlargement", "natural zone", "estate", "school", "quarter", "absence", "rota", "three hats",
    "elected official",
)  # fmt: skip


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return conventions.scene(tmp_path_factory.mktemp("scene"), datetime.now(UTC))


@pytest.fixture(scope="module")
def runner(
    service: Service, scene: Scene, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DemoRunner]:
    with playing(service, scene, tmp_path_factory.mktemp("end")) as runner:
        yield runner


@pytest.mark.parametrize("story", STORIES)
def test_those_are_told_whom_law_and_conventions_name_and_nobody_else(
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
