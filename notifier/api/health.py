"""Health for monitoring: alive, ready, metrics. No personal data in any of them."""

from shutil import disk_usage
from typing import Any

import redis
from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from notifier.alerting.canary.runs import find_outage, is_on
from notifier.alerting.throttling.fan_out import active_source_names
from notifier.alerting.throttling.pause import paused_names
from notifier.api.metrics import (
    SnapshotCollector,
    caps_reached,
    hard_caps_reached,
    oldest_due_s,
    oldest_undecided_s,
    reviews_waiting,
    take_snapshot,
    texts_paused,
)
from notifier.delivery.sending.blocked import blocked_channels, oldest_unsent_s
from notifier.jobs.broker import broker_client
from notifier.jobs.heartbeat import is_beat_running, unserved_queues

# Work that is due for longer means that no worker is at it.
MAX_WAIT_S = 60.0
BROKER_TIMEOUT_S = 1.0
MIN_FREE_BYTES = 50 * 1024 * 1024
# Of a part that nobody has set up.
OFF = "off"
REQUIRED = ("disk", "database", "broker", "worker", "beat", "providers", "canary")


def healthz(_request: HttpRequest) -> HttpResponse:
    """Answer 200: the web process is alive."""
    return HttpResponse("ok", content_type="text/plain")


def readyz(_request: HttpRequest) -> JsonResponse:
    """Answer 200 when disk, database, broker, processes and providers are well, else 503.

    The body says what is wrong.
    """
    parts: dict[str, Any] = {"disk": _disk(), "database": _database(), "broker": _broker()}
    if parts["database"] == "ok":
        parts["oldest_due_s"] = round(oldest_due_s(), 1)
        parts["oldest_unsent_s"] = round(oldest_unsent_s(), 1)
        parts["oldest_undecided_s"] = round(oldest_undecided_s(), 1)
        # For people to see: a doubt does not make the service unfit to take the next push.
        parts["reviews_waiting"] = reviews_waiting()
        parts["sms_caps_reached"] = caps_reached()
        parts["hard_caps_reached"] = hard_caps_reached()
        parts["urgent_fan_outs"] = active_source_names()
        parts["paused"] = paused_names()
        parts["texts_paused"] = texts_paused() if parts["paused"] else 0
        parts["worker"] = _worker(parts["oldest_due_s"], parts["oldest_undecided_s"])
        parts["beat"] = "ok" if is_beat_running() else "not running"
        parts["providers"] = _providers()
        parts["canary"] = _canary()
    is_ready = all(parts.get(name) in ("ok", OFF) for name in REQUIRED)
    return JsonResponse({"ready": is_ready, **parts}, status=200 if is_ready else 503)


def metrics(_request: HttpRequest) -> HttpResponse:
    """Answer in Prometheus' text format, from the database: the same from every process."""
    try:
        snapshot = take_snapshot()
    except Error as error:
        reason = f"database unreachable ({type(error).__name__})\n"
        return HttpResponse(reason, status=503, content_type="text/plain")
    registry = CollectorRegistry()
    registry.register(SnapshotCollector(snapshot))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _worker(oldest_due: float, oldest_undecided: float) -> str:
    if unserved := unserved_queues():
        return f"no worker runs for: {', '.join(unserved)}"
    if oldest_due > MAX_WAIT_S:
        return "messages are due and nobody sends them"
    if oldest_undecided > MAX_WAIT_S:
        return "interventions wait and nobody decides them"
    return "ok"


def _providers() -> str:
    blocked = blocked_channels()
    said = [f"{channel}: nothing leaves since {age:.0f} s" for channel, age in blocked.items()]
    return "; ".join(sorted(said)) or "ok"


def _canary() -> str:
    """Say whether end-to-end tests come back: without a test number there are none."""
    return str(find_outage() or "ok") if is_on() else OFF


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        return f"unreachable ({type(error).__name__})"
    return "ok"


def _broker() -> str:
    try:
        with broker_client(BROKER_TIMEOUT_S) as client:
            client.ping()
    except redis.ResponseError as error:
        # It answers, and cannot work: MISCONF where its own disk is full.
        return f"refuses ({error})"
    except redis.RedisError as error:
        return f"unreachable ({type(error).__name__})"
    return "ok"


def _disk() -> str:
    folder = settings.ENVIRONMENT.DATA_DIR
    if not folder.exists():
        return "ok"
    free = disk_usage(folder).free
    return "ok" if free >= MIN_FREE_BYTES else f"full ({free // 2**20} MB left for DATA_DIR)"
