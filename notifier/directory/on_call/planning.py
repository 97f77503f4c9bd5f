"""On-call as stored: plan a rotation, extend all of them, give a shift to somebody else, stop.

Shifts of one organisation never overlap: whoever changes them holds the row of the organisation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet

from notifier.directory.changes import ADDED, record
from notifier.directory.models import (
    Change,
    Mandate,
    OnCallRotation,
    OnCallShift,
    Organisation,
)
from notifier.directory.models.changes import current_change
from notifier.directory.on_call.shifts import (
    OverlapError,
    Pattern,
    Shift,
    reassign,
    require_no_overlap,
    shifts_from,
    without,
)
from notifier.moments import weekday_moment

log = structlog.get_logger(__name__)

# How far ahead shifts are stored: whoever looks for their week next Christmas finds it.
HORIZON = timedelta(weeks=53)
MAX_MEMBERS = 60


class OnCallError(ValueError):
    """What was asked for is impossible; the message, in French, says why and what to do."""


@dataclass(frozen=True)
class NewRotation:
    """What is to be planned; `first_start` is naive, in the organisation's own time."""

    members: Sequence[Mandate]
    first_start: datetime
    shift_days: int = 7
    ends_on: date | None = None


def plan_rotation(
    organisation: Organisation, new: NewRotation, now: datetime, *, dry_run: bool = False
) -> list[OnCallShift]:
    """Store a rotation and its shifts of the next 53 weeks; return these.

    What would have ended before `now` is not stored. Raises OnCallError, with nothing stored.
    """
    _check(organisation, new)
    rotation = OnCallRotation(
        organisation=organisation,
        members=[member.pk for member in new.members],
        starts_on=new.first_start.date(),
        handover_time=new.first_start.time(),
        shift_days=new.shift_days,
        ends_on=new.ends_on,
        planned_until=now + HORIZON,
    )
    with transaction.atomic():
        _lock(organisation)
        planned = list(shifts_from(_pattern(rotation), now, now + HORIZON))
        if not planned:
            raise OnCallError(
                "aucun tour dans les 53 semaines à venir : vérifier la première prise d’astreinte "
                "et la fin"
            )
        _refuse_overlap(organisation, planned, now)
        if not dry_run:
            rotation.save()
            return _store(rotation, planned, current_change())
    return [_row(rotation, shift) for shift in planned]


def extend_rotations(now: datetime) -> int:
    """Store the shifts of every rotation up to 53 weeks from `now`; return how many are new.

    May run anywhere, any number of times at once. What was given to somebody else, imported or
    planned otherwise meanwhile stays: a rotation only fills what is free.
    """
    due = OnCallRotation.objects.filter(planned_until__lt=now + HORIZON - timedelta(days=1))
    due = due.filter(Q(ends_on=None) | Q(ends_on__gte=now.date() - timedelta(days=1)))
    return sum(_extend(rotation, now) for rotation in due.select_related("organisation"))


def _extend(rotation: OnCallRotation, now: datetime) -> int:
    since = rotation.planned_until
    until = now + HORIZON
    with transaction.atomic():
        _lock(rotation.organisation)
        mine = OnCallRotation.objects.filter(pk=rotation.pk, planned_until=since)
        if since is None or not mine.update(planned_until=until):
            return 0
        planned = [s for s in shifts_from(_pattern(rotation), since, until) if s.starts_at >= since]
        there = to_shifts(stored_shifts(rotation.organisation, since))
        free = without(planned, there)
        if len(free) != len(planned):
            log.info("shifts on call were planned otherwise", rotation=rotation.pk)
        # What the clock adds belongs to the change that made the rotation.
        made = rotation.history.filter(history_type=ADDED).select_related("change").last()
        return len(_store(rotation, free, made.change if made else None))


def give(
    organisation: Organisation,
    starts_at: datetime,
    ends_at: datetime,
    mandate: Mandate,
    now: datetime,
) -> list[OnCallShift]:
    """Have `mandate` on call between the two moments, whoever was, and where nobody was.

    What is past stays as it was. Returns their shifts within that time. Raises OnCallError.
    """
    if ends_at <= starts_at:
        raise OnCallError("la fin ne suit pas le début")
    _require_members(organisation, [mandate])
    with transaction.atomic():
        _lock(organisation)
        return _give(organisation, max(starts_at, now), ends_at, mandate)


def add_shift(
    organisation: Organisation, starts_at: datetime, ends_at: datetime, mandate: Mandate
) -> OnCallShift:
    """Store a shift where nobody is on call. Raises OnCallError."""
    _require_members(organisation, [mandate])
    with transaction.atomic():
        _lock(organisation)
        shift = Shift(starts_at, ends_at, mandate.pk)
        _refuse_overlap(organisation, [shift], starts_at)
        return OnCallShift.objects.create(
            organisation=organisation, mandate=mandate, starts_at=starts_at, ends_at=ends_at
        )


def swap(
    organisation: Organisation, at: datetime, other_at: datetime, now: datetime
) -> list[OnCallShift]:
    """Exchange the holders of the two shifts that last at these moments; return both.

    What is past stays as it was. Raises OnCallError.
    """
    with transaction.atomic():
        _lock(organisation)
        first, second = shift_at(organisation, at), shift_at(organisation, other_at)
        if first.mandate_id == second.mandate_id:
            raise OnCallError("les deux tours sont à la même personne : rien à échanger")
        changed = []
        for shift, other in ((first, second), (second, first)):
            starts_at = max(shift.starts_at, now)
            changed += _give(organisation, starts_at, shift.ends_at, other.mandate)
    return changed


