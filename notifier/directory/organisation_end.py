"""End an organisation: its people are told no more after a day, and its territory ends with it."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils import timezone

from notifier.directory.changes import Edits, start_change, write
from notifier.directory.contacts import remove_mandates
from notifier.directory.conventions.store import still_open
from notifier.directory.models import (
    OF_DEPARTEMENT,
    ChangeKind,
    ConventionRule,
    Mandate,
    Organisation,
    OrganisationKind,
    Zone,
)
from notifier.directory.organisations import OrganisationError
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

_LASTING = (OrganisationKind.COMMUNE, *OF_DEPARTEMENT)


def end_organisation(one: Organisation, last_day: date, author: str) -> None:
    """End every mandate and zone after a day, today at the earliest; what was told stays known.

    Mandates and zones that would begin later are removed. Raises `OrganisationError` for one that
    the official code keeps, or that a convention still tells or applies to.
    """
    if one.kind in _LASTING:
        raise OrganisationError(
            f"{one.name} existe par le code officiel : changer ses personnes, il ne se clôt pas"
        )
    if last_day < timezone.localdate():
        raise OrganisationError("ce jour est passé : donner aujourd’hui ou un jour à venir")
    with transaction.atomic():
        change = start_change(ChangeKind.HAND, author, str(one.ref))
        change.organisations.add(one)
        if naming := _conventions(one):
            raise OrganisationError(
                f"{', '.join(naming)} : une convention le prévient ou vaut sur son territoire ; la "
                "modifier ou y mettre fin d’abord"
            )
        open_ = Mandate.objects.filter(organisation=one).exclude(ends_on__lte=last_day)
        to_come = open_.filter(starts_on__gt=last_day)
        mandates = list(open_.exclude(starts_on__gt=last_day))
        edits = Edits()
        remove_mandates(list(to_come.values_list("pk", flat=True)), edits)
        for mandate in mandates:
            mandate.ends_on = last_day
        edits.change(*mandates)
        write(edits, change)
        zones = Zone.objects.filter(organisation=one)
        zones.filter(starts_on__gt=last_day).delete()
        zones.exclude(ends_on__lte=last_day).update(ends_on=last_day)
        change.counts = {"changed": len(mandates)}
        change.save(update_fields=["counts"])
        text = f"Organisme {one.name} ({one.ref}) clos après le {last_day:%d/%m/%Y} par {author}."
        write_entries(
            [
                new_entry(
                    None,
                    Step.DIRECTORY,
                    text,
                    change=change.pk,
                    organisation=str(one.ref),
                    mandates=len(mandates),
                )
            ]
        )


def _conventions(one: Organisation) -> list[str]:
    """Return the references of the conventions with a rule about it that has not ended."""
    now = timezone.now()
    rules = ConventionRule.objects.filter(still_open(now))
    about = rules.filter(organisation=one) | rules.filter(territory_of=one)
    return sorted(set(about.values_list("convention__reference", flat=True)))
