"""After an election everybody in the communes concerned is to be confirmed, and told meanwhile.

A list that says that somebody holds office since that day confirms them, as a form does, or
`notifier directory confirm`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from notifier.directory.addresses import confirm
from notifier.directory.changes import Edits, lock_directory, start_change, write
from notifier.directory.models import (
    Address,
    Answer,
    Change,
    ChangeKind,
    ConfirmationRequest,
    Mandate,
    Organisation,
    OrganisationKind,
    Origin,
)
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries


def unconfirm_since(day: date, communes: Collection[str] | None, author: str) -> Change | None:
    """Have everybody of the communes confirmed who held office before a day.

    `communes`: their codes; None means every commune. The annuaire's town halls, which no voter
    elects, stay. Return the change, or None where nobody had to be confirmed.
    """
    held_before = Q(starts_on=None) | Q(starts_on__lt=day)
    lasting = Q(ends_on=None) | Q(ends_on__gte=day)
    concerned = Mandate.objects.filter(
        held_before, lasting, organisation__kind=OrganisationKind.COMMUNE, is_confirmed=True
    ).exclude(origin=Origin.ANNUAIRE)
    if communes is not None:
        concerned = concerned.filter(organisation__code__in=communes)
    with transaction.atomic():
        lock_directory()
        edits = Edits()
        for mandate in concerned.select_for_update():
            mandate.is_confirmed = False
            edits.change(mandate)
        if not edits:
            return None
        counts = {"changed": len(edits.rows("~", Mandate))}
        change = start_change(ChangeKind.ELECTION, author, day.isoformat(), counts=counts)
        write(edits, change)
        text = (
            f"annuaire : élection du {day:%d/%m/%Y}, mandats à confirmer : {counts['changed']}, "
            f"par {author}"
        )
        write_entries([new_entry(None, Step.DIRECTORY, text, change=change.pk, counts=counts)])
    return change


@dataclass(frozen=True)
class Progress:
    """How far an election's confirmations are, in some organisations."""

    total: int
    remaining: int

    @property
    def confirmed(self) -> int:
        """Who is confirmed since, or has left."""
        return self.total - self.remaining


def to_confirm(election: Change, organisations: QuerySet[Organisation]) -> QuerySet[Mandate]:
    """Return the mandates of these organisations that the election has left unconfirmed."""
    concerned = Mandate.history.model.objects.filter(change=election)
    today = timezone.localdate()
    lasting = Q(ends_on=None) | Q(ends_on__gte=today)
    rows = Mandate.objects.filter(lasting, organisation__in=organisations, is_confirmed=False)
    return rows.filter(pk__in=concerned.values("id"))


def undisputed(election: Change, organisations: QuerySet[Organisation]) -> QuerySet[Mandate]:
    """Return those of `to_confirm` of whom nobody has answered since that it is not them any more.

    Whoever answered so stays to be confirmed, or to be ended, by a person.
    """
    disputed = ConfirmationRequest.objects.filter(answer=Answer.NO, answered_at__gte=election.at)
    return to_confirm(election, organisations).exclude(pk__in=disputed.values("mandates"))


def progress_of(election: Change, organisations: QuerySet[Organisation]) -> Progress:
    """Count who was to be confirmed in these organisations, and who still is. Two statements."""
    concerned = Mandate.history.model.objects.filter(
        change=election, organisation__in=organisations
    )
    return Progress(concerned.count(), to_confirm(election, organisations).count())


def end_election(
    election: Change, organisations: QuerySet[Organisation], author: str
) -> Change | None:
    """Take as confirmed whoever nobody has contradicted; None where nobody is left.

    A change of its own, which can be taken back.
    """
    with transaction.atomic():
        lock_directory()
        edits = Edits()
        for mandate in undisputed(election, organisations).select_for_update(of=("self",)):
            mandate.is_confirmed = True
            edits.change(mandate)
        if not edits:
            return None
        counts = {"changed": len(edits.rows("~", Mandate))}
        day = date.fromisoformat(election.source)
        source = f"fin de l’élection du {day:%d/%m/%Y}"
        change = start_change(ChangeKind.CONFIRMATION, author, source, counts=counts)
        write(edits, change)
        text = (
            f"annuaire : {source}, mandats tenus pour confirmés : {counts['changed']}, par {author}"
        )
        write_entries([new_entry(None, Step.DIRECTORY, text, change=change.pk, counts=counts)])
    return change


def last_election() -> date | None:
    """Return the day of the last election after which people are to be confirmed, if any."""
    elections = Change.objects.filter(kind=ChangeKind.ELECTION, undone_by=None)
    days = [date.fromisoformat(change.source) for change in elections]
    return max(days, default=None)


def confirm_mandate(mandate: Mandate, now: datetime) -> None:
    """Confirm that somebody holds a mandate, and that all their numbers and mailboxes are right."""
    mandate.is_confirmed = True
    mandate.save()
    for address in Address.objects.select_for_update().filter(person=mandate.person_id):
        confirm(address, now)
