"""Where an alert of tonight would reach somebody, and what to mend: one function for all who ask.

The command, the doctor, the figures for monitoring and the mail to the administrators show this.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q

from notifier.directory.addresses import passed_over_addresses
from notifier.directory.commune_coverage import SILENT, Reach, communes_coverage
from notifier.directory.models import (
    ESCALATION_ORDER,
    Address,
    Mandate,
    OnCallShift,
    Organisation,
    OrganisationKind,
    function_title,
)
from notifier.directory.on_call.gaps import unplanned_gap
from notifier.directory.on_call.shifts import local_moment
from notifier.moments import weekday_moment
from notifier.territory.resolve import Commune, first_commune_in

# In the small hours nobody reads a mailbox: only a telephone that rings tells at once.
_NIGHT = time(3)
_GAP_WITHIN = timedelta(days=8)


@dataclass(frozen=True)
class Coverage:
    """The communes of a département at a moment; lists are in French and name nobody."""

    departement: str
    at: datetime
    communes: tuple[Commune, ...]
    by_phone: frozenset[str]
    """Codes of those where somebody's telephone rings."""
    by_mail_only: frozenset[str]
    unconfirmed: tuple[str, ...]
    """Mandates to be confirmed since an election."""
    failing: tuple[str, ...]
    """Addresses that failed for good or were refused, by whose they are."""
    gaps: tuple[str, ...]
    """When next nobody is on call although there is a rota, within eight days."""

    @property
    def by_nobody(self) -> frozenset[str]:
        """Codes of the communes where nobody is reached."""
        return frozenset(c.code for c in self.communes) - self.by_phone - self.by_mail_only

    @property
    def problems(self) -> tuple[str, ...]:
        """All that is to be mended, each in a line of its own."""
        labels = {commune.code: commune.label for commune in self.communes}
        return (
            *(f"{labels[code]} : personne" for code in sorted(self.by_nobody)),
            *(f"{labels[code]} : par courriel seulement" for code in sorted(self.by_mail_only)),
            *(f"à confirmer : {text}" for text in self.unconfirmed),
            *(f"en échec : {text}" for text in self.failing),
            *(f"astreinte sans personne : {text}" for text in self.gaps),
        )


def tonight(departement: str, now: datetime) -> datetime:
    """Return the next three o'clock in the morning of a département, aware and local."""
    first = first_commune_in(departement)
    zone = ZoneInfo(first.time_zone if first else settings.TIME_ZONE)
    local = now.astimezone(zone)
    day = local.date() if local.time() < _NIGHT else local.date() + timedelta(days=1)
    return local_moment(datetime.combine(day, _NIGHT), zone).astimezone(zone)


def coverage(departement: str, at: datetime) -> Coverage:
    """Return who can be reached in each commune of a département at a moment (aware).

    One statement, and five for what is to be mended.
    """
    found = communes_coverage(departement, at)
    return Coverage(
        departement=departement,
        at=at,
        communes=tuple(one.commune for one in found),
        by_phone=frozenset(one.commune.code for one in found if one.reach not in SILENT),
        by_mail_only=frozenset(one.commune.code for one in found if one.reach is Reach.MAIL),
        unconfirmed=tuple(_unconfirmed(departement, at)),
        failing=tuple(_failing(departement, at)),
        gaps=tuple(_gaps(departement, at)),
    )


def _in_communes(departement: str, prefix: str = "organisation__") -> Q:
    """Match what belongs to a commune of the département: its codes begin with it."""
    return Q(
        **{f"{prefix}kind": OrganisationKind.COMMUNE, f"{prefix}code__startswith": departement}
    )


def _unconfirmed(departement: str, at: datetime) -> Iterator[str]:
    rows = Mandate.objects.filter(_in_communes(departement), is_confirmed=False)
    for mandate in _lasting(rows.select_related("organisation"), at):
        yield f"{mandate.organisation}, {mandate.title}"


def _lasting(rows: Iterable[Mandate], at: datetime) -> list[Mandate]:
    day = at.date()
    lasting = [m for m in rows if m.ends_on is None or m.ends_on >= day]
    return sorted(lasting, key=lambda m: (m.organisation.code, ESCALATION_ORDER[m.function]))


def _failing(departement: str, at: datetime) -> Iterator[str]:
    organisations = Organisation.objects.filter(_in_communes(departement, ""))
    found = passed_over_addresses(list(organisations.values_list("pk", flat=True)))
    by_person: dict[int, list[Address]] = {}
    for address in found:
        by_person.setdefault(address.person_id, []).append(address)
    mandates = Mandate.objects.filter(_in_communes(departement), person__in=by_person)
    for mandate in _lasting(mandates.select_related("organisation"), at):
        title = function_title(mandate.function, mandate.rank)
        for address in by_person[mandate.person_id]:
            why = "refusé par son titulaire" if address.opted_out_at else address.failing_reason
            kind = address.get_kind_display()
            yield f"{mandate.organisation}, {title}, {kind}{f' ({why})' if why else ''}"


def _gaps(departement: str, at: datetime) -> Iterator[str]:
    """Yield when nobody is on call; a rotation that goes on is extended before it runs out."""
    with_rota = OnCallShift.objects.filter(_in_communes(departement)).values("organisation")
    for organisation in Organisation.objects.filter(pk__in=with_rota).order_by("code"):
        if gap := unplanned_gap(organisation, at, _GAP_WITHIN):
            moment = weekday_moment(gap.starts_at.astimezone(organisation.zone_info))
            yield f"{organisation}, à partir du {moment}"
