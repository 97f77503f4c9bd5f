"""Find communes, organisations and people by what somebody types."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import islice

from django.db.models import Exists, OuterRef, Q, QuerySet

from notifier.directory.models import Address, Mandate, Organisation, Person
from notifier.directory.names import fold
from notifier.mailbox import strip_invisible
from notifier.territory.reference.communes import communes_named, normalise_code
from notifier.territory.resolution.names import normalise
from notifier.territory.resolve import Commune, commune_by_code, communes_in

MAX_FOUND = 30
_MAX_SORTED = 1_000
_FEWEST_DIGITS = 6
_NUMBER = re.compile(r"[+0-9\s.\-/()]+")


@dataclass(frozen=True)
class Found:
    """What was found, each at most MAX_FOUND."""

    communes: list[Commune] = field(default_factory=list)
    organisations: list[Organisation] = field(default_factory=list)
    mandates: list[Mandate] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.communes or self.organisations or self.mandates)


def search(
    text: str,
    communes: Collection[str] | None,
    departements: Collection[str],
    organisations: QuerySet[Organisation],
    mandates: QuerySet[Mandate],
) -> Found:
    """Return what the text may mean among what is given; three statements at most.

    Communes by name, its beginning, or code: those of `departements`, or among `communes`, or all
    where that is None. Names in any spelling, numbers and mailboxes as people write them.
    """
    wanted = strip_invisible(text).strip()
    if len(wanted) < 2:
        return Found()
    return Found(
        _communes(wanted, communes, departements),
        list(
            organisations.filter(Q(name__icontains=wanted) | Q(code__iexact=wanted))
            .exclude(kind="commune")
            .order_by("name", "id")[:MAX_FOUND]
        ),
        _mandates(wanted, mandates),
    )


def _communes(
    text: str, allowed: Collection[str] | None, departements: Collection[str]
) -> list[Commune]:
    key = normalise(text)
    exact = [commune_by_code(bearer.commune) for bearer in communes_named(key)]
    code = normalise_code(text)
    found = {one.code: one for one in [commune_by_code(code) if code else None, *exact] if one}
    candidates = [one for code in sorted(departements) for one in communes_in(code)]
    candidates += [one for one in map(commune_by_code, sorted(allowed or ())) if one]
    begun = (one for one in candidates if key and normalise(one.name).startswith(key))
    found |= {one.code: one for one in islice(begun, MAX_FOUND)}
    own = {one.code for one in candidates}
    return [one for one in found.values() if allowed is None or one.code in own][:MAX_FOUND]


def _mandates(text: str, mandates: QuerySet[Mandate]) -> list[Mandate]:
    rows = mandates.filter(_written_in(text)).select_related("person", "organisation")
    return list(rows.order_by("person__last_name", "person__first_name", "id")[:MAX_FOUND])


def _written_in(text: str) -> Q:
    digits = re.sub(r"\(0\)|\D", "", text)
    if len(digits) >= _FEWEST_DIGITS and _NUMBER.fullmatch(text):
        # Stored as +33639980001, whether one writes 06 39…, 0033 6 39… or the last digits of it.
        international = text.startswith(("+", "00"))
        written = f"+{digits.lstrip('0')}" if international else digits.lstrip("0")
        return _has_address(value__contains=written)
    if "@" in text:
        return _has_address(value__contains=text.lower())
    words = fold(text).split()
    if not words:
        return Q(pk=None)
    people = Person.objects.filter(*(Q(name_key__contains=word) for word in words))
    return Q(person__in=people)


def _has_address(**lookups: str) -> Q:
    return Q(Exists(Address.objects.filter(person=OuterRef("person"), **lookups)))


def by_name(organisations: QuerySet[Organisation]) -> list[Organisation]:
    """Return the first organisations as a dictionary orders them: "Châ" before "Chav".

    Beyond a thousand, those that the database puts first.
    """
    rows = organisations.order_by("name", "id")[:_MAX_SORTED]
    return sorted(rows, key=lambda one: (fold(one.name), one.pk))
