"""A message of another format arrives: read already, it joins its thread, once.

known already -> its thread -> what the thread's state now is -> an intervention, or it waits.

What each case does, and the journal says so:
- the same message again: nothing, and the id that it had; the same identity otherwise: refused;
- an update of an unknown case: it holds all that a first report holds, and is one;
- a cancellation before its alert: kept, so that the alert, when it comes, tells nobody;
- an RC-RI (or a CAP cancellation without a place) of an unknown case: waits (`waiting.py`);
- a message sent before one that is decided already: stored, and overtaken (alerting decides so).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from pydantic import Field, ValidationError

from notifier.intake.formats.message import Effect, ForeignMessage, identity_of, sequence_at
from notifier.intake.formats.reading import FormatRefusedError, refuse
from notifier.intake.models import Distribution, Intervention, Source
from notifier.intake.receive import ContradictionError, Reception, receive
from notifier.intake.schema import NewIntervention, Place
from notifier.intake.standing import standing
from notifier.intake.thread import thread_of
from notifier.intake.words import Severity, Status
from notifier.journal.models import Step
from notifier.journal.write import entry, write

# Messages of one second, one after the other.
MOST_IN_A_SECOND = 60


class ForeignIntervention(NewIntervention):
    """As a source pushes it itself, but numbered by the second at which it was sent."""

    sequence: Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]


@dataclass(frozen=True)
class ForeignReception:
    """What became of a message: `intervention_id` is None while it waits."""

    intervention_id: UUID | None
    is_new: bool
    note: str = ""
    """In French, for dispatch: what was particular about it."""


@dataclass(frozen=True)
class _Placed:
    """A message set into its thread, nothing stored yet."""

    row: Distribution
    content: Mapping[str, Any] | None
    """What it says of the intervention itself; None if it only changes the state."""
    status: Status
    latest: Intervention | None
    is_first: bool


CategoryOf = Callable[[str], str | None]


def receive_foreign(
    source: Source, message: ForeignMessage, category_of: CategoryOf
) -> ForeignReception:
    """Store the message once and do what it says; the commit has happened on return.

    `category_of` gives our category for the message's code, or None. Raises FormatRefusedError,
    and what `receive` raises.
    """
    try:
        with transaction.atomic():
            return _receive(source, message, category_of)
    except IntegrityError:
        known = _repeated(source, message)
        if known is None:
            raise
        return known


def composed(
    source: Source, message: ForeignMessage, category_of: CategoryOf
) -> NewIntervention | None:
    """The intervention that receiving the message now would store; None if none. Stores nothing.

    Raises FormatRefusedError.
    """
    placed = _place(source, message)
    return _compose(message, placed, category_of)


def _receive(source: Source, message: ForeignMessage, category_of: CategoryOf) -> ForeignReception:
    lock_source(source)
    known = _repeated(source, message)
    if known:
        return known
    placed = _place(source, message)
    new = _compose(message, placed, category_of)
    if new is not None:
        return _store(source, message, placed, new)
    if placed.latest is None:
        return _wait(source, message, placed.row)
    placed.row.intervention = placed.latest
    placed.row.save(force_insert=True)
    note = f"{message.format} : rien de nouveau, l’intervention reste {placed.status.label}"
    _journal(source, placed.row, note)
    return ForeignReception(placed.latest.pk, is_new=False, note=note)


def lock_source(source: Source) -> None:
    """Until commit, no other foreign message of the source: the state of a thread is of them all.

    Its interventions are still stored meanwhile, for they only point to the source.
    """
    Source.objects.select_for_update(no_key=True).get(pk=source.pk)


def _repeated(source: Source, message: ForeignMessage) -> ForeignReception | None:
    row = Distribution.objects.filter(source=source, identity=message.identity).first()
    if row is None:
        return None
    if row.digest != message.digest:
        raise ContradictionError(row.reference, row.sent_at)
    note = f"{message.format} déjà reçu à l’identique"
    _journal(source, row, note)
    return ForeignReception(row.intervention_id, is_new=False, note=note)


def _place(source: Source, message: ForeignMessage) -> _Placed:
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
    return _Placed(row, content, status, latest, is_first=not earlier and latest is None)


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


def _compose(
    message: ForeignMessage, placed: _Placed, category_of: CategoryOf
) -> NewIntervention | None:
    sequence = sequence_at(placed.row.sent_at)
    latest = placed.latest
    content = placed.content
    if content is None:
        if latest is None or latest.status == placed.status:
            return None
        return following(latest, placed.status, sequence)
    category = category_of(content["category"])
    if category is None:
        # Not repeated: where a code is expected, sixty kilobytes of a free text may stand.
        raise refuse(message.paths["category"], "catégorie inconnue")
    if message.coarse_category and latest:
        category = latest.category
    return _validated(
        {
            **content,
            "category": category,
            "reference": placed.row.reference,
            "sequence": sequence,
            "status": placed.status.value,
            "exercise": message.exercise or False,
        },
        message.paths,
    )


def following(latest: Intervention, status: Status, sequence: int) -> NewIntervention:
    """The intervention again, of which only the state has changed; never before `latest`."""
    # Not validated anew: it was when it came, and may be older than a first report may be.
    return ForeignIntervention.model_construct(
        reference=latest.reference,
        sequence=max(sequence, latest.sequence + 1),
        status=status.value,
        category=latest.category,
        severity=Severity(latest.severity).value,
        occurred_at=latest.occurred_at,
        exercise=latest.exercise,
        location=Place.model_validate(latest.location),
    )


def _validated(content: Mapping[str, Any], paths: Mapping[str, str]) -> NewIntervention:
    try:
        return ForeignIntervention.model_validate(content)
    except ValidationError as error:
        faults = [
            dict(fault) | {"loc": _in_document(fault["loc"], paths)}
            for fault in error.errors(include_url=False)
        ]
        raise FormatRefusedError(faults) from None


def _in_document(loc: tuple[int | str, ...], paths: Mapping[str, str]) -> tuple[str, ...]:
    """Where the fault stands in what was sent, as closely as is known."""
    ours = [str(part) for part in loc]
    for length in range(len(ours), 0, -1):
        found = paths.get(".".join(ours[:length]))
        if found:
            return tuple(found.split("."))
    return tuple(ours)


def _store(
    source: Source, message: ForeignMessage, placed: _Placed, new: NewIntervention
) -> ForeignReception:
    reception = store_numbered(source, new)
    row = placed.row
    row.intervention_id = reception.intervention_id
    row.save(force_insert=True)
    _join_waiting(source, message, row)
    note = ""
    if message.is_update and placed.is_first:
        note = f"{message.format} : mise à jour d’une affaire inconnue, lue comme un premier avis"
    elif message.effect is Effect.CANCELS and placed.is_first:
        note = f"{message.format} : annulation reçue avant l’alerte, qui ne sera pas diffusée"
    if note:
        _journal(source, row, note)
    return ForeignReception(reception.intervention_id, is_new=reception.is_new, note=note)


def store_numbered(source: Source, new: NewIntervention) -> Reception:
    """Receive it under the first free number of its second and after.

    Raises ContradictionError when `MOST_IN_A_SECOND` numbers are taken.
    """
    for number in range(new.sequence, new.sequence + MOST_IN_A_SECOND):
        try:
            return receive(source, new.model_copy(update={"sequence": number}))
        except ContradictionError:
            continue
    raise ContradictionError(new.reference, new.sequence)


def _join_waiting(source: Source, message: ForeignMessage, row: Distribution) -> None:
    """What waited for this thread, under any of its references, has been counted in."""
    names = {*message.threads, row.reference}
    Distribution.objects.filter(source=source, reference__in=names, is_waiting=True).update(
        is_waiting=False, reference=row.reference, intervention=row.intervention_id
    )


def _wait(source: Source, message: ForeignMessage, row: Distribution) -> ForeignReception:
    row.is_waiting = True
    row.save(force_insert=True)
    note = f"{message.format} reçu avant l’intervention : il l’attend"
    _journal(source, row, note)
    return ForeignReception(None, is_new=True, note=note)


def _journal(source: Source, row: Distribution, sentence: str) -> None:
    text = f"{sentence[:1].upper()}{sentence[1:]}."
    thread = thread_of(source, row.reference)
    write([entry(thread, Step.RECEIVED, text, format=row.format, effect=row.effect)])
