"""Correlate a message with its incidents: which these are, and the status that each then has.

Reads the database, stores nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from notifier.intake.correlation.status import derive_status
from notifier.intake.formats.message import Effect, ForeignMessage, identity_of, sequence_at
from notifier.intake.formats.reading import refuse
from notifier.intake.models import Distribution, Report, Source
from notifier.intake.schema.report import MAX_CLOCK_SKEW, has_clue
from notifier.intake.schema.vocabulary import Status


@dataclass(frozen=True)
class CorrelatedMessage:
    """A message as part of an incident, nothing stored yet."""

    row: Distribution
    content: Mapping[str, Any] | None
    """What it says of the report itself; None if it only changes the status."""
    status: Status
    latest: Report | None
    is_first: bool
    names: frozenset[str]
    """References under which other messages may be pending for this incident."""
    sequence: int
    """Of the report that it makes: after all that it names."""

    @property
    def is_superseded(self) -> bool:
        """Whether it is an end, and a message sent after it says that the incident goes on."""
        is_over = self.status in (Status.CLOSED, Status.CANCELLED)
        return Effect(self.row.effect).ends and not is_over


@dataclass(frozen=True)
class _Known:
    """What is known of the messages whose references a message bears, and of its own."""

    incidents: Mapping[str, list[str]]
    """The references of the incidents of each that came; several where it updated several."""
    last_sent: datetime | None
    """When the last of those that it names itself was sent, by its sender's clock."""
    last_sequence: int
    """The greatest number that one of those has; 0 for none."""


def correlate(source: Source, message: ForeignMessage) -> list[CorrelatedMessage]:
    """Find each incident that the message's references lead to, the one where it is told first.

    An end ends every incident that it names, also an unknown one. Raises FormatRefusedError.
    """
    now = timezone.now()
    _refuse_expired(message, now)
    known = _read_known(source, message)
    return [
        _correlate_one(source, message, known, reference, now, is_told=place == 0)
        for place, reference in enumerate(_incident_references(message, known))
    ]


def _correlate_one(
    source: Source,
    message: ForeignMessage,
    known: _Known,
    reference: str,
    now: datetime,
    *,
    is_told: bool,
) -> CorrelatedMessage:
    sent_at = _effective_sent_at(message, known, now)
    row = Distribution(
        source=source,
        format=message.format,
        identity=message.identity if is_told else identity_of(message.identity, reference),
        digest=message.digest,
        name=message.name,
        sender=message.sender,
        reference=reference,
        effect=message.effect if is_told or message.effect.ends else Effect.NAMES,
        exercise=message.exercise,
        # Whether two are the same is all that is asked of them: what they are called is not kept.
        resources={identity_of(name)[:16]: phase for name, phase in message.resources.items()},
        sent_at=sent_at,
        received_at=now,
    )
    names = frozenset({reference})
    if is_told and not message.effect.ends:
        # It and all that it updates are one incident, by whichever of them others named it.
        names |= {name for name in message.incident_references if name not in known.incidents}
    earlier = list(Distribution.objects.filter(source=source, reference__in=names))
    latest = latest_of(source, reference)
    content = message.content if is_told and _is_of_use(message, latest) else None
    exercise = latest.exercise if content is None and latest else message.exercise
    if message.exercise is not None and message.exercise != exercise:
        raise refuse(
            message.paths["reference"],
            "un exercice et une intervention réelle ne peuvent partager une référence ici",
        )
    return CorrelatedMessage(
        row,
        content,
        derive_status([*earlier, row], exercise=exercise),
        latest,
        is_first=not earlier and latest is None,
        names=names,
        sequence=max(sequence_at(sent_at), known.last_sequence + 1),
    )


def _is_of_use(message: ForeignMessage, latest: Report | None) -> bool:
    """Return whether the incident takes what it says of the report itself."""
    match message.effect:
        case Effect.OPENS:
            return True
        case Effect.NOT_BEGUN:
            # It begins nothing by itself: who reads of it would think that somebody is coming.
            return latest is not None
    # An end is that of what was told, wherever and however grave it calls it now.
    place = message.content["location"] if message.content else {}
    return latest is None and has_clue(place)


def _refuse_expired(message: ForeignMessage, now: datetime) -> None:
    """Refuse what is of no more use; an end or a cancellation always is.

    Raises FormatRefusedError.
    """
    if message.effect is Effect.OPENS and message.expires_at and message.expires_at < now:
        raise refuse(message.paths["expires_at"], "date passée : l’alerte n’est plus valable")


def _read_known(source: Source, message: ForeignMessage) -> _Known:
    """Read what is stored of the messages that it names.

    Raises FormatRefusedError where its own number is another sender's: the two would be mixed.
    """
    # Also an incident that began with a later message, under the reference of one that it named.
    begun = Q(reference__in=message.incident_references, report__isnull=False)
    rows = Distribution.objects.filter(
        Q(name__in=message.incident_references) | begun, source=source
    )
    known = list(
        rows.order_by("pk").values_list(
            "name", "reference", "sender", "sent_at", "report__sequence"
        )
    )
    own = {sender for name, _, sender, _, _ in known if name == message.name} - {""}
    if message.sender and own - {message.sender}:
        raise refuse(message.paths["reference"], "un autre expéditeur a déjà donné cet identifiant")
    named = [row for row in known if row[0] in message.references]
    incidents: defaultdict[str, list[str]] = defaultdict(list)
    for name, reference, *_ in known:
        for led in {name, reference} & set(message.incident_references):
            incidents[led].append(reference)
    return _Known(
        incidents=incidents,
        last_sent=max((sent_at for *_, sent_at, _ in named), default=None),
        last_sequence=max((sequence or 0 for *_, sequence in named), default=0),
    )


def _incident_references(message: ForeignMessage, known: _Known) -> list[str]:
    """List the incidents that it belongs to, the first given first; its own if there is none."""
    found = [
        led
        for name in message.incident_references
        if name in known.incidents
        for led in known.incidents[name]
    ]
    if message.effect.ends:
        unheard = [name for name in message.references if name not in known.incidents]
        # What it says of the place is said once.
        found += unheard if found or message.content is None else unheard[:1]
    return list(dict.fromkeys(found or message.incident_references[:1]))


def _effective_sent_at(message: ForeignMessage, known: _Known, now: datetime) -> datetime:
    """Return when it was sent, but after all that it names.

    Its sender's clock may have been set right since.
    """
    sent_at = message.sent_at or now
    after = [at for at in (known.last_sent, message.after) if at and at < now + MAX_CLOCK_SKEW]
    return max(sent_at, *(at + timedelta(microseconds=1) for at in after)) if after else sent_at


def latest_of(source: Source, reference: str) -> Report | None:
    """Return the last report of an incident that says more than the state of resources."""
    reports = Report.objects.filter(incident__source=source, incident__reference=reference)
    full = reports.exclude(category="").select_related("incident")
    return full.order_by("-sequence").first()
