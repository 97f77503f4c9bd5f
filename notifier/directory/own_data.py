"""What is kept of one person, as that person reads and changes it without an account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction

from notifier.directory.absences import (
    AbsenceError,
    absence_period,
    absences_of,
    add_absence,
    end_absence,
)
from notifier.directory.changes import OF_PEOPLE, changing, lock_directory
from notifier.directory.lookup import mandates_since
from notifier.directory.models import (
    MAX_FAILURES,
    Absence,
    Address,
    AddressKind,
    ChangeKind,
    Mandate,
    Organisation,
    OrganisationRef,
    Person,
    Preferences,
)
from notifier.directory.person_addresses import add_address, remove_address
from notifier.directory.ringing import Away

# Where such a change came from, in the history.
BY_LINK = "lien d’un texte"
# So many of them wait for their code at a time: whoever holds the link sends no flood of texts.
MAX_UNCONFIRMED = 3
# Of one person's addresses, absences and preferences within an hour: of each they are told.
MAX_CHANGES = 12
# Days of absence that are not over, by a link; for more there is the administrator.
MAX_AWAY = 60
_LAST = "Vous n’avez plus que cette adresse en service : confirmez-en d’abord une autre."


@dataclass(frozen=True)
class OwnData:
    """One person in one organisation."""

    person: Person
    organisation: Organisation
    mandates: Sequence[Mandate]
    """Those of the organisation that have not ended, the first in the order of telling first."""
    others: Sequence[Mandate]
    """Other people's, who may stand in."""
    addresses: Sequence[Address]
    absences: Sequence[tuple[Absence, str]]
    """Those that have not ended, each with its period in French."""
    preferences: Preferences

    @property
    def mandate(self) -> Mandate:
        """The first."""
        return self.mandates[0]

    def absence(self, starts_at: datetime, ends_at: datetime, stand_in: Mandate | None) -> Away:
        """Return one of the person, to be noted."""
        return Away(self.organisation, self.mandates, starts_at, ends_at, stand_in)

    @property
    def author(self) -> str:
        """How a change names who made it: by function, without a name."""
        return f"{self.mandate.title}, {self.organisation.name} (par son lien)"[:150]

    def address(self, number: int) -> Address | None:
        """Return the person's own address of this number."""
        return next((one for one in self.addresses if one.pk == number), None)


def own_data(person: int, ref: OrganisationRef, now: datetime) -> OwnData | None:
    """Return what is kept of a person in an organisation; None where they have left it.

    Five statements.
    """
    organisation = Organisation.objects.filter(kind=ref.kind, code=ref.code).first()
    if organisation is None:
        return None
    mandates = mandates_since(organisation, now)
    own = [mandate for mandate in mandates if mandate.person_id == person]
    if not own:
        return None
    holder = own[0].person
    absences = [one for one in absences_of(organisation, now) if one.mandate.person_id == person]
    return OwnData(
        holder,
        organisation,
        own,
        [mandate for mandate in mandates if mandate.person_id != person],
        sorted(holder.addresses.all(), key=lambda one: (one.position, one.pk)),
        [(absence, absence_period(absence)) for absence in absences],
        Preferences.objects.filter(person=person).first() or Preferences(person=holder),
    )


@contextmanager
def changing_own(own: OwnData, now: datetime) -> Iterator[dict[int, Address]]:
    """Let nobody else change the directory inside; yield the own addresses as they stand now.

    By number, in one transaction. Raises ValidationError once so much was changed by links within
    the last hour that no owner does it: whoever is told of each change must not be flooded.
    """
    with transaction.atomic():
        lock_directory()
        if _changes_since(own, now - timedelta(hours=1)) >= MAX_CHANGES:
            raise ValidationError(
                f"{MAX_CHANGES} changements en une heure, c’est trop par ce lien : attendez, ou "
                f"adressez-vous à qui administre l’annuaire ({own.organisation.name})."
            )
        rows = Address.objects.filter(person=own.person).order_by("position", "id")
        yield {one.pk: one for one in rows}


