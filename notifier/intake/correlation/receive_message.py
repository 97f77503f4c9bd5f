"""Receive a message of another format, read already: store it once and do what it says.

duplicate? -> correlate with its incidents -> derive the status -> a report, or it stays pending

What each case does, and the journal says so:
- the same message again: nothing, and the id that it had; the same identity otherwise: refused;
- an update of an unknown case: it holds all that a first report holds, and is one;
- a report without a place: that of its incident, or a person's to find where that has none;
- a cancellation before its alert: kept, so that the alert, when it comes, tells nobody;
- an RC-RI (or an end without a place, or what has not begun) of an unknown case: stays pending
  (`pending.py`);
- a message sent before one that is decided already: stored, and superseded (alerting decides so,
  and shows the duty what was an aggravation or an end).
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError, transaction

from notifier.intake.correlation.correlate import CorrelatedMessage, correlate
from notifier.intake.correlation.next_report import CategoryOf, ForeignReport, next_report
from notifier.intake.formats.message import Effect, ForeignMessage
from notifier.intake.incident import open_incidents
from notifier.intake.models import Distribution, Source
from notifier.intake.receive import ContradictionError, Reception, receive
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

# Messages of one second, one after the other.
MAX_IN_A_SECOND = 60


@dataclass(frozen=True)
class ForeignReception:
    """What became of a message: `report_id` is None while it is pending."""

    report_id: UUID | None
    is_new: bool
    note: str = ""
    """In French, for dispatch: what was particular about it."""
    others: tuple[UUID, ...] = ()
    """What it became in the other incidents that it names."""


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
        known = _find_duplicate(source, message)
        if known is None:
            raise
        return known


def plan_reports(
    source: Source, message: ForeignMessage, category_of: CategoryOf
) -> list[ForeignReport]:
    """Return the reports that receiving the message now would store. Stores nothing.

    Raises FormatRefusedError.
    """
    reports = (
        next_report(message, correlated, category_of) for correlated in correlate(source, message)
    )
    return [report for report in reports if report is not None]


def _receive(source: Source, message: ForeignMessage, category_of: CategoryOf) -> ForeignReception:
    lock_source(source)
    known = _find_duplicate(source, message)
    if known:
        return known
    correlated = correlate(source, message)
    # All together, and so in the order in which everybody takes them.
    open_incidents((source, each.row.reference) for each in correlated)
    return _combine([_receive_one(source, message, each, category_of) for each in correlated])


def _receive_one(
    source: Source, message: ForeignMessage, correlated: CorrelatedMessage, category_of: CategoryOf
) -> ForeignReception:
    """Do what it says of one of its incidents."""
    if correlated.row.effect == Effect.NAMES:
        return _remember_name(source, message, correlated.row)
    new = next_report(message, correlated, category_of)
    if new is not None:
        return _store(source, message, correlated, new)
    if correlated.latest is None:
        return _keep_pending(source, message, correlated.row)
    correlated.row.report = correlated.latest
    correlated.row.save(force_insert=True)
    note = f"{message.format} : rien de nouveau, l’intervention reste {correlated.status.label}"
    _journal(source, correlated.row, note)
    return ForeignReception(correlated.latest.pk, is_new=False, note=note)


def _combine(receptions: list[ForeignReception]) -> ForeignReception:
    """Return one answer for all incidents of a message, the first that has a report in front."""
    ids = [r.report_id for r in receptions if r.report_id]
    return ForeignReception(
        ids[0] if ids else None,
        is_new=any(r.is_new for r in receptions),
        note=" ; ".join(dict.fromkeys(r.note for r in receptions if r.note)),
        others=tuple(dict.fromkeys(ids[1:])),
    )


def lock_source(source: Source) -> None:
    """Until commit, no other foreign message of the source: an incident's state is of them all.

    Its reports are still stored meanwhile, for their incidents only point to the source.
    """
    Source.objects.select_for_update(no_key=True).get(pk=source.pk)


def _find_duplicate(source: Source, message: ForeignMessage) -> ForeignReception | None:
    row = Distribution.objects.filter(source=source, identity=message.identity).first()
    if row is None:
        return None
    if row.digest != message.digest:
        raise ContradictionError(row.reference, row.sent_at)
    note = f"{message.format} déjà reçu à l’identique"
    _journal(source, row, note)
    rows = [row]
    if message.references and message.effect.ends:
        same = Distribution.objects.filter(source=source, name=row.name, digest=row.digest)
        rows += same.exclude(pk=row.pk).order_by("pk")
    return _combine([ForeignReception(one.report_id, is_new=False, note=note) for one in rows])


def _store(
    source: Source, message: ForeignMessage, correlated: CorrelatedMessage, new: ForeignReport
) -> ForeignReception:
    reception = store_numbered(source, new)
    row = correlated.row
    row.report_id = reception.report_id
    row.save(force_insert=True)
    _attach_pending(source, correlated)
    note = ""
    if message.is_update and correlated.is_first and message.effect is Effect.OPENS:
        note = f"{message.format} : mise à jour d’une affaire inconnue, lue comme un premier avis"
    elif message.effect is Effect.CANCELS and correlated.is_first:
        note = f"{message.format} : annulation reçue avant l’alerte, qui ne sera pas diffusée"
    elif message.effect is Effect.CLOSES and correlated.is_first:
        note = f"{message.format} : fin d’une alerte inconnue, rien n’avait été annoncé"
    elif correlated.is_superseded:
        note = f"{message.format} dépassé, l’intervention reste {correlated.status.label} : la "
        note += "permanence le voit"
    if note:
        _journal(source, row, note)
    return ForeignReception(reception.report_id, is_new=reception.is_new, note=note)


def store_numbered(source: Source, new: ForeignReport) -> Reception:
    """Receive it under the first free number of its second and after.

    A number under which the same is stored already is another message's: what ended in between
    goes on again. Raises ContradictionError when `MAX_IN_A_SECOND` numbers are taken.
    """
    for number in range(new.sequence, new.sequence + MAX_IN_A_SECOND):
        try:
            numbered = new.model_copy(update={"sequence": number})
            reception = receive(source, numbered, expires_at=new.expires_at)
        except ContradictionError:
            continue
        if reception.is_new:
            return reception
    raise ContradictionError(new.reference, new.sequence)


def _attach_pending(source: Source, correlated: CorrelatedMessage) -> None:
    """Attach what was pending for this incident, under any of its references: it is counted in."""
    row = correlated.row
    pending = Distribution.objects.filter(source=source, is_pending=True)
    pending.filter(reference__in=correlated.names).update(
        is_pending=False, reference=row.reference, report=row.report_id
    )


def _remember_name(source: Source, message: ForeignMessage, row: Distribution) -> ForeignReception:
    """Remember that what names this message later means this incident too."""
    row.save(force_insert=True)
    note = f"{message.format} : {row.reference} reste à part, jusqu’à la fin qui vaudra pour toutes"
    _journal(source, row, note)
    return ForeignReception(None, is_new=False, note=note)


def _keep_pending(source: Source, message: ForeignMessage, row: Distribution) -> ForeignReception:
    row.is_pending = True
    row.save(force_insert=True)
    note = f"{message.format} reçu avant l’intervention : il l’attend"
    if message.effect is Effect.NOT_BEGUN:
        note = f"{message.format} : rien n’est engagé, personne n’est prévenu d’ici là"
    _journal(source, row, note)
    return ForeignReception(None, is_new=True, note=note)


def _journal(source: Source, row: Distribution, sentence: str) -> None:
    text = f"{sentence[:1].upper()}{sentence[1:]}."
    incident = open_incidents([(source, row.reference)])[source.pk, row.reference]
    write_entries(
        [new_entry(incident.pk, Step.RECEIVED, text, format=row.format, effect=row.effect)]
    )
