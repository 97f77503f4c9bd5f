"""Ask people to confirm by one tap that they hold their mandate and that an address is right.

Opening a link says nothing: mail filters open every one. "No" is kept for an administrator and
changes nothing by itself. A secret of 128 random bits stands in each text; the database holds its
SHA-256.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import defaultdict
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from notifier.directory.addresses import confirm
from notifier.directory.changes import changing
from notifier.directory.models import (
    ESCALATION_ORDER,
    Address,
    AddressKind,
    Answer,
    ChangeKind,
    ConfirmationCampaign,
    ConfirmationLink,
    ConfirmationRequest,
    Mandate,
    OrganisationKind,
    Origin,
)
from notifier.directory.on_call.shifts import local_moment
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

SECRET_LENGTH = 22
# How long a link is kept that opens nothing any more, should somebody ask where it went.
KEPT = timedelta(days=30)
# Between the last question of a campaign and the first of another.
MIN_INTERVAL = timedelta(days=7)
# Monday to Friday, local to the organisation: nobody is woken by a question that can wait.
OPENS, CLOSES = time(9), time(18)
_SATURDAY = 5
_BATCH = 1_000


class CampaignError(ValueError):
    """A campaign that cannot begin; the message is French."""


def start_campaign(
    name: str,
    mandates: QuerySet[Mandate],
    *,
    author: str,
    ends_at: datetime,
    remind_after_days: int,
    max_reminders: int,
) -> ConfirmationCampaign:
    """Have everybody asked who holds one of the mandates today, each person once.

    Town halls of the annuaire and residents of quarters are not, nor whom another campaign asks
    now or asked within MIN_INTERVAL. Raises CampaignError where nobody is left.
    """
    now = timezone.now()
    by_person: dict[int, list[Mandate]] = defaultdict(list)
    for mandate in _askable(mandates, now).select_related("organisation"):
        by_person[mandate.person_id].append(mandate)
    if not by_person:
        raise CampaignError(
            "Il n’y a personne à interroger : tous le sont déjà, ou l’ont été il y a moins de sept "
            "jours, ou personne n’est inscrit."
        )
    with transaction.atomic():
        campaign = ConfirmationCampaign.objects.create(
            name=name,
            author=author,
            started_at=now,
            ends_at=ends_at,
            remind_after_days=remind_after_days,
            max_reminders=max_reminders,
        )
        reachable = _reachable(list(by_person))
        requests = [
            _request(campaign, person, held, now, is_reachable=person in reachable)
            for person, held in by_person.items()
        ]
        ConfirmationRequest.objects.bulk_create(requests, batch_size=_BATCH)
        through = ConfirmationRequest.mandates.through
        through.objects.bulk_create(
            [
                through(confirmationrequest_id=one.pk, mandate_id=mandate.pk)
                for one in requests
                for mandate in by_person[one.person_id]
            ],
            batch_size=_BATCH,
        )
        text = (
            f"annuaire : campagne « {name} », {len(requests)} personnes à interroger, par {author}"
        )
        write_entries(
            [new_entry(None, Step.DIRECTORY, text, campaign=campaign.pk, people=len(requests))]
        )
    return campaign


def stop_campaign(campaign: ConfirmationCampaign, author: str) -> bool:
    """Ask nobody of it any more; its links open nothing. False if it was stopped already."""
    now = timezone.now()
    with transaction.atomic():
        running = ConfirmationCampaign.objects.filter(pk=campaign.pk, stopped_at=None)
        if not running.update(stopped_at=now, stopped_by=author):
            return False
        ConfirmationRequest.objects.filter(campaign=campaign).update(next_at=None)
        text = f"annuaire : campagne « {campaign.name} » arrêtée, par {author}"
        write_entries([new_entry(None, Step.DIRECTORY, text, campaign=campaign.pk)])
    return True


def due_requests(now: datetime, most: int) -> list[ConfirmationRequest]:
    """Return whom to ask now, the longest due first."""
    due = ConfirmationRequest.objects.filter(
        next_at__lte=now, answer=Answer.NONE, campaign__stopped_at=None, campaign__ends_at__gt=now
    )
    return list(due.select_related("campaign", "organisation").order_by("next_at", "pk")[:most])


def claim_sending(request: ConfirmationRequest, now: datetime) -> bool:
    """Count one more sending in the caller's transaction; False if others did, or it is night."""
    if (opening := next_office_moment(now, request.organisation.zone_info)) > now:
        postpone(request, opening)
        return False
    count = request.sent_count + 1
    again = now + timedelta(days=request.campaign.remind_after_days)
    is_last = count > request.campaign.max_reminders or again >= request.campaign.ends_at
    opening = next_office_moment(again, request.organisation.zone_info)
    # Of its own row alone: a stopped campaign has emptied `next_at`.
    claimed = _as_read(request).update(
        sent_count=count, last_sent_at=now, next_at=None if is_last else opening
    )
    return bool(claimed)


