"""Hold everything by hand, of one source or of all; let it go again, or take it back for good.

Everything is what goes to the communes. Mails to the duty leave all the same: they are how the
groupement hears of what waits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from notifier.alerting.models import Held, HeldState
from notifier.alerting.notification.duty_officer import letters_about_pause
from notifier.delivery.models import EVERYTHING, Message, MessageState, Pause
from notifier.delivery.outbox import enqueue_messages
from notifier.delivery.sending import pause as delivery
from notifier.intake.models import Handling, Report, Source
from notifier.journal.models import Entry, Step
from notifier.journal.write import new_entry, write_entries

log = structlog.get_logger(__name__)

BATCH = 500


@dataclass(frozen=True)
class Waiting:
    """What has not left yet: texts, of how many incidents, the oldest since when."""

    texts: int
    incidents: int
    oldest: datetime | None
    undecided: int
    """Reports that were received and whose texts are not made yet."""
    leaving: int
    """Texts that are being handed over, or of which nobody knows whether they were."""


@dataclass(frozen=True)
class Resumed:
    """What a pause held when it ended: what leaves now, what had outlived its use."""

    waiting: Waiting
    expired: int


def pause(source: Source | None, who: str) -> bool:
    """Hold what goes to the communes, of the source or of all; False if that was so already.

    No worker takes up a text any more once this returns; those in the air land within seconds.
    """
    with transaction.atomic():
        begun = delivery.begin(_origin(source), who)
        if begun is None:
            return False
        write_entries([_line(source, f"Envois suspendus par {who}.")])
    log.warning("sending paused", source=source.name if source else "*", by=who)
    delivery.note_paused()
    return True


def resume(source: Source | None, who: str) -> Resumed | None:
    """Let go what that pause held and is still useful, expire the rest; None without a pause.

    The duty of each source is told once of all that has expired.
    """
    with transaction.atomic():
        expired = delivery.end(_origin(source))
        if expired is None:
            return None
        left = waiting(source)
        said = f"Envois repris par {who} : {_many(left.texts, 'texte')} en attente"
        write_entries([_line(source, f"{said}, {_many(len(expired), 'périmé')}.")])
        enqueue_messages(letters_about_pause(expired))
    log.warning(
        "sending resumed", source=source.name if source else "*", by=who, expired=len(expired)
    )
    return Resumed(left, len(expired))


def paused_by(source: Source | None) -> list[Pause]:
    """What holds the texts of the source, or of all: a pause of it, one of everything, or both."""
    return list(Pause.objects.filter(source__in={EVERYTHING, _origin(source)}).order_by("since"))


def paused_names() -> list[str]:
    """The sources that are paused by name; `*` where everything is."""
    origins = set(Pause.objects.values_list("source", flat=True))
    numbers = [int(origin) for origin in origins if origin != EVERYTHING]
    names = Source.objects.filter(pk__in=numbers).values_list("name", flat=True)
    return (["*"] if EVERYTHING in origins else []) + list(names)


def free() -> Q:
    """Of held texts, those that no pause holds besides, as a condition."""
    origins = set(Pause.objects.values_list("source", flat=True))
    if EVERYTHING in origins:
        return Q(pk__in=[])
    return ~Q(source__in=[int(origin) for origin in origins]) if origins else Q()


def waiting(source: Source | None) -> Waiting:
    """What waits now, whatever for."""
    messages = delivery.waiting(_origin(source))
    held = Held.objects.filter(state=HeldState.HELD)
    undecided = Report.objects.filter(state=Handling.RECEIVED)
    leaving = Message.objects.filter(state__in=(MessageState.SENDING, MessageState.UNKNOWN))
    if source is not None:
        held = held.filter(source=source)
        undecided = undecided.filter(incident__source=source)
        leaving = leaving.filter(source=_origin(source))
    told = messages.values_list("incident_id", "topic").distinct().order_by()
    # A digest is one, of however many it tells.
    incidents = {incident_id or topic for incident_id, topic in told}
    incidents |= {*held.values_list("alert__incident", flat=True).distinct().order_by()}
    made = [
        messages.order_by("created_at").values_list("created_at", flat=True).first(),
        held.order_by("held_at").values_list("held_at", flat=True).first(),
    ]
    return Waiting(
        texts=messages.count() + held.count(),
        incidents=len(incidents),
        oldest=min((at for at in made if at is not None), default=None),
        undecided=undecided.count(),
        leaving=leaving.count(),
    )


@dataclass(frozen=True)
class Withdrawn:
    """What was taken back before it left, and what could not be."""

    texts: int
    incidents: int
    leaving: int


def withdraw_all(source: Source, who: str) -> Withdrawn:
    """Take back all that waits of the source: what is not decided, held, or not handed over yet.

    What is in review stays there: a person decides of it, and sees where it came from.
    """
    why = f"retiré par {who} avec tout ce qui attendait de {source.name}"
    # First what would make more texts.
    taken = _take_back(
        Report.objects.filter(incident__source=source, state=Handling.RECEIVED),
        f"Intervention : {why}.",
        state=Handling.DISMISSED, reason=why, handled_at=timezone.now(),
    )  # fmt: skip
    held = _take_back(
        Held.objects.filter(source=source, state=HeldState.HELD).select_related("alert"),
        f"Texte retenu : {why}.",
        state=HeldState.WITHDRAWN, ended_at=timezone.now(),
    )  # fmt: skip
    with transaction.atomic():
        messages = delivery.cancel_waiting(_origin(source), why)
        texts = len(messages)
        incidents = {m.incident_id or m.topic for m in messages} | {*taken, *held}
        said = f"{_many(texts + len(held), 'texte')} et {_many(len(taken), 'intervention')}"
        write_entries([_line(source, f"Retirés par {who} : {said} à traiter.")])
    log.warning("waiting texts withdrawn", source=source.name, by=who, texts=texts + len(held))
    return Withdrawn(texts + len(held), len(incidents), waiting(source).leaving)


def _take_back(waiting: QuerySet[Any], text: str, **changes: object) -> list[int]:
    """Change what waits, a batch at a time, each with its line; the incidents, one for each row.

    What a worker has just under its hands is waited for, and left if it waits no longer.
    """
    incidents: list[int] = []
    while True:
        with transaction.atomic():
            rows = list(waiting.select_for_update(of=("self",))[:BATCH])
            waiting.filter(pk__in=[row.pk for row in rows]).update(**changes)
            batch = [(row.pk, _incident_of(row)) for row in rows]
            write_entries(
                new_entry(incident_id, Step.CANCELLED, text, row=str(pk))
                for pk, incident_id in batch
            )
        incidents += [incident_id for _, incident_id in batch]
        if not batch:
            return incidents


def _incident_of(row: Report | Held) -> int:
    return row.alert.incident_id if isinstance(row, Held) else row.incident_id


def _origin(source: Source | None) -> str:
    return str(source.pk) if source else EVERYTHING


def _line(source: Source | None, text: str) -> Entry:
    return new_entry(
        None, Step.PAUSED, text, source=source.name if source else "toutes les sources"
    )


def _many(n: int, what: str) -> str:
    return f"{n} {what}{'s' if n > 1 else ''}"
