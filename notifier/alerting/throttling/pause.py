"""Pause all that goes to the communes, of one source or of all; resume it, or cancel what waits.

Mails to the duty officer leave all the same: they are how the groupement hears of what waits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from notifier.alerting.models import Notification, NotificationState
from notifier.alerting.notification.duty_officer import pause_mails
from notifier.alerting.notification.store import queue_duty_mails
from notifier.delivery.models import EVERYTHING, Message, MessageState, Pause
from notifier.delivery.sending import pause as message_pause
from notifier.intake.models import Report, ReportState, Source
from notifier.journal.models import Entry, Step
from notifier.journal.write import new_entry, write_entries

log = structlog.get_logger(__name__)

BATCH_SIZE = 500


@dataclass(frozen=True)
class Waiting:
    """What is not sent yet: texts, of how many incidents, since when the oldest waits."""

    texts: int
    incidents: int
    oldest: datetime | None
    undecided: int
    """Reports that are received and not decided yet."""
    in_flight: int
    """Texts that are being sent, or of which it is unknown whether they were."""


@dataclass(frozen=True)
class Resumed:
    """What a pause held at its end: what is sent now, and how many texts expired."""

    waiting: Waiting
    expired: int


def pause(source: Source | None, who: str, reason: str = "") -> bool:
    """Pause what goes to the communes, of the source or of all; False if that was so already.

    The journal keeps the reason, if one is given: it says nothing of a person.

    No worker claims a text any more once this returns; those being sent leave within seconds.
    """
    with transaction.atomic():
        begun = message_pause.begin(_pause_key(source), who, reason)
        if begun is None:
            return False
        why = f" : {reason}" if reason else ""
        write_entries([_entry(source, f"Envois suspendus par {who}{why}.", who)])
    log.warning("sending paused", source=source.name if source else "*", by=who)
    message_pause.note_paused()
    return True


def resume(source: Source | None, who: str) -> Resumed | None:
    """End the pause: what it held is sent, what is too late expires; None without a pause.

    Each source's duty officer is told once of all that expired.
    """
    with transaction.atomic():
        expired = message_pause.end(_pause_key(source))
        if expired is None:
            return None
        remaining = waiting(source)
        counts = f"{_many(remaining.texts, 'texte')} en attente, {_many(len(expired), 'périmé')}"
        write_entries([_entry(source, f"Envois repris par {who} : {counts}.", who)])
        queue_duty_mails(pause_mails(expired))
    log.warning(
        "sending resumed", source=source.name if source else "*", by=who, expired=len(expired)
    )
    return Resumed(remaining, len(expired))


def pause_each(sources: Iterable[Source], who: str, reason: str) -> list[Source]:
    """Pause each of the sources, and return those that were not paused already."""
    return [source for source in sources if pause(source, who, reason)]


def resume_each(sources: Iterable[Source], who: str) -> list[Source]:
    """End the pause of each of the sources, and return those that had one."""
    return [source for source in sources if resume(source, who) is not None]


@dataclass(frozen=True)
class PauseInForce:
    """A pause, of one source or of everything."""

    source: Source | None
    since: datetime
    who: str
    reason: str


def is_anything_paused() -> bool:
    """Return whether anything is paused at all."""
    return Pause.objects.exists()


def pauses_of(sources: QuerySet[Source]) -> list[PauseInForce]:
    """Return the pauses that hold any of the sources, that of everything first.

    One statement while nothing is paused, else two.
    """
    by_key = {pause.pause_key: pause for pause in Pause.objects.order_by("since")}
    found = []
    if everything := by_key.pop(EVERYTHING, None):
        found.append(PauseInForce(None, everything.since, everything.who, everything.reason))
    if by_key:
        named = {str(one.pk): one for one in sources.filter(pk__in=map(int, by_key))}
        found += [
            PauseInForce(named[key], one.since, one.who, one.reason)
            for key, one in by_key.items()
            if key in named
        ]
    return found


def paused_by(source: Source | None) -> list[Pause]:
    """Return the pauses that hold the source: its own, one of everything, or both."""
    return list(
        Pause.objects.filter(pause_key__in={EVERYTHING, _pause_key(source)}).order_by("since")
    )


def paused_names() -> list[str]:
    """Return the names of the paused sources; `*` where everything is paused."""
    paused = set(Pause.objects.values_list("pause_key", flat=True))
    numbers = [int(key) for key in paused if key != EVERYTHING]
    names = Source.objects.filter(pk__in=numbers).values_list("name", flat=True)
    return (["*"] if EVERYTHING in paused else []) + list(names)


def not_paused() -> Q:
    """Select, of deferred notifications, those that no pause holds as well."""
    paused = set(Pause.objects.values_list("pause_key", flat=True))
    if EVERYTHING in paused:
        return Q(pk__in=[])
    return ~Q(source__in=[int(key) for key in paused]) if paused else Q()


def waiting(source: Source | None) -> Waiting:
    """Return what waits now, for whatever reason."""
    messages = message_pause.waiting(_pause_key(source))
    deferred = Notification.objects.filter(state=NotificationState.DEFERRED)
    undecided = Report.objects.filter(state=ReportState.RECEIVED)
    # What is given up is not waited for; so written, an index finds the others.
    in_flight = Message.objects.filter(
        state__in=(MessageState.SENDING, MessageState.UNKNOWN), due_at__isnull=False
    )
    if source is not None:
        deferred = deferred.filter(source=source)
        undecided = undecided.filter(incident__source=source)
        in_flight = in_flight.filter(pause_key=_pause_key(source))
    queued = Notification.objects.filter(message__in=messages)
    incidents = {*queued.values_list("incident_id", flat=True).distinct().order_by()}
    incidents |= {*deferred.values_list("incident_id", flat=True).distinct().order_by()}
    made = [
        messages.order_by("created_at").values_list("created_at", flat=True).first(),
        deferred.order_by("created_at").values_list("created_at", flat=True).first(),
    ]
    return Waiting(
        texts=messages.count() + deferred.count(),
        incidents=len(incidents),
        oldest=min((at for at in made if at is not None), default=None),
        undecided=undecided.count(),
        in_flight=in_flight.count(),
    )


@dataclass(frozen=True)
class Cancelled:
    """What was cancelled before it was sent, and what could not be."""

    texts: int
    incidents: int
    in_flight: int


def cancel_all(source: Source, who: str) -> Cancelled:
    """Cancel all that waits of the source: undecided reports, deferred and unsent texts.

    What is in review stays there: a person decides on it, and sees where it came from.
    """
    why = f"retiré par {who} avec tout ce qui attendait de {source.name}"
    # First what would make more texts.
    dismissed = _cancel(
        Report.objects.filter(incident__source=source, state=ReportState.RECEIVED),
        f"Intervention : {why}.",
        state=ReportState.DISMISSED, reason=why, handled_at=timezone.now(),
    )  # fmt: skip
    deferred = _cancel(
        Notification.objects.filter(source=source, state=NotificationState.DEFERRED),
        f"Texte retenu : {why}.",
        state=NotificationState.CANCELLED, ended_at=timezone.now(),
    )  # fmt: skip
    with transaction.atomic():
        messages = message_pause.cancel_waiting(_pause_key(source), why)
        queued = Notification.objects.filter(message__in=[message.pk for message in messages])
        incidents = {*queued.values_list("incident_id", flat=True), *dismissed, *deferred}
        texts = len(messages) + len(deferred)
        counts = f"{_many(texts, 'texte')} et {_many(len(dismissed), 'intervention')}"
        write_entries([_entry(source, f"Retirés par {who} : {counts} à traiter.", who)])
    log.warning("waiting texts cancelled", source=source.name, by=who, texts=texts)
    return Cancelled(texts, len(incidents), waiting(source).in_flight)


def _cancel(selected: QuerySet[Any], text: str, **changes: object) -> list[int | None]:
    """Cancel what is selected, a batch at a time; return the incidents, one for each row.

    A row that a worker has locked is waited for, and kept if it is not selected any more.
    """
    incidents: list[int | None] = []
    while True:
        with transaction.atomic():
            batch = list(
                selected.select_for_update(of=("self",)).values_list("pk", "incident_id")[
                    :BATCH_SIZE
                ]
            )
            selected.filter(pk__in=[pk for pk, _ in batch]).update(**changes)
            write_entries(
                new_entry(incident_id, Step.CANCELLED, text, row=str(pk))
                for pk, incident_id in batch
            )
        incidents += [incident_id for _, incident_id in batch]
        if not batch:
            return incidents


def _pause_key(source: Source | None) -> str:
    return str(source.pk) if source else EVERYTHING


def _entry(source: Source | None, text: str, who: str) -> Entry:
    return new_entry(
        None,
        Step.PAUSED,
        text,
        source=source.name if source else "toutes les sources",
        source_id=source.pk if source else None,
        by=who,
    )


def _many(n: int, what: str) -> str:
    return f"{n} {what}{'s' if n > 1 else ''}"
