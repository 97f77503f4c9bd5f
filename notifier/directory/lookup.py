"""Find whom a person means at a keyboard: a mandate of an organisation, a moment in local time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, time
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from notifier.directory.models import Address, Mandate, Organisation, Person
from notifier.directory.names import fold
from notifier.directory.on_call.shifts import local_moment
from notifier.mailbox import strip_invisible

_MAX_LISTED = 10
_MAX_PEOPLE = 50
_DAY = re.compile(
    r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})|(?P<d2>\d{1,2})/(?P<m2>\d{1,2})/(?P<y2>\d{4})"
)
_HOUR = re.compile(r"(\d{1,2})(?:\s*[h:]\s*(\d{2})?)?")


class LookupRefused(ValueError):
    """What was written names nobody, several people, or no moment; the message is French."""


def organisation_named(within: QuerySet[Organisation], text: str) -> Organisation:
    """Return the organisation that is meant, of these: by its code or its name, or how it begins.

    Raises LookupRefused when none or several may be meant.
    """
    wanted = " ".join(strip_invisible(text).split())
    kind, _, code = wanted.partition(":")
    ways: list[dict[str, object]] = [{"kind": kind, "code": code}] if code else []
    ways.append({"code__in": {wanted, wanted.upper(), wanted.lower()}})
    ways += [{"name__iexact": wanted}, {"name__istartswith": wanted}]
    for way in ways:
        found = list(within.filter(**way).order_by("kind", "name", "code")[: _MAX_LISTED + 1])
        if len(found) == 1:
            return found[0]
        if found:
            listed = ", ".join(f"{one.name} ({one.code})" for one in found[:_MAX_LISTED])
            more = " et d’autres" if len(found) > _MAX_LISTED else ""
            raise LookupRefused(f"« {text} » peut être {listed}{more} : écrire le code")
    raise LookupRefused(f"« {text} » n’est le nom ou le code d’aucun organisme de votre territoire")


def people_named(within: QuerySet[Person], text: str) -> list[Person]:
    """Return those of these people whose names have all the words, whole or begun.

    Raises LookupRefused when there is nobody, or too many to be meant.
    """
    words = fold(strip_invisible(text)).split()
    begun = [Q(name_key__startswith=word) | Q(name_key__contains=f" {word}") for word in words]
    found = list(within.filter(*begun).order_by("pk")[: _MAX_PEOPLE + 1]) if words else []
    if not found:
        raise LookupRefused(f"« {text} » n’est le nom de personne dans votre territoire")
    if len(found) > _MAX_PEOPLE:
        raise LookupRefused(
            f"« {text} » peut être plus de {_MAX_PEOPLE} personnes : écrire le nom et le prénom"
        )
    return found


def mandate_named(organisation: Organisation, text: str, at: datetime) -> Mandate:
    """Return the mandate of the organisation that is meant, one that has not ended at `at`.

    By its number, the person's e-mail or telephone, the function ("1er adjoint") or the name, whole
    or in part. Raises LookupRefused when none or several may be meant: nobody is guessed.
    """
    present = mandates_since(organisation, at)
    wanted = strip_invisible(text)
    for matches in (_is_numbered, _has_address, _has_title, _has_name, _has_part_of_name):
        found = [mandate for mandate in present if matches(wanted, mandate)]
        if len(found) == 1:
            return found[0]
        if found:
            raise LookupRefused(
                f"« {text} » peut être plusieurs personnes de {organisation} : {_listed(found)} ; "
                "préciser par le courriel, ou par le numéro entre parenthèses"
            )
    raise LookupRefused(
        f"« {text} » n’est personne de {organisation}"
        + (f" ; il y a {_listed(present)}" if present else ", où personne n’est inscrit")
    )


def addresses_named(text: str) -> list[Address]:
    """Return the addresses that are meant: one by its number or mailbox, or all of a person.

    Raises LookupRefused when the name may be that of several people, or of nobody.
    """
    wanted = strip_invisible(text)
    rows = Address.objects.select_related("person").order_by("person_id", "position", "id")
    if found := list(rows.filter(value__in=_as_stored(wanted))):
        return found
    words = fold(wanted).split()
    people = Person.objects.filter(name_key__contains=words[0]) if words else []
    named = [one for one in people if sorted(one.name_key.split()) == sorted(words)]
    if len(named) > 1:
        raise LookupRefused(
            f"« {text} » peut être {len(named)} personnes de l’annuaire : préciser par le courriel "
            "ou le mobile"
        )
    found = list(rows.filter(person__in=named))
    if not found:
        raise LookupRefused(
            f"« {text} » n’est ni une adresse ni le nom complet de quelqu’un de l’annuaire"
        )
    return found


def mandates_since(organisation: Organisation, at: datetime) -> list[Mandate]:
    """Return the organisation's mandates that have not ended, in order, with their people."""
    today = at.astimezone(organisation.zone_info).date()
    mandates = Mandate.objects.filter(organisation=organisation)
    present = mandates.filter(Q(ends_on=None) | Q(ends_on__gte=today))
    rows = present.select_related("person", "organisation").prefetch_related("person__addresses")
    return sorted(rows, key=lambda mandate: mandate.escalation_order)


