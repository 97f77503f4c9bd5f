"""An intervention arrives: checked against its source's territory, stored once, then rung for."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.dispatch import Signal
from django.utils import timezone

from notifier.intake.models import Intervention, Source
from notifier.intake.schema import NewIntervention
from notifier.intake.thread import thread_of
from notifier.intake.words import Status
from notifier.journal.models import Step
from notifier.journal.write import entry, write
from notifier.territory.resolve import departement_of

# Sent within the transaction that stores an intervention, with intervention (Intervention).
received = Signal()


class OutsideSourceError(Exception):
    """An INSEE code lies in a département that the source may not speak for."""

    def __init__(self, code: str, field: str) -> None:
        super().__init__(code)
        self.code = code
        self.field = field
        """The native endpoint's name of the field that gave it."""


class ContradictionError(Exception):
    """The same reference and sequence were already received with another content."""


@dataclass(frozen=True)
class Reception:
    """Under which id an intervention is stored, and whether it was not known before."""

    intervention_id: UUID
    is_new: bool


def receive(
    source: Source, new: NewIntervention, *, expires_at: datetime | None = None
) -> Reception:
    """Store the intervention once and say under which id; the commit has happened on return.

    `expires_at` (aware): after it the source itself holds it to be of no more use.

    Raises OutsideSourceError, ContradictionError, and django.db.OperationalError when the database
    cannot store it: then nothing was received.
    """
    refuse_outside(source, new)
    try:
        return Reception(_store(source, new, expires_at), is_new=True)
    except IntegrityError:
        known = known_as(source, new)
        if known is None:
            raise
        return Reception(known, is_new=False)


def refuse_outside(source: Source, new: NewIntervention) -> None:
    """Raise OutsideSourceError where an INSEE code alone shows that the source may not speak."""
    place = new.location
    given = [(place.insee, "location.insee")] if place.insee else []
    given += [(code, "location.communes") for code in place.communes or ()]
    for code, field in given:
        if departement_of(code) not in source.departements:
            raise OutsideSourceError(code, field)


def known_as(source: Source, new: NewIntervention) -> UUID | None:
    """The id under which exactly this was received before; None if it was not.

    Raises ContradictionError where its reference and sequence were received with another content.
    """
    same = Intervention.objects.filter(
        thread=thread_of(source, new.reference), sequence=new.sequence
    )
    known = same.only("id", "content_hash").first()
    if known is None:
        return None
    if known.content_hash != _content_hash(new):
        raise ContradictionError(new.reference, new.sequence)
    return known.pk


def _content_hash(new: NewIntervention) -> str:
    return hashlib.sha256(json.dumps(new.canonical(), sort_keys=True).encode()).hexdigest()


def _store(source: Source, new: NewIntervention, expires_at: datetime | None) -> UUID:
    now = timezone.now()
    intervention_id = uuid4()
    thread = thread_of(source, new.reference)
    with transaction.atomic():
        intervention = Intervention.objects.create(
            id=intervention_id,
            source=source,
            thread=thread,
            reference=new.reference,
            sequence=new.sequence,
            status=new.status,
            category=new.category,
            severity=new.severity,
            occurred_at=new.occurred_at,
            exercise=new.exercise,
            location=new.location.model_dump(exclude_none=True),
            content_hash=_content_hash(new),
            received_at=now,
            expires_at=expires_at,
        )
        said = f"{new.category}, {Status(new.status).label}" + (
            ", exercice" if new.exercise else ""
        )
        write(
            [
                entry(
                    thread,
                    Step.RECEIVED,
                    f"Reçue de {source.name} : n° {new.sequence}, {said}.",
                    at=now,
                    intervention=str(intervention_id),
                    sequence=new.sequence,
                    occurred_at=new.occurred_at.isoformat(),
                )
            ]
        )
        received.send(sender=Intervention, intervention=intervention)
    return intervention_id
