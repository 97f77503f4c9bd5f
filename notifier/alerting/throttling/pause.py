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

from notifier.alerting.models import Notification, NotificationState
from notifier.alerting.notification.duty_officer import pause_mails
from notifier.alerting.notification.store import queue_duty_mails
from notifier.delivery.models import EVERYTHING, Message, MessageState, Pause
from notifier.delivery.sending import pause as delivery
from notifier.intake.models import Report, ReportState, Source
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
        begun = delivery.begin(_label(source), who)
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
        expired = delivery.end(_label(source))
        if expired is None:
            return None
        left = waiting(source)
        said = f"Envois repris par {who} : {_many(left.texts, 'texte')} en attente"
        write_entries([_line(source, f"{said}, {_many(len(expired), 'périmé')}.")])
        queue_duty_mails(pause_mails(expired))
    log.warning(
        "sending resumed", source=source.name if source else "*", by=who, expired=len(expired)
    )
    return Resumed(left, len(expired))


def paused_by(source: Source | None) -> list[Pause]:
    """What holds the texts of the source, or of all: a pause of it, one of everything, or both."""
    return list(Pause.objects.filter(source__in={EVERYTHING, _label(source)}).order_by("since"))


def paused_names() -> list[str]:
    """The sources that are paused by name; `*` where everything is."""
    origins = set(Pause.objects.values_list("source", flat=True))
    numbers = [int(origin) for origin in origins if origin != EVERYTHING]
    names = Source.objects.filter(pk__in=numbers).values_list("name", flat=True)
    return (["*"] if EVERYTHING in origins else []) + list(names)


def not_paused() -> Q:
    """Select, of deferred notifications, those that no pause holds besides."""
    origins = set(Pause.objects.values_list("source", flat=True))
    if EVERYTHING in origins:
        return Q(pk__in=[])
    return ~Q(source__in=[int(origin) for origin in origins]) if origins else Q()


def waiting(source: Source | None) -> Waiting:
    """What waits now, whatever for."""
    messages = delivery.waiting(_label(source))
    deferred = Notification.objects.filter(state=NotificationState.DEFERRED)
    undecided = Report.objects.filter(state=ReportState.RECEIVED)
    leaving = Message.objects.filter(state__in=(MessageState.SENDING, MessageState.UNKNOWN))
    if source is not None:
        deferred = deferred.filter(source=source)
        undecided = undecided.filter(incident__source=source)
        leaving = leaving.filter(source=_label(source))
    told = Notification.objects.filter(message__in=messages)
    incidents = {*told.values_list("incident_id", flat=True).distinct().order_by()}
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
        Report.objects.filter(incident__source=source, state=ReportState.RECEIVED),
        f"Intervention : {why}.",
        state=ReportState.DISMISSED, reason=why, handled_at=timezone.now(),
    )  # fmt: skip
    deferred = _take_back(
        Notification.objects.filter(source=source, state=NotificationState.DEFERRED),
        f"Texte retenu : {why}.",
        state=NotificationState.SUPERSEDED, ended_at=timezone.now(),
    )  # fmt: skip
    with transaction.atomic():
        messages = delivery.cancel_waiting(_label(source), why)
        told = Notification.objects.filter(message__in=[message.pk for message in messages])
        incidents = {*told.values_list("incident_id", flat=True), *taken, *deferred}
        texts = len(messages) + len(deferred)
        said = f"{_many(texts, 'texte')} et {_many(len(taken), 'intervention')}"
        write_entries([_line(source, f"Retirés par {who} : {said} à traiter.")])
    log.warning("waiting texts withdrawn", source=source.name, by=who, texts=texts)
    return Withdrawn(texts, len(incidents), waiting(source).leaving)


def _take_back(waiting: QuerySet[Any], text: str, **changes: object) -> list[int | None]:
    """Change what waits, a batch at a time, each with its line; the incidents, one for each row.

    What a worker has just under its hands is waited for, and left if it waits no longer.
    """
    incidents: list[int | None] = []
    while True:
        with transaction.atomic():
            batch = list(
                waiting.select_for_update(of=("self",)).values_list("pk", "incident_id")[:BATCH]
            )
            waiting.filter(pk__in=[pk for pk, _ in batch]).update(**changes)
            write_entries(
                new_entry(incident_id, Step.CANCELLED, text, row=str(pk))
                for pk, incident_id in batch
            )
        incidents += [incident_id for _, incident_id in batch]
        if not batch:
            return incidents


def _label(source: Source | None) -> str:
    return str(source.pk) if source else EVERYTHING


def _line(source: Source | None, text: str) -> Entry:
    return new_entry(
        None, Step.PAUSED, text, source=source.name if source else "toutes les sources"
    )


def _many(n: int, what: str) -> str:
    return f"{n} {what}{'s' if n > 1 else ''}"