def _changes_since(own: OwnData, since: datetime) -> int:
    """Count what its author changed of the own addresses, preferences and absences."""
    by_link = {"change__author": own.author, "change__at__gt": since}
    of_person = [
        model.history.model.objects.filter(person_id=own.person.pk, **by_link)
        for model in OF_PEOPLE
    ]
    mandates = [mandate.pk for mandate in own.mandates]
    absences = Absence.history.model.objects.filter(mandate_id__in=mandates, **by_link)
    return sum(rows.values("change").distinct().count() for rows in (*of_person, absences))


def check_absence(own: OwnData, new: Away, now: datetime) -> None:
    """Refuse what is no absence to be noted by a link, or one too long. Raises AbsenceError."""
    mine = [one for one in absences_of(own.organisation, now) if one.mandate_id == own.mandate.pk]
    for one in mine:
        if one.starts_at < new.ends_at and one.ends_at > new.starts_at:
            raise AbsenceError(
                f"Vous êtes déjà absent {absence_period(one)} : dites d’abord que vous êtes de "
                "retour."
            )
    periods = [(max(one.starts_at, now), one.ends_at) for one in mine]
    if sum(_days(own, *period) for period in (*periods, (new.starts_at, new.ends_at))) > MAX_AWAY:
        raise AbsenceError(
            f"Par ce lien, {MAX_AWAY} jours d’absence au plus, en cours et à venir : pour une plus "
            f"longue, adressez-vous à qui administre l’annuaire ({own.organisation.name})."
        )


def _days(own: OwnData, starts_at: datetime, ends_at: datetime) -> int:
    zone = own.organisation.zone_info
    return (ends_at.astimezone(zone).date() - starts_at.astimezone(zone).date()).days


def be_absent(own: OwnData, new: Away, now: datetime) -> None:
    """Note that the person is away from the organisation. Raises AbsenceError."""
    check_absence(own, new, now)
    with changing(ChangeKind.HAND, own.author, BY_LINK):
        for mandate in new.mandates:
            add_absence(mandate, new.starts_at, new.ends_at, new.stand_in, now)


def be_back(own: OwnData, absence: Absence, now: datetime) -> None:
    """End an absence of the person's. Raises AbsenceError and ValidationError."""
    with changing_own(own, now), changing(ChangeKind.HAND, own.author, BY_LINK):
        end_absence(absence.pk, now)


def add_unconfirmed(own: OwnData, kind: AddressKind, text: str, now: datetime) -> Address:
    """Add an address that is told of nothing until its owner has read a code there.

    Raises ValidationError.
    """
    with changing_own(own, now) as known:
        if sum(map(awaits_code, known.values())) >= MAX_UNCONFIRMED:
            raise ValidationError("Confirmez d’abord les adresses déjà ajoutées, ou retirez-les.")
        return add_address(
            own.person,
            kind,
            text,
            own.organisation,
            own.author,
            until_confirmed=True,
            source=BY_LINK,
        )


def awaits_code(address: Address) -> bool:
    """Return whether it was added by a link and no code was read there yet: nothing goes there."""
    is_passed_over = address.failures >= MAX_FAILURES and address.failing_since is None
    return is_passed_over and address.confirmed_on is None


def forget_address(own: OwnData, address: Address, known: Iterable[Address]) -> None:
    """Remove one of the `known` own addresses; the last by which the person is told stays.

    Raises ValidationError.
    """
    others = [one for one in known if one.pk != address.pk and _is_told(one)]
    if _is_told(address) and not others:
        raise ValidationError(_LAST)
    remove_address(address, own.author, BY_LINK)


def refuse_texts(own: OwnData, address: Address, now: datetime) -> None:
    """Have nothing sent to an address any more, as a STOP does."""
    with changing(ChangeKind.HAND, own.author, BY_LINK):
        address.opted_out_at = now
        address.save()


def accept_texts(own: OwnData, address: Address) -> None:
    """Have an address that was refused told again; what else is known of it stays."""
    with changing(ChangeKind.HAND, own.author, BY_LINK):
        address.opted_out_at = None
        address.save()


def _is_told(address: Address) -> bool:
    return address.is_usable and address.kind != AddressKind.LANDLINE
