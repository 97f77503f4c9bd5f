"""Whether workers and beat run is seen in the database, and said by `/readyz`."""

import json
import time
import urllib.error
import urllib.request
from datetime import timedelta

import pytest

from notifier.jobs.heartbeat import (
    BEAT,
    DELETE_AFTER,
    MISSING_AFTER,
    WORKER,
    HeartbeatThread,
    is_beat_running,
    seconds_since_heartbeat,
    unserved_queues,
)
from notifier.jobs.models import Heartbeat
from tests.harness.heartbeats import all_running, running
from tests.harness.live import Live


def _ready(live: Live) -> tuple[int, dict[str, object]]:
    try:
        with urllib.request.urlopen(f"{live.service.url}/readyz", timeout=30) as answer:  # noqa: S310  # our own address
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def _wait_until_ready(live: Live) -> None:
    deadline = time.monotonic() + 60
    while _ready(live)[0] != 200:
        assert time.monotonic() < deadline, _ready(live)
        time.sleep(0.05)


def _wait_until_unready(live: Live) -> tuple[int, dict[str, object]]:
    deadline = time.monotonic() + 2 * MISSING_AFTER.total_seconds()
    while (answer := _ready(live))[0] == 200:
        assert time.monotonic() < deadline, answer
        time.sleep(0.05)
    return answer


@pytest.mark.one_database(reason="a process that stopped is the subject")
def test_stopped_workers_are_named_although_nothing_waits(live: Live) -> None:
    service = live.service
    _wait_until_ready(live)
    service.stop_worker()
    try:
        # One that another test has killed may still seem to run.
        code, said = _wait_until_unready(live)
    finally:
        service.start_worker()
    assert code == 503
    assert said["worker"] == "no worker runs for: urgent, routine, upkeep"
    assert (said["beat"], said["oldest_due_s"]) == ("ok", 0)
    _wait_until_ready(live)


@pytest.mark.one_database(reason="a process that stopped is the subject")
def test_a_stopped_beat_is_named(live: Live) -> None:
    service = live.service
    _wait_until_ready(live)
    service.beat.end()
    try:
        code, said = _wait_until_unready(live)
    finally:
        service.start_beat()
    assert code == 503
    assert (said["beat"], said["worker"]) == ("not running", "ok")
    _wait_until_ready(live)


@pytest.mark.django_db
def test_each_queue_needs_a_worker_that_runs() -> None:
    assert unserved_queues() == ["urgent", "routine", "upkeep"]
    running(WORKER, "urgent", process="a")
    assert unserved_queues() == ["routine", "upkeep"]
    running(WORKER, "routine", "upkeep", process="b", ago=MISSING_AFTER + timedelta(seconds=1))
    assert unserved_queues() == ["routine", "upkeep"]
    running(WORKER, "routine", "upkeep", process="c", ago=MISSING_AFTER / 2)
    assert unserved_queues() == []


@pytest.mark.django_db
def test_beat_is_no_worker() -> None:
    running(BEAT, process="a", ago=MISSING_AFTER + timedelta(seconds=1))
    assert not is_beat_running()
    assert seconds_since_heartbeat(BEAT) == pytest.approx(21, abs=5)
    assert seconds_since_heartbeat(WORKER) is None
    running(BEAT, process="b")
    assert is_beat_running()


def test_a_heartbeat_writes_one_row_and_takes_it_away(real_commits: None) -> None:
    all_running()
    running(WORKER, process="killed yesterday", ago=DELETE_AFTER + timedelta(minutes=1))
    heartbeat = HeartbeatThread(WORKER, ["urgent"])
    heartbeat.start()
    deadline = time.monotonic() + 30
    while not Heartbeat.objects.filter(queues=["urgent"]).exclude(process="urgent").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert not Heartbeat.objects.filter(process="killed yesterday").exists()
    heartbeat.stop()
    assert set(Heartbeat.objects.values_list("process", flat=True)) == {"urgent", "routine", "beat"}
