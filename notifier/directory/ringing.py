"""When no telephone of an organisation would ring, because somebody is away."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from notifier.directory.availability import PresentAbsence, apply_availability
from notifier.directory.models import Absence, Mandate, Organisation
from notifier.directory.on_call.shifts import local_moment
from notifier.directory.recipients import Recipient, active_people, people_in_office
from notifier.directory.sql import MandateRow, mandates_of
from notifier.moments import weekday_moment
from notifier.territory.grammar import with_de


@dataclass(frozen=True)
class Away:
    """An absence, stored already or not, of one person in an organisation."""

    organisation: Organisation
    mandates: Sequence[Mandate]
    """Of that person."""
    starts_at: datetime
    ends_at: datetime
    stand_in: Mandate | None


@dataclass(frozen=True)
class Silence:
    """A time during which nobody can be rung; `told` reads a mail then, by function."""

    organisation: Organisation
    starts_at: datetime
    ends_at: datetime
    told: tuple[str, ...]

    @property
    def period(self) -> str:
        """Return "du vendredi 4 décembre 2026 à 18 h 00 au …", in the organisation's time."""
        zone = self.organisation.zone_info
        starts, ends = (
            weekday_moment(at.astimezone(zone)) for at in (self.starts_at, self.ends_at)
        )
        return f"du {starts} au {ends}"

    def __str__(self) -> str:
        then = f", et par courriel à : {', '.join(self.told)}" if self.told else ""
        name = self.organisation.name
        return (
            f"{self.period}, aucun téléphone {with_de(name)} ne sonnerait : une alerte urgente "
            f"irait à la permanence{then}"
        )


def silences_of(new: Away) -> list[Silence]:
    """Return when an absence would leave nobody to ring, where without it somebody is.

    Two statements.
    """
    if new.ends_at <= new.starts_at:
        return []
    rows = mandates_of([new.organisation.ref], new.starts_at)
    stored = list(
        Absence.objects.filter(
            mandate__organisation=new.organisation,
            starts_at__lt=new.ends_at,
            ends_at__gt=new.starts_at,
        ).exclude(mandate__in=new.mandates)
    )
    found: list[Silence] = []
    for at, until in pairwise(_edges(new, rows, stored)):
        people = people_in_office(rows, at)
        before = _present(stored, at)
        if not _is_rung(_told(people, before)):
            continue
        told = _told(people, before | _away(new))
        if _is_rung(told):
            continue
        silence = Silence(new.organisation, at, until, tuple(one.title for one in told))
        if found and (found[-1].ends_at, found[-1].told) == (at, silence.told):
            found[-1] = replace(found[-1], ends_at=until)
        else:
            found.append(silence)
    return found


def first_rung(organisation: Organisation, at: datetime) -> str:
    """Return the function of whoever's telephone rings first at a moment; "" where none does."""
    people = active_people([organisation.ref], at)[organisation.ref]
    return next((one.title for one in people if one.is_rung), "")


def _edges(new: Away, rows: Collection[MandateRow], stored: Collection[Absence]) -> list[datetime]:
    """Return the moments, in order, between which nothing changes of who is there."""
    zone = new.organisation.zone_info
    days = {day for row in rows for day in _first_days(row.mandate)}
    moments = [
        *(one for row in stored for one in (row.starts_at, row.ends_at)),
        *(local_moment(datetime.combine(day, time()), zone) for day in days),
    ]
    within = {at for at in moments if new.starts_at < at < new.ends_at}
    return [new.starts_at, *sorted(within), new.ends_at]


def _first_days(mandate: Mandate) -> Iterator[date]:
    """Yield the days from which on its holder is there, or gone."""
    if mandate.starts_on and mandate.starts_on > date.min:
        yield mandate.starts_on
    if mandate.ends_on and mandate.ends_on < date.max:
        yield mandate.ends_on + timedelta(days=1)


def _present(stored: Collection[Absence], at: datetime) -> dict[int, PresentAbsence]:
    return {
        one.mandate_id: PresentAbsence(one.ends_at, one.stand_in_id)
        for one in stored
        if one.starts_at <= at < one.ends_at
    }


def _away(new: Away) -> dict[int, PresentAbsence]:
    stand_in = new.stand_in.pk if new.stand_in else None
    return {one.pk: PresentAbsence(new.ends_at, stand_in) for one in new.mandates}


def _told(people: Sequence[Recipient], absences: Mapping[int, PresentAbsence]) -> list[Recipient]:
    return [placed.person for placed in apply_availability(people, absences).placed]


def _is_rung(people: Collection[Recipient]) -> bool:
    return any(one.is_rung for one in people)
