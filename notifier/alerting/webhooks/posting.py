"""Post what is due to the sources' software: claimed by one UPDATE, again until it is taken.

Threads of their own post, a few for each source: a centre that does not answer holds up neither the
alerts, whose workers only wake them, nor another centre. Of one incident the first attempts are
made in the order of the events; what failed is tried again later, and nothing waits for it.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from threading import Lock

import structlog
from django.db import close_old_connections, connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from notifier.alerting.models import WebhookEvent
from notifier.alerting.webhooks.edxl import edxl_json
from notifier.alerting.webhooks.events import EventType
from notifier.alerting.webhooks.request import Posted, post
from notifier.intake.access.signature import signed_with
from notifier.intake.sealing import SealBrokenError
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

log = structlog.get_logger(__name__)

# Seconds before the 2nd, 3rd, … attempt; the last repeats itself.
DELAYS_S = (5, 30, 120, 600, 3600, 10_800, 21_600)
# Events that failed together must not come back together.
JITTER = 0.2
# Afterwards dispatch has read the status, or nobody needs it any more.
GIVEN_UP_AFTER = timedelta(days=1)
# Well above all timeouts of a post: only a worker that died in the middle loses its claim.
LEASE = timedelta(seconds=60)
MAX_OF_SOURCE = 4
MAX_THREADS = 64
MAX_ERROR = 200


@dataclass
class _Queue:
    """One source in this process: how many threads post for it, and how often it was woken."""

    threads: int = 0
    wakes: int = 0


_queues: dict[int, _Queue] = defaultdict(_Queue)
_lock = Lock()


def wake(source_id: int) -> None:
    """Have threads of this process post what is due of the source; returns at once."""
    with _lock:
        queue = _queues[source_id]
        queue.wakes += 1
        if queue.threads == MAX_OF_SOURCE:
            return
        queue.threads += 1
    _posters().submit(_serve, source_id)


def wake_due() -> None:
    """Wake the threads of each source that has something due: what no job announced, retries."""
    due = _unclaimed(timezone.now()).order_by().values_list("source", flat=True)
    for source_id in due.distinct():
        wake(source_id)


def post_next(source_id: int) -> bool:
    """Claim, post and record the source's next event; return False where none is due."""
    event = _claim(source_id)
    if event is None:
        return False
    _record(event, _post(event))
    return True


def _serve(source_id: int) -> None:
    queue = _queues[source_id]
    close_old_connections()
    try:
        while True:
            with _lock:
                seen = queue.wakes
            while post_next(source_id):
                pass
            with _lock:
                # What was recorded since the last look was perhaps not seen.
                if queue.wakes == seen:
                    queue.threads -= 1
                    return
    except Exception:  # the sweep repeats it
        log.exception("webhooks cannot be posted", source=source_id)
        with _lock:
            queue.threads -= 1
    finally:
        connection.close()


@cache
def _posters() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=MAX_THREADS, thread_name_prefix="webhooks")


def _unclaimed(now: datetime) -> QuerySet[WebhookEvent]:
    is_free = Q(claimed_until=None) | Q(claimed_until__lte=now)
    return WebhookEvent.objects.filter(is_free, due_at__lte=now)


def _claim(source_id: int) -> WebhookEvent | None:
    """Return the next event, which this thread alone posts until its claim runs out."""
    now = timezone.now()
    before = WebhookEvent.objects.filter(
        Q(attempts=0) | Q(claimed_until__gt=now),
        incident=OuterRef("incident"),
        pk__lt=OuterRef("pk"),
        due_at__isnull=False,
    )
    due = _unclaimed(now).filter(~Exists(before), source=source_id)
    # What failed before holds up nothing that is new.
    for event_id in due.order_by("attempts", "pk").values_list("pk", flat=True)[:MAX_OF_SOURCE]:
        own = _unclaimed(now).filter(pk=event_id)
        if own.update(claimed_until=now + LEASE, attempts=F("attempts") + 1, attempted_at=now):
            return WebhookEvent.objects.select_related("source").get(pk=event_id)
    return None


def _post(event: WebhookEvent) -> Posted:
    source = event.source
    if not source.webhook_url:
        return Posted("la source n’a plus d’adresse de retours")
    try:
        secrets = source.webhook_secrets
    except SealBrokenError:
        log.error("webhook secret cannot be opened, SECRET_KEY was changed", source=source.name)
        return Posted("le secret de signature ne se déchiffre plus (SECRET_KEY a changé)")
    body = _body(event)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "alerte-maires",
        **signed_with(secrets, event.event_id, body),
    }
    try:
        return post(source.webhook_url, body, headers)
    except Exception as error:  # whatever it is: the event must not be lost
        log.exception("webhook cannot be posted", event=event.pk)
        return Posted(f"erreur interne ({type(error).__name__})")


def _body(event: WebhookEvent) -> bytes:
    content = event.payload
    if event.source.webhook_format == "edxl":
        content = edxl_json(event)
    return json.dumps(content, ensure_ascii=False).encode()


def _record(event: WebhookEvent, posted: Posted) -> None:
    """Write what came of an attempt, unless its claim ran out and is another's by now."""
    own = WebhookEvent.objects.filter(pk=event.pk, claimed_until=event.claimed_until)
    if not posted.error:
        _record_delivered(event, own)
        return
    error = posted.error[:MAX_ERROR]
    now = timezone.now()
    due_at = _next_attempt(event, now, posted.retry_after_s)
    about = {"source": event.source.name, "type": event.type, "attempt": event.attempts}
    if due_at:
        log.warning("webhook not taken", **about, error=error)
        own.update(claimed_until=None, due_at=due_at, error=error)
        return
    log.error("webhook given up", **about, error=error)
    with transaction.atomic():
        if own.update(claimed_until=None, due_at=None, given_up_at=now, error=error):
            _note(event, f"jamais reçu par le logiciel de « {event.source.name} » ({error})")


def _record_delivered(event: WebhookEvent, own: QuerySet[WebhookEvent]) -> None:
    now = timezone.now()
    with transaction.atomic():
        if own.update(claimed_until=None, due_at=None, delivered_at=now, error=""):
            _note(event, f"reçu par le logiciel de « {event.source.name} »")
    # What failed while its software was away is tried at once, now that it answers.
    waiting = WebhookEvent.objects.filter(source=event.source_id, due_at__gt=now)
    waiting.update(due_at=now)


def _next_attempt(event: WebhookEvent, now: datetime, retry_after_s: float) -> datetime | None:
    """Return when to try again; None once it is not worth it any more."""
    if event.type == EventType.TEST or not event.source.webhook_url:
        return None
    delay = DELAYS_S[min(event.attempts, len(DELAYS_S)) - 1]
    jittered = delay * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - spreading, not secrecy
    due_at = now + timedelta(seconds=max(jittered, retry_after_s))
    return due_at if due_at < event.created_at + GIVEN_UP_AFTER else None


def _note(event: WebhookEvent, what: str) -> None:
    alert = event.payload["data"]["alert"]
    told = alert.get("organisation") or alert["commune"] if alert else None
    label = EventType(event.type).label
    text = f"Retour « {label} » {what}, essai {event.attempts}."
    if told:
        text = f"{told['name']} : {text[0].lower()}{text[1:]}"
    entry = new_entry(event.incident_id, Step.WEBHOOK, text, event=event.pk, type=event.type)
    entry.data["source_id"] = event.source_id
    write_entries([entry])
