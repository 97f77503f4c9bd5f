"""When nobody can be on call, although there is a rota."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db.models import QuerySet

from notifier.directory.models import Absence, OnCallRotation, OnCallShift, Organisation
from notifier.directory.on_call.planning import stored_shifts, to_shifts
from notifier.directory.on_call.shifts import Gap, Shift, local_moment, next_gap, without


def first_gap(organisation: Organisation, since: datetime) -> Gap | None:
    """Return the first time from `since` on at which nobody can be on call; None without a rota.

    Nobody can, either, when whoever is planned has left by then, or is absent without a stand-in.
    """
    rows = list(stored_shifts(organisation, since))
    absences = Absence.objects.filter(
        mandate__organisation=organisation, stand_in=None, ends_at__gt=since
    )
    gone = [Shift(a.starts_at, a.ends_at, a.mandate_id) for a in absences]
    present = []
    for row in rows:
        [shift] = to_shifts([row])
        missing = [absence for absence in gone if absence.mandate == shift.mandate]
        present += without([shift], [*missing, *_outside_mandate(row)])
    if rows and not present:
        return Gap(since, None)
    return next_gap(present, since)


def unplanned_gap(organisation: Organisation, since: datetime, within: timedelta) -> Gap | None:
    """Return the first gap that begins within so long and that no rotation is going to fill."""
    gap = first_gap(organisation, since)
    if gap is None or gap.starts_at > since + within:
        return None
    goes_on = gap.ends_at is None and is_extended(organisation, gap.starts_at)
    return None if goes_on else gap


def organisations_with_rota(since: datetime) -> QuerySet[Organisation]:
    """Return those of which somebody is or will be on call after the moment."""
    shifts = OnCallShift.objects.filter(ends_at__gt=since)
    return Organisation.objects.filter(pk__in=shifts.values("organisation"))


def is_extended(organisation: Organisation, at: datetime) -> bool:
    """Return whether a rotation goes on at a moment up to which all is stored."""
    rotations = OnCallRotation.objects.filter(organisation=organisation, ends_on=None)
    return rotations.filter(planned_until__lte=at).exists()


def _outside_mandate(row: OnCallShift) -> list[Shift]:
    """Return the time of the shift before and after the mandate of its holder."""
    mandate, zone = row.mandate, row.organisation.zone_info
    outside = []
    if mandate.starts_on is not None:
        starts_at = local_moment(_midnight(mandate.starts_on), zone)
        if starts_at > row.starts_at:
            outside.append(Shift(row.starts_at, starts_at, mandate.pk))
    if mandate.ends_on is not None:
        ends_at = local_moment(_midnight(mandate.ends_on + timedelta(days=1)), zone)
        if ends_at < row.ends_at:
            outside.append(Shift(ends_at, row.ends_at, mandate.pk))
    return outside


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time())