def _give(
    organisation: Organisation, starts_at: datetime, ends_at: datetime, mandate: Mandate
) -> list[OnCallShift]:
    if ends_at <= starts_at:
        local = weekday_moment(ends_at.astimezone(organisation.zone_info))
        raise OnCallError(f"c’est du passé, terminé le {local} : il n’y a plus rien à changer")
    stored = {row.pk: row for row in stored_shifts(organisation, starts_at)}
    concerned = [shift for shift in to_shifts(stored.values()) if shift.starts_at < ends_at]
    changed = reassign(concerned, starts_at, ends_at, mandate.pk)
    free = without([Shift(starts_at, ends_at, mandate.pk)], concerned)
    for shift in [*changed, *free]:
        row = stored.get(shift.pk or 0) or OnCallShift(organisation=organisation)
        row.mandate_id = shift.mandate
        row.starts_at, row.ends_at = shift.starts_at, shift.ends_at
        row.save()
    own = stored_shifts(organisation, starts_at).filter(mandate=mandate)
    return list(own.filter(starts_at__lt=ends_at))


def shift_at(organisation: Organisation, at: datetime) -> OnCallShift:
    """Return the shift that lasts at the moment. Raises OnCallError when nobody is on call."""
    found = stored_shifts(organisation, at).filter(starts_at__lte=at).first()
    if found is None:
        local = weekday_moment(at.astimezone(organisation.zone_info))
        raise OnCallError(f"personne n’est d’astreinte le {local}")
    return found


def stop(organisation: Organisation, at: datetime) -> int:
    """Plan nobody from the moment on; return how many shifts were dropped or cut.

    What lasts at that moment ends then.
    """
    day = at.astimezone(organisation.zone_info).date()
    with transaction.atomic():
        _lock(organisation)
        rotations = OnCallRotation.objects.filter(organisation=organisation)
        for rotation in rotations.filter(Q(ends_on=None) | Q(ends_on__gt=day)):
            # It is extended no more; its shifts up to the moment are stored.
            rotation.ends_on, rotation.planned_until = day, None
            rotation.save()
        count = 0
        for shift in stored_shifts(organisation, at):
            count += 1
            if shift.starts_at >= at:
                shift.delete()
            else:
                shift.ends_at = at
                shift.save()
    return count


def shifts_between(
    organisation: Organisation, since: datetime, until: datetime
) -> list[OnCallShift]:
    """Return the shifts that last between the two moments, with their people."""
    return list(stored_shifts(organisation, since).filter(starts_at__lt=until))


def stored_shifts(organisation: Organisation, since: datetime) -> QuerySet[OnCallShift]:
    """Return what lasts or starts after the moment, with people, in order."""
    shifts = OnCallShift.objects.filter(organisation=organisation, ends_at__gt=since)
    return shifts.select_related("mandate__person", "organisation").order_by("starts_at")


def to_shifts(rows: Iterable[OnCallShift]) -> list[Shift]:
    """Return the rows as shifts, with their numbers."""
    return [Shift(row.starts_at, row.ends_at, row.mandate_id, row.pk) for row in rows]


def _check(organisation: Organisation, new: NewRotation) -> None:
    if not 1 <= len(new.members) <= MAX_MEMBERS:
        raise OnCallError(f"un roulement compte de 1 à {MAX_MEMBERS} personnes")
    if not 1 <= new.shift_days <= 31:
        raise OnCallError("un tour dure de 1 à 31 jours")
    _require_members(organisation, new.members)
    if new.ends_on is not None and new.ends_on <= new.first_start.date():
        raise OnCallError("la fin du roulement ne suit pas son début")


def _require_members(organisation: Organisation, mandates: Iterable[Mandate]) -> None:
    for mandate in mandates:
        if mandate.organisation_id != organisation.pk:
            raise OnCallError(f"{mandate.person} n’a pas de mandat dans cet organisme")


def _pattern(rotation: OnCallRotation) -> Pattern:
    return Pattern(
        first_start=datetime.combine(rotation.starts_on, rotation.handover_time),
        shift_days=rotation.shift_days,
        members=tuple(rotation.members),
        time_zone=rotation.organisation.zone_info,
        ends_on=rotation.ends_on,
    )


def _refuse_overlap(organisation: Organisation, planned: Sequence[Shift], since: datetime) -> None:
    stored = list(stored_shifts(organisation, since))
    try:
        require_no_overlap([*to_shifts(stored), *planned])
    except OverlapError as overlap:
        zone = organisation.zone_info
        names = {row.mandate_id: str(row.mandate.person) for row in stored}
        there = overlap.first if overlap.first.pk is not None else overlap.second
        raise OnCallError(
            f"{names[there.mandate]} est déjà d’astreinte du "
            f"{weekday_moment(there.starts_at.astimezone(zone))} au "
            f"{weekday_moment(there.ends_at.astimezone(zone))} : arrêter d’abord ce qui est prévu "
            "(notifier on-call stop), ou planifier à un autre moment"
        ) from None


def _lock(organisation: Organisation) -> None:
    """Keep others from changing the shifts of the organisation until commit."""
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)


def _row(rotation: OnCallRotation, shift: Shift) -> OnCallShift:
    return OnCallShift(
        organisation=rotation.organisation,
        rotation=rotation,
        mandate_id=shift.mandate,
        starts_at=shift.starts_at,
        ends_at=shift.ends_at,
    )


def _store(
    rotation: OnCallRotation, shifts: Iterable[Shift], change: Change | None
) -> list[OnCallShift]:
    rows = OnCallShift.objects.bulk_create([_row(rotation, shift) for shift in shifts])
    if change is not None:
        record(OnCallShift, rows, ADDED, change)
    return rows
