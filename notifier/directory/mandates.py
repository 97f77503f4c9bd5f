"""The people of one organisation, changed one at a time: appointed, amended, ended, put in order.

Each function writes one numbered change of the directory, or raises and writes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from notifier.directory.availability import makes_calls, ringing_kinds
from notifier.directory.changes import Edits, lock_directory, start_change, write
from notifier.directory.imports.posts import SINGLE
from notifier.directory.models import (
    Address,
    AddressKind,
    ChangeKind,
    Mandate,
    Organisation,
    Origin,
    Person,
)
from notifier.directory.person_addresses import read_address
from notifier.moments import written_day
from notifier.territory.grammar import with_de

NOT_REACHABLE = (
    "Donnez un mobile ou un courriel : sans l’un des deux, cette personne ne peut être prévenue."
)
NOT_EVEN_CALLED = (
    "Donnez un téléphone ou un courriel : sans l’un des deux, cette personne ne peut être prévenue."
)


class MandateError(ValueError):
    """What was asked for is impossible; the message, in French, says why and what to do."""


@dataclass(frozen=True)
class Holder:
    """Who holds a mandate, as a form has it; normalised by the functions that take it."""

    last_name: str = ""
    first_name: str = ""
    civility: str = ""


@dataclass(frozen=True)
class Post:
    """What for and how long; without a rank, the next free one of the function."""

    function: str
    rank: int | None = None
    starts_on: date | None = None
    ends_on: date | None = None


@dataclass(frozen=True)
class NewMandate:
    """Somebody to be told from now on, with addresses as they are written."""

    post: Post
    holder: Holder
    addresses: Sequence[tuple[AddressKind, str]] = field(default_factory=tuple)


def appoint(
    organisation: Organisation, new: NewMandate, author: str, replaced: Mandate | None = None
) -> Mandate:
    """Store a person with a mandate in the organisation; return the mandate.

    `replaced` ends the day before, or yesterday. Raises ValidationError, by field, and
    MandateError.
    """
    person = _named(Person(), new.holder)
    addresses = _read_all(organisation, new.addresses)
    with transaction.atomic():
        lock_directory()
        edits = Edits()
        if replaced is not None:
            first = new.post.starts_on or timezone.localdate()
            edits.change(_ended(replaced, first - timedelta(days=1)))
        mandate = Mandate(person=person, organisation=organisation, origin=Origin.HAND)
        _put(mandate, new.post, without=replaced)
        edits.add(person, mandate)
        for position, (kind, value) in enumerate(addresses, 1):
            address = Address(
                person=person,
                kind=kind,
                value=value,
                position=position,
            )
            edits.add(address)
        write(edits, start_change(ChangeKind.HAND, author))
    return mandate


def amend(mandate: Mandate, holder: Holder, post: Post, author: str) -> Mandate:
    """Correct the name, the function or the period of a mandate.

    Whoever saves it has looked at it: it is confirmed. Raises ValidationError and MandateError.
    """
    with transaction.atomic():
        lock_directory()
        stored = Mandate.objects.select_related("person", "organisation").get(pk=mandate.pk)
        _named(stored.person, holder)
        _put(stored, post, without=stored)
        stored.is_confirmed = True
        edits = Edits()
        edits.change(stored.person, stored)
        write(edits, start_change(ChangeKind.HAND, author))
    return stored


def end(mandate: Mandate, last_day: date, author: str) -> Mandate:
    """Have a mandate end with a day, that day included. Raises MandateError."""
    with transaction.atomic():
        lock_directory()
        stored = Mandate.objects.select_related("person").get(pk=mandate.pk)
        edits = Edits()
        edits.change(_ended(stored, last_day))
        write(edits, start_change(ChangeKind.HAND, author))
    return stored


def move(mandate: Mandate, author: str, *, is_up: bool) -> bool:
    """Have somebody told before the one ahead, or after the next, of the same function.

    Return whether anything changed: at either end of a function there is nobody to pass.
    """
    with transaction.atomic():
        lock_directory()
        rows = [r for r in _present(mandate.organisation_id) if r.function == mandate.function]
        ids = [row.pk for row in rows]
        if mandate.pk not in ids:
            return False
        place = ids.index(mandate.pk)
        other = place + (-1 if is_up else 1)
        if not 0 <= other < len(rows):
            return False
        rows[place], rows[other] = rows[other], rows[place]
        return _number(rows, author)


def put_in_order(organisation: Organisation, ids: Sequence[int], author: str) -> bool:
    """Have the people of an organisation told in the order of these mandates.

    Within each function: the order of functions is the law's (CGCT art. L2122-17). Return whether
    anything changed. Raises MandateError where others came or left meanwhile, and where the order
    would mix functions.
    """
    with transaction.atomic():
        lock_directory()
        rows = {row.pk: row for row in _present(organisation.pk)}
        if sorted(rows) != sorted(ids):
            raise MandateError("La liste a changé entre-temps : rechargez la page et recommencez.")
        wanted = [rows[pk] for pk in ids]
        functions = [row.escalation_order[0] for row in wanted]
        if functions != sorted(functions):
            raise MandateError(
                "L’ordre des fonctions est celui de la loi (maire, adjoints dans l’ordre de leur "
                "nomination, puis les autres) : déplacez quelqu’un parmi ceux de sa fonction."
            )
        return _number(wanted, author)


def holders_of(organisation: Organisation, function: str, day: date) -> list[Mandate]:
    """Return who holds a function in the organisation on a day or later, in order."""
    lasting = Q(ends_on=None) | Q(ends_on__gte=day)
    rows = Mandate.objects.filter(lasting, organisation=organisation, function=function)
    return list(rows.select_related("person").order_by("rank", "id"))


def _present(organisation_id: int) -> list[Mandate]:
    lasting = Q(ends_on=None) | Q(ends_on__gte=timezone.localdate())
    rows = Mandate.objects.filter(lasting, organisation=organisation_id)
    return sorted(rows.select_related("person"), key=lambda row: (*row.escalation_order, row.pk))


def _number(rows: Sequence[Mandate], author: str) -> bool:
    """Give the rows, in the order wanted, the ranks of their functions from 1 on."""
    last: dict[str, int] = {}
    edits = Edits()
    for row in rows:
        rank = last[row.function] = last.get(row.function, 0) + 1
        if row.rank != rank:
            row.rank = rank
            edits.change(row)
    if edits:
        write(edits, start_change(ChangeKind.HAND, author))
    return bool(edits)


def _put(mandate: Mandate, post: Post, without: Mandate | None) -> None:
    """Set function, rank and period; refuse a post that somebody else holds meanwhile."""
    others = Mandate.objects.filter(
        organisation=mandate.organisation, function=post.function
    ).select_related("person")
    if without is not None:
        others = others.exclude(pk=without.pk)
    if post.starts_on:
        others = others.exclude(ends_on__lt=post.starts_on)
    if post.ends_on:
        others = others.exclude(starts_on__gt=post.ends_on)
    lasting = [one for one in others if not one.ends_on or one.ends_on >= timezone.localdate()]
    rank = post.rank or max((one.rank for one in lasting), default=0) + 1
    if post.function in SINGLE:
        rank = 1
    taken = next((one for one in lasting if one.rank == rank), None)
    if taken is not None:
        raise MandateError(
            f"{taken.person} est déjà {taken.title} : indiquez que son mandat prend fin, ou "
            "choisissez un autre rang."
        )
    mandate.function, mandate.rank = post.function, rank
    mandate.starts_on, mandate.ends_on = post.starts_on, post.ends_on
    mandate.full_clean(exclude={"person", "organisation"})


def _ended(mandate: Mandate, last_day: date) -> Mandate:
    if mandate.starts_on and mandate.starts_on > last_day:
        raise MandateError(
            f"Le mandat {with_de(mandate.holder_name)} commence le "
            f"{written_day(mandate.starts_on)} : il ne peut prendre fin avant."
        )
    mandate.ends_on = last_day
    return mandate


def _named(person: Person, holder: Holder) -> Person:
    person.last_name, person.first_name = holder.last_name, holder.first_name
    person.civility = holder.civility
    person.clean_fields(exclude={"name_key"})
    if not person.name and not person.is_service:
        raise ValidationError({"last_name": "Donnez au moins un nom."})
    return person


def _read_all(
    organisation: Organisation, written: Sequence[tuple[AddressKind, str]]
) -> list[tuple[AddressKind, str]]:
    read: dict[tuple[AddressKind, str], None] = {}
    faults: dict[str, list[str]] = {}
    for kind, text in written:
        if not text.strip():
            continue
        try:
            read[kind, read_address(kind, text, organisation)] = None
        except ValidationError as refusal:
            faults[kind.name.lower()] = refusal.messages
    if faults:
        raise ValidationError(faults)
    if not any(kind in {*ringing_kinds(), AddressKind.EMAIL} for kind, _ in read):
        raise ValidationError(NOT_EVEN_CALLED if makes_calls() else NOT_REACHABLE)
    return list(read)
