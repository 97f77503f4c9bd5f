"""Absences of the holders of mandates: add, list, end."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from notifier.directory.lookup import describe_mandate
from notifier.directory.models import Absence, Mandate, Organisation
from notifier.moments import weekday_moment


class AbsenceError(ValueError):
    """What was asked for is impossible; the message, in French, says why and what to do."""


def add_absence(
    mandate: Mandate,
    starts_at: datetime,
    ends_at: datetime,
    stand_in: Mandate | None,
    now: datetime,
) -> Absence:
    """Store an absence; without a stand-in the next in order is told. Raises AbsenceError."""
    if ends_at <= starts_at:
        raise AbsenceError("la fin de l’absence ne suit pas son début")
    if ends_at <= now:
        raise AbsenceError("cette absence est déjà terminée")
    if stand_in is not None and stand_in.organisation_id != mandate.organisation_id:
        raise AbsenceError("le remplaçant n’a pas de mandat dans cet organisme")
    if stand_in is not None and stand_in.person_id == mandate.person_id:
        raise AbsenceError("personne ne se remplace soi-même : nommer quelqu’un d’autre")
    with transaction.atomic():
        Mandate.objects.select_for_update().get(pk=mandate.pk)
        absences = Absence.objects.filter(mandate=mandate)
        other = absences.filter(starts_at__lt=ends_at, ends_at__gt=starts_at).first()
        if other is not None:
            raise AbsenceError(
                f"déjà absent {absence_period(other)} : terminer d’abord cette absence par "
                f"« notifier absence end {other.pk} »"
            )
        return Absence.objects.create(
            mandate=mandate, starts_at=starts_at, ends_at=ends_at, stand_in=stand_in
        )


def end_absence(number: int, now: datetime) -> Absence:
    """End an absence now; one that has not begun is deleted. Raises AbsenceError."""
    with transaction.atomic():
        absence = _open_absences(now).select_for_update(of=("self",)).filter(pk=number).first()
        if absence is None:
            raise AbsenceError(
                f"aucune absence n° {number} en cours ou à venir : voir « notifier absence list »"
            )
        if absence.starts_at >= now:
            absence.delete()
        else:
            absence.ends_at = now
            absence.save()
    return absence


def absences_of(organisation: Organisation, now: datetime) -> list[Absence]:
    """Return the absences in the organisation that have not ended, in order."""
    return list(_open_absences(now).filter(mandate__organisation=organisation))


def absence_period(absence: Absence) -> str:
    """Return "du vendredi 4 décembre 2026 à 18 h 00 au dimanche…", in the organisation's time."""
    zone = absence.mandate.organisation.zone_info
    starts, ends = (
        weekday_moment(at.astimezone(zone)) for at in (absence.starts_at, absence.ends_at)
    )
    return f"du {starts} au {ends}"


def describe_absence(absence: Absence) -> str:
    """Return "absent du … au …, remplacé par Paul Tilleul, 1er adjoint" for who may see names."""
    stand_in = absence.stand_in
    then = f"remplacé par {describe_mandate(stand_in)}" if stand_in else "le suivant est prévenu"
    return f"absent {absence_period(absence)}, {then}"


def other_mandates(mandate: Mandate, now: datetime) -> list[Mandate]:
    """Return the same person's other mandates that have not ended: they are told in these."""
    others = Mandate.objects.filter(person=mandate.person_id).exclude(pk=mandate.pk)
    present = others.filter(Q(ends_on=None) | Q(ends_on__gte=timezone.localtime(now).date()))
    return list(present.select_related("organisation"))


def _open_absences(now: datetime) -> QuerySet[Absence]:
    rows = Absence.objects.filter(ends_at__gt=now).order_by("starts_at", "id")
    return rows.select_related("mandate__person", "mandate__organisation", "stand_in__person")
