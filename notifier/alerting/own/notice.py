"""Tell a person what was just changed of their own by a link: a short text at each address.

Never more than one for each change and address; how many changes there can be in an hour, the
directory holds (notifier.directory.own_data). The address that it is about is never whole in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from django.utils import timezone

from notifier.alerting.policy.current import composer
from notifier.delivery.address import mask
from notifier.delivery.models import Channel, Lane
from notifier.delivery.outbox import OutgoingMessage, enqueue_messages
from notifier.directory.models import Address, AddressKind, Preferences
from notifier.directory.own_data import OwnData
from notifier.intake.models import Source
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries
from notifier.moments import short_hour, weekday_moment, written_moment
from notifier.territory.phones import format_number

# Whoever reads it days later still learns of it, and when it was.
LIFETIME = timedelta(days=3)
_MAX_TITLE = 80


class What(StrEnum):
    """What was changed, as the templates know it."""

    ADDED = "added"
    REMOVED = "removed"
    REFUSED = "refused"
    BACK = "back"
    AWAY = "away"
    CHANNELS = "channels"
    QUIET = "quiet"


_IN_JOURNAL = {
    What.ADDED: "ajouté par un code lu",
    What.REMOVED: "retiré",
    What.REFUSED: "refusé (STOP)",
    What.BACK: "de nouveau accepté",
    What.AWAY: "absence notée",
    What.CHANNELS: "préférences changées (hors urgence, {channels})",
    What.QUIET: "préférences changées (heures calmes {hours})",
}


@dataclass(frozen=True)
class Notice:
    """One change by a link of a text of a source."""

    own: OwnData
    source: Source
    what: What
    address: Address | None = None
    """The one that it is about, as it was before; None of an absence."""
    period: tuple[datetime, datetime] | None = None
    """Of an absence, from when to when."""
    chosen: Preferences | None = None
    """As they are from now on, of a change of them."""


def tell(notice: Notice, usable: Collection[Address]) -> None:
    """Enqueue the text to these addresses, in the caller's transaction, and note it.

    Landlines are left out: nobody is woken by a call for it.
    """
    now = timezone.now()
    told = [one for one in usable if one.kind != AddressKind.LANDLINE]
    enqueue_messages([_message(notice, address, now) for address in told])
    own = notice.own
    of_what = f", {mask(notice.address.value)}" if notice.address else ""
    said = f"{len(told)} adresses" if len(told) > 1 else f"{len(told) or 'aucune'} adresse"
    words = _words(notice.chosen)
    done = _IN_JOURNAL[notice.what].format(**{**words, "hours": words["hours"] or "retirées"})
    text = (
        f"{own.mandate.title} de {own.organisation.name} ({own.organisation.ref}){of_what} : "
        f"{done} par le lien d’un texte, dit à {said} de la personne."
    )
    ref = str(own.organisation.ref)
    write_entries([new_entry(None, Step.DIRECTORY, text, organisation=ref, told=len(told))])


def _message(notice: Notice, address: Address, now: datetime) -> OutgoingMessage:
    is_sms = address.kind == AddressKind.MOBILE
    facts = _facts(notice, now)
    subject, body = (
        ("", composer().own_change_sms(facts)) if is_sms else composer().own_change(facts)
    )
    return OutgoingMessage(
        channel=Channel.SMS if is_sms else Channel.EMAIL,
        address=address.value,
        recipient=f"person:{address.person_id}",
        title=notice.own.mandate.title[:_MAX_TITLE],
        subject=subject,
        body=body,
        lane=Lane.ROUTINE,
        expires_at=now + LIFETIME,
        incident_id=None,
    )


def _facts(notice: Notice, now: datetime) -> dict[str, object]:
    """Return the words of the templates: those of SAMPLE_OWN_CHANGE."""
    organisation, address = notice.own.organisation, notice.address
    zone = organisation.zone_info
    local = now.astimezone(zone)
    starts, ends = (at.astimezone(zone) for at in notice.period or (now, now))
    duty = notice.source.duty_phone
    return {
        "organisation": organisation.name,
        "what": notice.what.value,
        "address": _recognisable(address) if address else "",
        "short_address": f"un {_KINDS[AddressKind(address.kind)]}" if address else "",
        "masked": mask(address.value) if address else "",
        "moment": _short(local),
        "written_moment": written_moment(local).removeprefix("le "),
        "starts": _short(starts),
        "ends": _short(ends),
        "period": f"du {weekday_moment(starts)} au {weekday_moment(ends)}",
        **_words(notice.chosen),
        "contact": notice.source.service if duty else organisation.name,
        "phone": format_number(duty) if duty else organisation.phone.strip(),
    }


def _words(chosen: Preferences | None) -> dict[str, str]:
    """Return how the channels and the quiet hours are said."""
    ways = chosen.routine_channels if chosen else []
    one = _WAYS[ways[0]] if len(ways) == 1 else ""
    return {
        "channels": f"par {one} seulement" if one else "par SMS et par courriel",
        "hours": _hours(chosen, lambda at: f"{at.hour}h{at:%M}" if at.minute else f"{at.hour}h"),
        "written_hours": _hours(chosen, lambda at: f"{at.hour} h {at:%M}"),
    }


def _hours(chosen: Preferences | None, written: Callable[[time], str]) -> str:
    """Return "de 22h à 7h30", the hours so written; "" where there are none."""
    if chosen is None or chosen.quiet_from is None or chosen.quiet_until is None:
        return ""
    return f"de {written(chosen.quiet_from)} à {written(chosen.quiet_until)}"


_WAYS = {Channel.SMS.value: "SMS", Channel.EMAIL.value: "courriel"}
_KINDS = {
    AddressKind.MOBILE: "mobile",
    AddressKind.LANDLINE: "fixe",
    AddressKind.EMAIL: "courriel",
}


def _recognisable(address: Address) -> str:
    """Name an address by what its owner knows it by, and nobody else."""
    kind = _KINDS[AddressKind(address.kind)]
    if address.kind == AddressKind.EMAIL:
        return f"le {kind} en @{address.value.rpartition('@')[2]}"
    return f"le {kind} finissant par {address.value[-2:]}"


def _short(at: datetime) -> str:
    return f"{at:%d/%m} à {short_hour(at)}"
