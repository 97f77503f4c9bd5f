"""Calendars at a secret address: of an organisation's shifts and absences, or of a person's own.

The secret is 256 random bits, shown once; the database holds its SHA-256, which is enough, for no
dictionary can guess it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from notifier.directory.lookup import describe_mandate
from notifier.directory.models import Absence, CalendarFeed, OnCallShift, Organisation, Person
from notifier.directory.on_call.calendar_out import CalendarEntry
from notifier.directory.on_call.planning import HORIZON

# How much of what is past a calendar keeps.
KEPT = timedelta(weeks=8)
# What a secret looks like; anything else is none, and is not looked for.
SECRET_LENGTH = 43


@dataclass(frozen=True)
class Feed:
    """What a calendar holds; moments are to be written in the local time of `zone`."""

    name: str
    zone: ZoneInfo
    entries: tuple[CalendarEntry, ...]

    @property
    def tag(self) -> str:
        """Changes whenever the content does, and only then."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:32]


def open_feed(owner: Organisation | Person, author: str, now: datetime) -> str:
    """Create the owner's secret and return it; an older one opens nothing any more."""
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        # Of two at once, the later one's secret is the one that opens.
        type(owner)._default_manager.select_for_update(no_key=True).get(pk=owner.pk)
        close_feed(owner, now)
        CalendarFeed.objects.create(
            token_hash=_hash(secret), created_at=now, created_by=author, **_of(owner)
        )
    return secret


def close_feed(owner: Organisation | Person, now: datetime) -> bool:
    """Revoke the owner's secret; return whether there was one."""
    return bool(open_feeds(owner).update(revoked_at=now))


def open_feeds(owner: Organisation | Person) -> QuerySet[CalendarFeed]:
    """Return the owner's feed that is open: one, or none."""
    return CalendarFeed.objects.filter(revoked_at=None, **_of(owner))


def feed_address(secret: str) -> str:
    """Return the address to be given to a calendar program."""
    return f"{settings.ENVIRONMENT.PUBLIC_URL.rstrip('/')}/api/v1/calendars/{secret}.ics"


def read_feed(secret: str, now: datetime) -> Feed | None:
    """Return what the calendar of a secret holds; None if it opens nothing. Three statements."""
    if len(secret) != SECRET_LENGTH:
        return None
    feeds = CalendarFeed.objects.select_related("organisation", "person")
    feed = feeds.filter(token_hash=_hash(secret), revoked_at=None).first()
    if feed is None:
        return None
    if feed.organisation is not None:
        return _of_organisation(feed.organisation, now)
    return _of_person(feed.person_id, now)


def _of_organisation(organisation: Organisation, now: datetime) -> Feed:
    shifts = OnCallShift.objects.filter(organisation=organisation)
    absences = Absence.objects.filter(mandate__organisation=organisation)
    entries = [
        *(
            _entry(s, "ASTREINTE", f"Astreinte : {describe_mandate(s.mandate)}")
            for s in _near_shifts(shifts, now)
        ),
        *(
            _entry(a, "ABSENCE", f"Absence : {describe_mandate(a.mandate)}{_replaced(a)}")
            for a in _near_absences(absences, now)
        ),
    ]
    return Feed(f"Astreintes, {organisation.name}", organisation.zone_info, tuple(entries))


def _of_person(person_id: int | None, now: datetime) -> Feed:
    shifts = list(_near_shifts(OnCallShift.objects.filter(mandate__person=person_id), now))
    absences = list(_near_absences(Absence.objects.filter(mandate__person=person_id), now))
    organisations = [*(s.organisation for s in shifts), *(a.mandate.organisation for a in absences)]
    zone = organisations[0].zone_info if organisations else ZoneInfo(settings.TIME_ZONE)
    entries = [
        *(_entry(s, "ASTREINTE", f"Astreinte, {s.organisation.name}") for s in shifts),
        *(
            _entry(a, "ABSENCE", f"Absence, {a.mandate.organisation.name}{_replaced(a)}")
            for a in absences
        ),
    ]
    return Feed("Mes astreintes", zone, tuple(entries))


def _near_shifts(shifts: QuerySet[OnCallShift], now: datetime) -> Iterable[OnCallShift]:
    near = shifts.filter(ends_at__gt=now - KEPT, starts_at__lt=now + HORIZON)
    return near.select_related("organisation", "mandate__person").order_by("starts_at", "id")


def _near_absences(absences: QuerySet[Absence], now: datetime) -> Iterable[Absence]:
    near = absences.filter(ends_at__gt=now - KEPT, starts_at__lt=now + HORIZON)
    people = ("mandate__organisation", "mandate__person", "stand_in__person")
    return near.select_related(*people).order_by("starts_at", "id")


def _replaced(absence: Absence) -> str:
    stand_in = absence.stand_in
    return f" (remplacé par {describe_mandate(stand_in)})" if stand_in else ""


def _entry(row: OnCallShift | Absence, category: str, summary: str) -> CalendarEntry:
    uid = uuid5(NAMESPACE_URL, f"{settings.ENVIRONMENT.PUBLIC_URL}/{category}/{row.pk}")
    return CalendarEntry(str(uid), row.starts_at, row.ends_at, summary, category)


def _of(owner: Organisation | Person) -> dict[str, Organisation | Person]:
    return {"organisation" if isinstance(owner, Organisation) else "person": owner}


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