def describe_mandate(mandate: Mandate) -> str:
    """Return "Anne Merisier, 1er adjoint" for people who may see names."""
    name = mandate.holder_name
    return f"{name}, {mandate.title}" if mandate.person.name else name


def parse_moment(text: str, zone: ZoneInfo, default: time = time()) -> datetime:
    """Read "2026-12-05 03:00" or "05/12/2026 3 h" as local time; return it in UTC.

    Without an hour it is `default`. Raises LookupRefused.
    """
    return local_moment(parse_local(text, default), zone)


def parse_local(text: str, default: time = time()) -> datetime:
    """Read a local date and time; see `parse_moment`. Returns a naive datetime."""
    written = " ".join(text.replace("T", " ").split())
    day, _, hour = written.partition(" ")
    found = _DAY.fullmatch(day)
    hours = _HOUR.fullmatch(hour) if hour else None
    try:
        if found is None or (hour and hours is None):
            raise ValueError
        year, month, number = (int(found[part] or found[f"{part}2"]) for part in "ymd")
        if not 2000 <= year < 2100:
            raise ValueError
        at = time(int(hours[1]), int(hours[2] or 0)) if hours else default
        return datetime(year, month, number, at.hour, at.minute)  # noqa: DTZ001 - local
    except ValueError:
        raise LookupRefused(
            f"« {text} » n’est pas un moment : écrire par exemple « 2026-12-05 18:00 » ou "
            "« 05/12/2026 18h »"
        ) from None


def _is_numbered(wanted: str, mandate: Mandate) -> bool:
    number = re.fullmatch(r"(?:n[°o]\s*)?([0-9]{1,9})", wanted)
    return number is not None and int(number[1]) == mandate.pk


def _has_address(wanted: str, mandate: Mandate) -> bool:
    forms = _as_stored(wanted)
    return any(address.value in forms for address in mandate.person.addresses.all())


def _as_stored(wanted: str) -> tuple[str, str]:
    """Return in which forms an address that was written so may be stored."""
    compact = wanted.lower() if "@" in wanted else re.sub(r"[\s.]", "", wanted)
    return compact, re.sub(r"^0(?=[1-9][0-9]{8}$)", "+33", compact)


def _has_title(wanted: str, mandate: Mandate) -> bool:
    return fold(wanted) == fold(mandate.title)


def _has_name(wanted: str, mandate: Mandate) -> bool:
    words = fold(wanted).split()
    return bool(words) and sorted(words) == sorted(mandate.person.name_key.split())


def _has_part_of_name(wanted: str, mandate: Mandate) -> bool:
    words = fold(wanted).split()
    return bool(words) and set(words) <= set(mandate.person.name_key.split())


def _listed(mandates: Sequence[Mandate]) -> str:
    shown = [f"{describe_mandate(m)} (n° {m.pk})" for m in mandates[:_MAX_LISTED]]
    more = len(mandates) - len(shown)
    return ", ".join(shown) + (f" et {more} autres" if more else "")
