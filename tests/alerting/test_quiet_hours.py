"""What is not urgent waits for the end of its reader's quiet hours, and goes where they chose."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notifier.alerting.escalation.failover import fail_over
from notifier.alerting.models import DeferralReason, Notification, NotificationState
from notifier.alerting.policy.narrowings import refresh
from notifier.alerting.release.due import release_due
from notifier.alerting.status import status_of
from notifier.delivery.models import Channel, Message
from notifier.delivery.models import MessageState as Sent
from notifier.directory.models import Preferences
from tests.alerting.conftest import FAMILIES, written
from tests.alerting.house import (
    ACCIDENT,
    contact,
    hand_over,
    journal,
    mail,
    number,
    push,
    refusing,
    sms,
    told,
)

pytestmark = pytest.mark.django_db

NUISANCE = "L01.01.01"
ROUTINE = ("L01", "nuisances", "notify", "routine", '"sms", "email"', "false", "")
ENTRIES = """
[categories]
"L01.01.01" = { label = "tapage nocturne" }
"C01.01.01" = { label = "accident de la route" }
"""
MAIL = "maire@delle.example"
# 23:30 in Delle; the hours that the mayor chose end at 7:00, 6:00 in UTC.
NIGHT = datetime(2026, 11, 28, 22, 30, tzinfo=UTC)
MORNING = datetime(2026, 11, 29, 6, 0, tzinfo=UTC)


@pytest.fixture
def now() -> time_machine.Coordinates:
    with time_machine.travel(NIGHT, tick=False) as traveller:
        yield traveller


@pytest.fixture
def mayor(now, operator: Callable[[str], None], source):
    operator(written([ROUTINE, FAMILIES[0]], ENTRIES))
    return contact(mobile=number(1), email=MAIL)


def quiet(mandate, channels: list[str] | None = None) -> None:
    Preferences.objects.create(
        person_id=mandate.person_id,
        quiet_from=time(22),
        quiet_until=time(7),
        routine_channels=channels or [],
        changed_at=timezone.now(),
    )


def release_at(now, at: datetime) -> None:
    now.move_to(at)
    release_due()


def test_the_sms_waits_until_morning_and_the_mail_does_not(mayor, now, source) -> None:
    quiet(mayor)
    report = push(source, category=NUISANCE)
    assert told() == [mail(MAIL)]
    (row,) = Notification.objects.filter(state=NotificationState.DEFERRED)
    assert (row.reason, row.deferred_until) == (DeferralReason.QUIET, MORNING)
    assert "heures calmes de son destinataire, retenu jusqu’à 7 h 00" in " ".join(
        entry.text for entry in journal(step="held")
    )
    (held,) = [one for one in status_of(report)["alerts"][0]["messages"] if one["state"] == "held"]
    assert held["held_for"] == "quiet"
    # Its category's three hours are over long before: it is read in the morning all the same.
    release_at(now, MORNING - timedelta(minutes=1))
    assert told() == [mail(MAIL)]
    release_at(now, MORNING)
    assert told() == [mail(MAIL), sms(1)]
    assert "tapage nocturne" in Message.objects.get(channel=Channel.SMS).body


def test_what_is_urgent_never_waits(mayor, source) -> None:
    quiet(mayor, [Channel.EMAIL])
    push(source, category=ACCIDENT)
    assert sorted(told()) == sorted([sms(1), mail(MAIL)])


def test_outside_the_hours_it_leaves_at_once(mayor, now, source) -> None:
    quiet(mayor)
    now.move_to(MORNING)
    push(source, category=NUISANCE)
    assert sorted(told()) == sorted([sms(1), mail(MAIL)])


def test_several_of_one_night_come_as_one_text_in_the_morning(mayor, now, source) -> None:
    quiet(mayor)
    for n in range(3):
        push(source, f"R{n}", category=NUISANCE)
    push(source, "R0", 2, category=NUISANCE, status="closed")
    release_at(now, MORNING)
    (text,) = Message.objects.filter(channel=Channel.SMS)
    assert "3 interventions" in text.body


def test_one_that_becomes_urgent_leaves_at_once(mayor, now, source) -> None:
    quiet(mayor)
    push(source, category=NUISANCE)
    push(source, sequence=2, category=ACCIDENT, severity="extreme")
    assert sms(1) in told()
    assert not Notification.objects.filter(state=NotificationState.DEFERRED).exists()


def test_what_a_storm_gathered_waits_for_the_morning_too(mayor, now, source) -> None:
    """Its window ends within the hours that began meanwhile."""
    now.move_to(NIGHT - timedelta(minutes=91))  # 21:59
    for n in range(9):
        push(source, f"R{n}", category=NUISANCE)
    gathered = Notification.objects.filter(reason=DeferralReason.STORM, channel=Channel.SMS)
    assert gathered.exists()
    quiet(mayor)
    texts = Message.objects.filter(channel=Channel.SMS)
    before = texts.count()
    release_at(now, NIGHT)
    assert texts.count() == before
    assert not gathered.exists()
    release_at(now, MORNING)
    assert texts.count() == before + 1


def test_who_comes_next_keeps_hours_of_their_own(mayor, now, source) -> None:
    """The mayor's number is dead: the deputy is told, in the morning."""
    deputy = contact("adjoint", mobile=number(2))
    Preferences.objects.create(
        person_id=deputy.person_id,
        quiet_from=time(22),
        quiet_until=time(7),
        changed_at=timezone.now(),
    )
    push(source, category=NUISANCE)
    Preferences.objects.filter(person=mayor.person_id).delete()
    hand_over(refusing(number(1), MAIL))
    for message in Message.objects.filter(state=Sent.FAILED):
        fail_over(message)
    assert sms(2) not in told()
    release_at(now, MORNING)
    assert sms(2) in told()


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ([Channel.EMAIL], [mail(MAIL)]),
        ([Channel.SMS], [sms(1)]),
        ([], [sms(1), mail(MAIL)]),
        ([Channel.SMS, Channel.EMAIL], [sms(1), mail(MAIL)]),
    ],
)
def test_the_channels_of_routine_are_the_reader_s_choice(
    mayor, source, chosen: list[str], expected: list[tuple[str, str]]
) -> None:
    Preferences.objects.create(
        person_id=mayor.person_id, routine_channels=chosen, changed_at=timezone.now()
    )
    push(source, category=NUISANCE)
    assert sorted(told()) == sorted(expected)


def test_a_choice_that_would_reach_nobody_counts_for_nothing(now, operator, source) -> None:
    operator(written([ROUTINE, FAMILIES[0]], ENTRIES))
    only_mobile = contact(mobile=number(1))
    Preferences.objects.create(
        person_id=only_mobile.person_id,
        routine_channels=[Channel.EMAIL],
        changed_at=timezone.now(),
    )
    push(source, category=NUISANCE)
    assert told() == [sms(1)]


def test_preferences_cost_no_statement(mayor, source) -> None:
    push(source, "R0")
    refresh()  # narrowings, which a process reads again as time goes by
    with CaptureQueriesContext(connection) as without:
        push(source, "R1")
    quiet(mayor)
    with CaptureQueriesContext(connection) as with_them:
        push(source, "R2")
    assert len(with_them) == len(without)