def postpone(request: ConfirmationRequest, until: datetime) -> bool:
    """Have it looked at later; False if others have sent it meanwhile."""
    return bool(_as_read(request).update(next_at=until))


def reachable_addresses(request: ConfirmationRequest) -> list[Address]:
    """Return the first usable mobile and the first usable mailbox."""
    first: dict[str, Address] = {}
    for address in Address.objects.filter(person=request.person_id).order_by("position", "id"):
        if address.kind != AddressKind.LANDLINE and address.is_usable:
            first.setdefault(address.kind, address)
    return list(first.values())


def new_link(request: ConfirmationRequest, address: Address, now: datetime) -> str:
    """Store a link to an address and return its secret."""
    secret = secrets.token_urlsafe(16)
    ConfirmationLink.objects.create(
        request=request,
        kind=address.kind,
        value=address.value,
        token_hash=_hash(secret),
        sent_at=now,
    )
    return secret


def open_link(secret: str, now: datetime) -> ConfirmationLink | None:
    """Return what a secret opens, changing nothing; None if nothing, or no longer."""
    if len(secret) != SECRET_LENGTH:
        return None
    links = ConfirmationLink.objects.filter(
        token_hash=_hash(secret),
        request__campaign__stopped_at=None,
        request__campaign__ends_at__gt=now,
    )
    return links.select_related("request__campaign", "request__organisation").first()


def mandates_asked(request: ConfirmationRequest, now: datetime) -> list[Mandate]:
    """Return the mandates that an answer is about and that last, in the order of telling."""
    held = request.mandates.filter(_lasting(now)).select_related("organisation")
    return sorted(held, key=lambda mandate: mandate.escalation_order)


def answer(secret: str, *, is_right: bool, now: datetime) -> ConfirmationLink | None:
    """Keep what somebody answered by a link, the first answer of each; None if it opens nothing.

    "Yes" confirms the mandates and the address of the link; where the same person said "no" by
    another link, neither.
    """
    link = open_link(secret, now)
    if link is None:
        return None
    said = Answer.YES if is_right else Answer.NO
    with transaction.atomic():
        mine = ConfirmationLink.objects.filter(pk=link.pk, answer=Answer.NONE)
        if mine.update(answer=said, answered_at=now):
            open_ones = ConfirmationRequest.objects.filter(pk=link.request_id)
            open_ones.filter(answer=Answer.NONE).update(answer=said, answered_at=now, next_at=None)
            if is_right and open_ones.filter(answer=Answer.YES).exists():
                _confirm(link, now)
            elif not is_right:
                name = link.request.campaign.name
                text = f"annuaire : campagne « {name} », une réponse « ce n’est plus moi »"
                write_entries(
                    [new_entry(None, Step.DIRECTORY, text, campaign=link.request.campaign_id)]
                )
    link.refresh_from_db()
    return link


