"""How each commune of a département would be reached at a moment, and what to mend first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Case, Count, DateField, Exists, OuterRef, Q, Value, When
from django.db.models.enums import TextChoices
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from notifier.directory.availability import makes_calls
from notifier.directory.models import (
    MAX_FAILURES,
    Absence,
    AddressKind,
    Mandate,
    OrganisationKind,
)
from notifier.directory.names import fold
from notifier.territory.resolve import Commune, communes_in


class Reach(TextChoices):
    """By what a commune is reached; the worst first, which is the order of mending."""

    NOBODY = "nobody", "personne n’est joint"
    LANDLINE = "landline", "fixe seulement"
    MAIL = "mail", "courriel seulement"
    VOICE = "voice", "appel vocal seulement"
    SINGLE = "single", "une seule personne"
    PHONE = "phone", "plusieurs personnes"


def reaches() -> list[Reach]:
    """Return by what communes are reached here: landlines by a call, or by nothing."""
    other = Reach.LANDLINE if makes_calls() else Reach.VOICE
    return [reach for reach in Reach if reach is not other]


class ToMend(TextChoices):
    """What communes are looked for: those of which something is to be mended."""

    SILENT = "silent", "aucun téléphone ne sonne cette nuit"
    NOBODY = "nobody", "personne n’est joint"
    LANDLINE = "landline", "téléphone fixe seulement"
    MAIL = "mail", "courriel seulement"
    SINGLE = "single", "une seule personne à joindre par SMS"
    UNCONFIRMED = "unconfirmed", "mandats à confirmer"
    FAILING = "failing", "adresses en échec ou refusées"


# Nobody's telephone rings.
SILENT = frozenset({Reach.NOBODY, Reach.LANDLINE, Reach.MAIL})
_ORDER = {reach: place for place, reach in enumerate(Reach)}


@dataclass(frozen=True)
class CommuneCoverage:
    """A commune at a moment: how many people are reached by what, and what is to be mended."""

    commune: Commune
    by_phone: int = 0
    """People whose telephone receives a text."""
    by_mail: int = 0
    by_landline: int = 0
    """People with a landline; it takes no text."""
    makes_calls: bool = False
    """Whether the service calls landlines for what is urgent."""
    unconfirmed: int = 0
    """Mandates to be confirmed since an election."""
    failing: int = 0
    """Addresses that failed for good or were refused."""

    @property
    def reach(self) -> Reach:
        """By what the commune is reached."""
        if self.by_phone:
            return Reach.SINGLE if self.by_phone == 1 else Reach.PHONE
        if self.by_landline and self.makes_calls:
            return Reach.VOICE
        if self.by_mail:
            return Reach.MAIL
        return Reach.LANDLINE if self.by_landline else Reach.NOBODY

    def is_to_mend(self, what: ToMend) -> bool:
        """Return whether this is to be mended here."""
        match what:
            case ToMend.SILENT:
                return self.reach in SILENT
            case ToMend.LANDLINE:
                return self.reach in (Reach.LANDLINE, Reach.VOICE)
            case ToMend.UNCONFIRMED:
                return self.unconfirmed > 0
            case ToMend.FAILING:
                return self.failing > 0
        return self.reach == what.value

    @property
    def urgency(self) -> tuple[int, int, int, str]:
        """What is to be mended first sorts first."""
        return (_ORDER[self.reach], -self.failing, -self.unconfirmed, self.commune.code)


def named_like(found: Iterable[CommuneCoverage], text: str) -> list[CommuneCoverage]:
    """Return the communes whose name holds the words in any spelling, or whose code begins so."""
    words, code = fold(text), "".join(text.split()).upper()
    return [
        one
        for one in found
        if one.commune.code.startswith(code) or (words and words in fold(one.commune.name))
    ]


def communes_coverage(departement: str, at: datetime) -> list[CommuneCoverage]:
    """Return every commune of a département at a moment (aware), ordered by code. One statement.

    Whoever is in office and not absent is told, or stands in; who comes first changes nothing here.
    """
    communes = communes_in(departement)
    found = {row["organisation__code"]: row for row in _counted(departement, communes, at)}
    return [_to_coverage(commune, found.get(commune.code, {})) for commune in communes]


def _to_coverage(commune: Commune, row: Mapping[str, Any]) -> CommuneCoverage:
    counts = {name: row[name] for name in _COUNTS if name in row}
    return CommuneCoverage(commune, makes_calls=makes_calls(), **counts)


_COUNTS = ("by_phone", "by_mail", "by_landline", "unconfirmed", "failing")


def _counted(
    departement: str, communes: Iterable[Commune], at: datetime
) -> Iterable[Mapping[str, Any]]:
    usable = Q(person__addresses__opted_out_at=None, person__addresses__failures__lt=MAX_FAILURES)
    absent = Absence.objects.filter(mandate=OuterRef("pk"), starts_at__lte=at, ends_at__gt=at)
    present = Q(starts_from__lte=_day(communes, at)) & ~Q(Exists(absent))

    def reached(kind: AddressKind) -> Count:
        return Count(
            "person", filter=present & usable & Q(person__addresses__kind=kind), distinct=True
        )

    lasting = Mandate.objects.filter(
        Q(ends_on=None) | Q(ends_on__gte=_day(communes, at)),
        organisation__kind=OrganisationKind.COMMUNE,
        organisation__departement=departement,
    )
    return (
        lasting.alias(starts_from=Coalesce("starts_on", Value(date.min)))
        .order_by()
        .values("organisation__code")
        .annotate(
            by_phone=reached(AddressKind.MOBILE),
            by_mail=reached(AddressKind.EMAIL),
            by_landline=reached(AddressKind.LANDLINE),
            unconfirmed=Count("pk", filter=Q(is_confirmed=False), distinct=True),
            failing=Count(
                "person__addresses",
                filter=Q(person__addresses__isnull=False) & ~usable,
                distinct=True,
            ),
        )
    )


def _day(communes: Iterable[Commune], at: datetime) -> Combinable:
    """Return the day that a moment is for the organisation of a row, in its own time zone."""
    zones = sorted({commune.time_zone for commune in communes})
    days = {zone: at.astimezone(ZoneInfo(zone)).date() for zone in zones}
    return Case(
        *(When(organisation__time_zone=zone, then=Value(day)) for zone, day in days.items()),
        default=Value(at.date()),
        output_field=DateField(),
    )
