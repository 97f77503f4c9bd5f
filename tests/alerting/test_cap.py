"""A source's cap of SMS for a day: routine ones wait, urgent ones never."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection, transaction

from notifier.alerting.models import DeferralReason, NotificationState, QuotaUsage
from notifier.alerting.throttling.limits import UsageChangedError, read_limits, store_usage
from notifier.delivery.models import Message
from notifier.intake.access.api_keys import add_source
from notifier.intake.models import Source
from tests.alerting.conftest import FAMILIES, written
from tests.alerting.house import (
    ACCIDENT,
    DUTY,
    breakable,
    contact,
    deferrals,
    hand_over,
    number,
    push,
    run_round,
)
from tests.alerting.test_storm import ENTRIES, NUISANCE, ROUTINE

PARIS = ZoneInfo("Europe/Paris")
MAYOR, MAIL = number(1), "maire@delle.example"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    """Ten in the evening in Paris, where the day ends at midnight."""
    with time_machine.travel(datetime(2026, 11, 22, 22, tzinfo=PARIS), tick=True) as clock:
        yield clock


@pytest.fixture
def capped(operator: Callable[[str], None], source) -> Source:
    """Three segments a day; no storm in sight; the mayor has a mobile and a mailbox."""
    no_storm = "[storm]\ntexts = 100\n"
    operator(no_storm + written([ROUTINE, FAMILIES[0]], ENTRIES))
    contact(mobile=MAYOR, email=MAIL)
    Source.objects.filter(pk=source.pk).update(sms_cap=3)
    return Source.objects.get(pk=source.pk)


def tell(source: Source, reference: str, **more) -> None:
    push(source, reference, **more)
    hand_over()


def count(address: str) -> int:
    return Message.objects.filter(address=address).count()


def held() -> list[str]:
    return list(
        deferrals().filter(state=NotificationState.DEFERRED).values_list("reason", flat=True)
    )


def test_the_fourth_routine_sms_waits_and_its_mail_leaves(capped) -> None:
    for n in range(5):
        tell(capped, f"R{n}", category=NUISANCE)
    assert (count(MAYOR), count(MAIL)) == (3, 5)
    assert held() == [DeferralReason.QUOTA] * 2
    assert QuotaUsage.objects.get().segments == 3


def test_urgent_sms_are_counted_and_leave_all_the_same(capped) -> None:
    for n in range(5):
        tell(capped, f"U{n}", category=ACCIDENT)
    tell(capped, "R1", category=NUISANCE)
    assert count(MAYOR) == 5
    assert QuotaUsage.objects.get().segments == 5


def test_without_a_cap_nothing_is_counted(capped) -> None:
    Source.objects.update(sms_cap=None)
    tell(Source.objects.get(), "R1", category=NUISANCE)
    assert not QuotaUsage.objects.exists()


def test_the_duty_and_the_log_are_told_once_a_day(capped, caplog) -> None:
    for n in range(5):
        tell(capped, f"R{n}", category=NUISANCE)
    for _ in range(3):
        run_round()
    (mail,) = Message.objects.filter(address=DUTY)
    assert breakable(mail.subject) == "Plafond de SMS atteint : CORG 90"
    assert "3 segments" in mail.body
    assert sum("SMS quota reached" in line.getMessage() for line in caplog.records) == 1


@pytest.mark.parametrize(("cap", "category"), [("sms_cap", NUISANCE), ("hard_cap", ACCIDENT)])
def test_the_duty_is_told_of_a_cap_that_the_first_alert_of_the_day_is_beyond(
    capped, client, cap: str, category: str
) -> None:
    contact("astreinte", mobile=number(2))
    Source.objects.update(**{"sms_cap": None, cap: 1})
    tell(Source.objects.get(), "R1", category=category)
    run_round()
    assert (count(MAYOR), count(number(2))) == (0, 0)
    assert Message.objects.get(address=DUTY).subject.startswith("Plafond")
    name = {"sms_cap": "sms_caps_reached", "hard_cap": "hard_caps_reached"}[cap]
    assert client.get("/readyz").json()[name] == 1


def test_the_duty_is_told_of_a_cap_that_a_digest_alone_is_beyond(capped, clock) -> None:
    Source.objects.update(sms_cap=1)
    source = Source.objects.get()
    for n in range(12):
        tell(source, f"CORG90-2026-0000{n}", category=NUISANCE)
    run_round()
    clock.shift(timedelta(hours=2, minutes=1))
    run_round()
    run_round()
    assert held() == [DeferralReason.QUOTA] * 11
    assert Message.objects.filter(address=DUTY).count() == 2


def test_a_cap_that_is_raised_lets_what_waits_leave_at_once(capped) -> None:
    for n in range(5):
        tell(capped, f"R{n}", category=NUISANCE)
    run_round()
    assert count(MAYOR) == 3
    call_command("source", "set", "CORG 90", "--plafond-sms", "50")
    run_round()
    run_round()
    assert count(MAYOR) == 4
    assert "2 interventions" in Message.objects.filter(address=MAYOR).order_by("-id")[0].body
    assert held() == []


def test_the_next_day_it_comes_as_one_digest(capped, clock) -> None:
    for n in range(5):
        tell(capped, f"R{n}", category=NUISANCE)
    clock.shift(timedelta(hours=1, minutes=59))
    run_round()
    assert count(MAYOR) == 3
    clock.shift(timedelta(minutes=2))
    run_round()
    assert count(MAYOR) == 4
    assert QuotaUsage.objects.get(day="2026-11-23").segments == 1


def test_what_waits_past_its_lifetime_expires_and_the_duty_is_told_once(capped, clock) -> None:
    clock.shift(-timedelta(hours=10))
    for n in range(6):
        tell(capped, f"R{n}", category=NUISANCE)
    clock.shift(timedelta(hours=4))
    run_round()
    run_round()
    assert set(deferrals().values_list("state", flat=True)) == {NotificationState.EXPIRED}
    subjects = sorted(Message.objects.filter(address=DUTY).values_list("subject", flat=True))
    assert len(subjects) == 2
    assert count(MAYOR) == 3


@pytest.mark.parametrize("wrong", ["0", "-3", "beaucoup", "1.5"])
def test_a_cap_is_a_number_of_segments(capped, wrong: str) -> None:
    from django.core.management.base import CommandError

    with pytest.raises(CommandError):
        call_command("source", "set", "CORG 90", f"--plafond-sms={wrong}")
    assert Source.objects.get().sms_cap == 3


def counted_if_it_fits(source: Source, segments: int, *, hard: bool) -> bool:
    """As a decision or a release does: within the quota it is counted, else it waits."""
    try:
        with transaction.atomic():
            limits = read_limits((), [source], lock=True)
            fits = limits.has_room(source, segments, hard=hard)
            if fits:
                limits.add(source, segments)
                store_usage(limits)
            return fits
    except UsageChangedError:  # another counted the day's first; it is planned anew
        return counted_if_it_fits(source, segments, hard=hard)
    finally:
        connection.close()


def test_workers_never_pass_the_cap(real_commits) -> None:
    source = add_source("S", ["90"], service="S", duty_email="", signed=False, sms_cap=40).source
    with ThreadPoolExecutor(4) as workers:
        fitted = sum(workers.map(lambda _: counted_if_it_fits(source, 3, hard=False), range(40)))
    assert fitted == 13
    assert QuotaUsage.objects.get().segments == 39