def erase_links(now: datetime) -> None:
    """Erase the links of campaigns that are over for KEPT, and the addresses that they went to."""
    over = Q(campaign__ends_at__lt=now - KEPT) | Q(campaign__stopped_at__lt=now - KEPT)
    requests = ConfirmationRequest.objects.filter(over)
    ConfirmationLink.objects.filter(request__in=requests.values("pk")).delete()


def next_office_moment(at: datetime, zone: ZoneInfo) -> datetime:
    """Return `at` if offices are open then in the zone, else when they next open; in UTC."""
    local = at.astimezone(zone)
    day = local.date()
    if local.weekday() < _SATURDAY and OPENS <= local.time() < CLOSES:
        return at
    if local.time() >= OPENS:
        day += timedelta(days=1)
    while day.weekday() >= _SATURDAY:
        day += timedelta(days=1)
    return local_moment(datetime.combine(day, OPENS), zone)


def closing_time(at: datetime, zone: ZoneInfo) -> datetime:
    """Return when offices close on the local day of `at`, in UTC."""
    return local_moment(datetime.combine(at.astimezone(zone).date(), CLOSES), zone)


def _confirm(link: ConfirmationLink, now: datetime) -> None:
    way = "par SMS" if link.kind == AddressKind.MOBILE else "par courriel"
    with changing(ChangeKind.CONFIRMATION, f"l’intéressé, {way}", link.request.campaign.name):
        for mandate in link.request.mandates.select_for_update().filter(
            _lasting(now), is_confirmed=False
        ):
            mandate.is_confirmed = True
            mandate.save()
        # One that was replaced since is not confirmed by a text to the old one.
        own = Address.objects.select_for_update().filter(
            person=link.request.person_id, kind=link.kind, value=link.value
        )
        for address in own:
            confirm(address, now)


def _askable(mandates: QuerySet[Mandate], now: datetime) -> QuerySet[Mandate]:
    is_asked_now = Q(answer=Answer.NONE, campaign__stopped_at=None, campaign__ends_at__gt=now)
    # Else whoever begins, stops and begins again would write to them without end.
    was_asked = Q(last_sent_at__gt=now - MIN_INTERVAL)
    asked = ConfirmationRequest.objects.filter(is_asked_now | was_asked, person=OuterRef("person"))
    today = timezone.localdate(now)
    begun = Q(starts_on=None) | Q(starts_on__lte=today)
    return (
        mandates.filter(_lasting(now), begun)
        .exclude(origin=Origin.ANNUAIRE)
        .exclude(organisation__kind=OrganisationKind.QUARTER)
        .exclude(Exists(asked))
        .order_by("id")
    )


def _lasting(now: datetime) -> Q:
    return Q(ends_on=None) | Q(ends_on__gte=timezone.localdate(now))


def _reachable(people: list[int]) -> set[int]:
    found: set[int] = set()
    for start in range(0, len(people), _BATCH):
        rows = Address.objects.filter(person__in=people[start : start + _BATCH])
        found |= {
            address.person_id
            for address in rows.exclude(kind=AddressKind.LANDLINE)
            if address.is_usable
        }
    return found


def _request(
    campaign: ConfirmationCampaign,
    person: int,
    held: list[Mandate],
    now: datetime,
    *,
    is_reachable: bool,
) -> ConfirmationRequest:
    first = min(held, key=lambda one: (ESCALATION_ORDER[one.function], one.rank, one.pk))
    return ConfirmationRequest(
        campaign=campaign,
        person_id=person,
        organisation=first.organisation,
        next_at=next_office_moment(now, first.organisation.zone_info) if is_reachable else None,
    )


def _as_read(request: ConfirmationRequest) -> QuerySet[ConfirmationRequest]:
    return ConfirmationRequest.objects.filter(
        pk=request.pk,
        sent_count=request.sent_count,
        next_at=request.next_at,
        answer=Answer.NONE,
    )


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
