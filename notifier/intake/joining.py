"""A message set into its thread: which thread that is, and where the intervention then stands.

Reads the thread, stores nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from notifier.intake.formats.message import Effect, ForeignMessage, identity_of
from notifier.intake.formats.reading import refuse
from notifier.intake.models import Distribution, Intervention, Source
from notifier.intake.standing import standing
from notifier.intake.thread import thread_of
from notifier.intake.words import Status


@dataclass(frozen=True)
class Joined:
    """A message set into its thread, nothing stored yet."""

    row: Distribution
    content: Mapping[str, Any] | None
    """What it says of the intervention itself; None if it only changes the state."""
    status: Status
    latest: Intervention | None
    is_first: bool


def join(source: Source, message: ForeignMessage) -> Joined:
    """The message in the thread that its references lead to. Raises FormatRefusedError."""
    now = timezone.now()
    _refuse_expired(message, now)
    row = Distribution(
        source=source,
        format=message.format,
        identity=message.identity,
        digest=message.digest,
        name=message.name,
        sender=message.sender,
        reference=_reference(source, message),
        effect=message.effect,
        exercise=message.exercise,
        # Whether two are the same is all that is asked of them: what they are called is not kept.
        resources={identity_of(name)[:16]: phase for name, phase in message.resources.items()},
        sent_at=message.sent_at or now,
        received_at=now,
    )
    earlier = list(Distribution.objects.filter(source=source, reference=row.reference))
    latest = latest_of(source, row.reference)
    content = message.content
    if latest is not None and message.effect is not Effect.OPENS:
        # An end is that of what was told, wherever and however grave it calls it now.
        content = None
    exercise = latest.exercise if content is None and latest else message.exercise
    if message.exercise is not None and message.exercise != exercise:
        raise refuse(
            message.paths["reference"],
            "un exercice et une intervention réelle ne peuvent partager une référence ici",
        )
    status = standing([*earlier, row], exercise=exercise)
    return Joined(row, content, status, latest, is_first=not earlier and latest is None)


def _refuse_expired(message: ForeignMessage, now: datetime) -> None:
    """What no longer helps is not told; an end or a cancellation always is."""
    if message.effect is Effect.OPENS and message.expires_at and message.expires_at < now:
        raise refuse(message.paths["expires_at"], "date passée : l’alerte n’est plus valable")


def _reference(source: Source, message: ForeignMessage) -> str:
    """The thread that one of the message's references leads to, the first given first.

    Raises FormatRefusedError where its own number is another sender's: it would join that thread.
    """
    rows = Distribution.objects.filter(source=source, name__in=message.threads)
    known = list(rows.only("name", "reference", "sender"))
    own = {row.sender for row in known if row.name == message.name} - {""}
    if message.sender and own - {message.sender}:
        raise refuse(message.paths["reference"], "un autre expéditeur a déjà donné cet identifiant")
    led = {row.name: row.reference for row in known}
    return next((led[name] for name in message.threads if name in led), message.threads[0])


def latest_of(source: Source, reference: str) -> Intervention | None:
    """The last full report of a thread: the shell of a lonely RC-RI is none."""
    thread = Intervention.objects.filter(thread=thread_of(source, reference))
    return thread.exclude(category="").order_by("-sequence").first()
