"""Enqueuing never makes anyone wait, and the last jobs are published."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from notifier.jobs import enqueue as jobs

ENQUEUE_AND_END = """
import django; django.setup()
from notifier.jobs.enqueue import enqueue
enqueue("alerting.sweep", "urgent", queue_name="urgent")
"""


@pytest.fixture
def broker_that_never_answers() -> Iterator[str]:
    """Takes connections and says nothing, like a frozen one."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def enqueue_and_end(broker_url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", ENQUEUE_AND_END],
        env={**os.environ, "BROKER_URL": broker_url},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("broker", ["absent", "frozen"])
def test_a_process_ends_though_the_broker_does_not_answer(
    broker: str, broker_that_never_answers: str
) -> None:
    url = "redis://127.0.0.1:1/0" if broker == "absent" else broker_that_never_answers
    assert enqueue_and_end(url).returncode == 0


def test_more_jobs_than_can_wait_are_dropped_without_a_word_to_the_caller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jobs, "_start_publisher", lambda: None)
    monkeypatch.setattr(jobs, "_pending", jobs.queue.Queue(2))
    for _ in range(5):
        jobs.enqueue("alerting.sweep", "urgent", queue_name="urgent")
    assert jobs._pending.qsize() == 2
