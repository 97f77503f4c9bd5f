"""A campaign asks each person once, by day, within limits; an answer confirms what it is about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone

from notifier.alerting.confirmations import send_due
from notifier.alerting.content.gsm import sms_size
from notifier.alerting.models import QuotaUsage
from notifier.alerting.policy.current import composer
from notifier.alerting.throttling.pause import pause, resume
from notifier.delivery.models import Channel, Lane, Message
from notifier.directory.confirmation import (
    CampaignError,
    answer,
    erase_links,
    next_office_moment,
    open_link,
    start_campaign,
    stop_campaign,
)
from notifier.directory.models import (
    Address,
    Change,
    ConfirmationCampaign,
    ConfirmationLink,
    ConfirmationRequest,
    Mandate,
    Origin,
)
from notifier.intake.models import Source
from tests.directory.people import organisation, somebody

pytestmark = pytest.mark.django_db
TUESDAY = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
MOBILE, MAIL = "+33639980001", "anne@delle.example"
LINK = re.compile(r"/c/([\w-]{22})(?![\w-])")


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(TUESDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def mayor() -> Mandate:
    mandate = somebody(organisation(), "Noyer", "maire", mobile=MOBILE, email=MAIL)
    Mandate.objects.update(is_confirmed=False)
    return mandate


def campaign(**fields: Any) -> ConfirmationCampaign:
    given = {
        "author": "anne", "ends_at": timezone.now() + 30 * DAY, "remind_after_days": 3,
        "max_reminders": 2,
    } | fields  # fmt: skip
    return start_campaign("Essai", given.pop("mandates", Mandate.objects.all()), **given)


def sent() -> list[tuple[str, str]]:
    return list(Message.objects.order_by("pk").values_list("channel", "address"))


def secrets() -> dict[str, str]:
    """The secrets that the last texts carried, by channel."""
    found = {}
    for message in Message.objects.order_by("pk"):
        matched = LINK.search(message.body)
        assert matched, message.body
        found[message.channel] = matched[1]
    return found


def stored() -> list[Any]:
    return [list(m.objects.order_by("pk").values()) for m in (Mandate, Address, Change)]


def test_each_address_is_asked_with_a_secret_of_its_own(clock, source: Source, mayor) -> None:
    campaign()
    send_due()
    send_due()
    assert sent() == [("sms", MOBILE), ("email", MAIL)]
    both = secrets()
    assert both["sms"] != both["email"]
    sms = Message.objects.get(channel=Channel.SMS)
    assert sms_size(sms.body).segments == 1
    assert sms_size(sms.body).encoding == "GSM-7"
    assert (sms.lane, sms.pause_key) == (Lane.ROUTINE, str(source.pk))
    assert not {"\u00a0", "\u202f"} & set(sms.body)
    assert "Noyer" not in sms.body + Message.objects.get(channel="email").body
    assert not ConfirmationLink.objects.filter(token_hash__in=both.values()).exists()


def test_an_sms_takes_one_segment_whatever_the_commune_is_called() -> None:
    facts = {
        "service": "Gendarmerie nationale", "function": "directeur général des services",
        "organisation": "Saint-Remy-en-Bouzemont-Saint-Genest-et-Isson", "reminder": True,
        "functions": [], "until": "1er janvier 2027",
        "url": f"https://alertes.departement.gouv.example/c/{'x' * 22}",
    }  # fmt: skip
    sms = composer().confirmation_sms(facts)
    assert sms_size(sms).segments == 1
    assert facts["url"] in sms


def test_opening_says_nothing_and_yes_confirms_the_mandate_and_that_address(
    clock, source, mayor: Mandate
) -> None:
    campaign()
    send_due()
    before = stored()
    for secret in secrets().values():
        assert open_link(secret, timezone.now())
    assert stored() == before
    assert answer(secrets()["sms"], is_right=True, now=timezone.now())
    mayor.refresh_from_db()
    assert mayor.is_confirmed
    confirmed = Address.objects.exclude(confirmed_on=None).values_list("value", flat=True)
    assert list(confirmed) == [MOBILE]
    assert Change.objects.latest("pk").author == "l’intéressé, par SMS"
    count = Change.objects.count()
    answer(secrets()["sms"], is_right=False, now=timezone.now())
    assert ConfirmationRequest.objects.get().answer == "yes"
    assert Change.objects.count() == count
    answer(secrets()["email"], is_right=True, now=timezone.now())
    assert not Address.objects.filter(confirmed_on=None).exists()


def test_no_is_kept_for_an_administrator_and_changes_nothing(clock, source, mayor) -> None:
    campaign()
    send_due()
    before = stored()
    answer(secrets()["sms"], is_right=False, now=timezone.now())
    assert stored() == before
    assert ConfirmationRequest.objects.get().answer == "no"
    answer(secrets()["email"], is_right=True, now=timezone.now())
    assert stored() == before
    clock.shift(10 * DAY)
    send_due()
    assert len(sent()) == 2


def test_an_address_that_was_replaced_since_is_not_confirmed(clock, source, mayor) -> None:
    campaign()
    send_due()
    Address.objects.filter(value=MOBILE).update(value="+33639980002")
    answer(secrets()["sms"], is_right=True, now=timezone.now())
    assert not Address.objects.exclude(confirmed_on=None).exists()


def test_it_reminds_twice_at_most_and_by_day(clock, source, mayor) -> None:
    campaign()
    asked = []
    for _ in range(8 * 25):
        before = len(sent())
        send_due()
        if len(sent()) > before:
            asked.append(timezone.now().astimezone(ZoneInfo("Europe/Paris")))
        clock.shift(timedelta(hours=3))
    assert len(asked) == 3
    assert all(at.weekday() < 5 and 9 <= at.hour < 18 for at in asked)
    assert all(later - earlier >= 3 * DAY for earlier, later in pairwise(asked))
    assert "rappel" in Message.objects.filter(channel="sms").latest("pk").body


PARIS, REUNION, TAHITI = "Europe/Paris", "Indian/Reunion", "Pacific/Tahiti"


@pytest.mark.parametrize(
    ("at", "opens", "zone"),
    [
        ("2026-11-24 08:00", "2026-11-24 08:00", PARIS),
        ("2026-11-24 07:59", "2026-11-24 08:00", PARIS),
        ("2026-11-24 17:00", "2026-11-25 08:00", PARIS),
        ("2026-11-27 20:00", "2026-11-30 08:00", PARIS),
        ("2026-11-28 02:00", "2026-11-30 08:00", PARIS),
        ("2026-03-28 12:00", "2026-03-30 07:00", PARIS),  # summer time begins that night
        ("2026-11-24 09:00", "2026-11-24 09:00", REUNION),
        ("2026-11-24 09:00", "2026-11-24 19:00", TAHITI),
    ],
)
def test_offices_are_open_by_their_own_clock(at: str, opens: str, zone: str) -> None:
    opened = next_office_moment(datetime.fromisoformat(f"{at}+00:00"), ZoneInfo(zone))
    assert opened == datetime.fromisoformat(f"{opens}+00:00")


def test_at_night_nothing_leaves_though_it_is_due(clock, source, mayor) -> None:
    campaign()
    clock.move_to(datetime(2026, 11, 24, 23, tzinfo=UTC))
    send_due()
    assert sent() == []
    clock.move_to(datetime(2026, 11, 25, 9, tzinfo=UTC))
    send_due()
    assert len(sent()) == 2
    assert {m.expires_at for m in Message.objects.all()} == {datetime(2026, 11, 25, 17, tzinfo=UTC)}


def test_whoever_said_stop_or_is_not_reached_is_left_alone(clock, source) -> None:
    where = organisation()
    said_stop = somebody(where, "Noyer", "adjoint", 1, mobile=MOBILE)
    somebody(where, "Hêtre", "adjoint", 2)
    Address.objects.filter(person=said_stop.person).update(opted_out_at=TUESDAY)
    campaign()
    send_due()
    assert sent() == []
    assert ConfirmationRequest.objects.filter(next_at=None, sent_count=0).count() == 2


def test_a_pause_holds_it_and_costs_no_reminder(clock, source: Source, mayor) -> None:
    campaign()
    for paused in (source, None):
        pause(paused, "anne")
        send_due()
        assert sent() == []
        resume(paused, "anne")
        clock.shift(timedelta(minutes=11))
    send_due()
    assert len(sent()) == 2
    assert ConfirmationRequest.objects.get().sent_count == 1


def test_the_source_s_quota_counts(clock, source: Source, mayor) -> None:
    Source.objects.update(sms_cap=1)
    somebody(organisation(), "Hêtre", "adjoint", mobile="+33639980002")
    campaign()
    send_due()
    assert [channel for channel, _ in sent()].count("sms") == 1
    assert QuotaUsage.objects.get().segments == 1
    clock.shift(DAY)
    send_due()
    assert [channel for channel, _ in sent()].count("sms") == 2


def test_one_person_with_two_hats_is_asked_once_for_both(clock, source, mayor: Mandate) -> None:
    other = Mandate.objects.create(
        person=mayor.person, organisation=organisation("epci", "200069052"),
        function="president", is_confirmed=False,
    )  # fmt: skip
    campaign()
    send_due()
    assert len(sent()) == 2
    assert "président" in Message.objects.get(channel="email").body
    answer(secrets()["email"], is_right=True, now=timezone.now())
    other.refresh_from_db()
    assert other.is_confirmed


def test_a_hat_outside_of_the_campaign_is_not_confirmed(clock, source, mayor: Mandate) -> None:
    other = Mandate.objects.create(
        person=mayor.person, organisation=organisation(code="25056"), function="autre",
        is_confirmed=False,
    )  # fmt: skip
    campaign(mandates=Mandate.objects.filter(pk=mayor.pk))
    send_due()
    answer(secrets()["sms"], is_right=True, now=timezone.now())
    other.refresh_from_db()
    assert not other.is_confirmed
    assert "Besançon" not in str(list(Message.objects.values_list("body", flat=True)))


def test_nobody_is_asked_by_two_campaigns_nor_a_town_hall(clock, source, mayor) -> None:
    campaign()
    somebody(organisation(), "Mairie", "autre", email="mairie@delle.example")
    Mandate.objects.filter(person__last_name="Mairie").update(origin=Origin.ANNUAIRE)
    with pytest.raises(CampaignError):
        campaign()


def test_who_stops_and_begins_again_does_not_write_to_them_again(clock, source, mayor) -> None:
    first = campaign()
    send_due()
    stop_campaign(first, "anne")
    with pytest.raises(CampaignError, match="sept"):
        campaign()
    clock.shift(8 * DAY)
    campaign()


def test_a_link_ends_with_its_campaign(clock, source, mayor) -> None:
    running = campaign(ends_at=timezone.now() + 2 * DAY)
    send_due()
    secret = secrets()["sms"]
    assert open_link(secret, timezone.now())
    assert open_link(secret[:-1] + ("x" if secret[-1] != "x" else "y"), timezone.now()) is None
    assert open_link(secret, timezone.now() + 3 * DAY) is None
    assert [stop_campaign(running, "anne"), stop_campaign(running, "anne")] == [True, False]
    assert open_link(secret, timezone.now()) is None
    assert answer(secret, is_right=True, now=timezone.now()) is None
    clock.shift(5 * DAY)
    send_due()
    assert len(sent()) == 2


def test_links_are_erased_a_month_after_their_campaign(clock, source, mayor) -> None:
    campaign(ends_at=timezone.now() + 2 * DAY)
    send_due()
    for days, kept in ((1, True), (31, True), (33, False)):
        erase_links(TUESDAY + days * DAY)
        assert ConfirmationLink.objects.exists() == kept
    assert ConfirmationRequest.objects.exists()


def test_a_text_that_does_not_arrive_tells_nobody_else(clock, source, mayor, caplog) -> None:
    from notifier.alerting.escalation.failover import fail_over

    somebody(organisation(), "Hêtre", "adjoint", mobile="+33639980002")
    campaign(mandates=Mandate.objects.filter(pk=mayor.pk))
    send_due()
    fail_over(Message.objects.get(channel=Channel.SMS))
    assert len(sent()) == 2
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
