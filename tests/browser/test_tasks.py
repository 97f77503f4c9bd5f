"""Each task by mouse and by keyboard alone, on a desk and on a phone; its steps are counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.tasks import TASKS, Task, Turn
from tests.browser.visitor import NARROW, WIDE, House, Means

WAYS: list[tuple[Means, int]] = [
    ("mouse", WIDE),
    ("keyboard", WIDE),
    ("mouse", NARROW),
    ("keyboard", NARROW),
]


@pytest.mark.parametrize("way", range(4), ids=[f"{means}-{width}" for means, width in WAYS])
@pytest.mark.parametrize("task", TASKS, ids=[task.name.replace(" ", "-") for task in TASKS])
def test_task(
    task: Task, way: int, house: House, tmp_path: Path, record_steps: dict[str, dict[str, int]]
) -> None:
    means, width = WAYS[way]
    visitor = house.visitor(task.role, width=width, means=means)
    visitor.go("/")
    task.do(visitor, Turn(way, tmp_path))
    for name, count in (visitor.parts or {task.name: len(visitor.steps)}).items():
        record_steps.setdefault(name, {})[f"{means} {width}"] = count
    assert visitor.watch.take() == []
