"""A source's hard cap: a stolen key costs so much and no more; a person lets go what was true."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client

from notifier.alerting.decision.dry_run import dry_run
from notifier.alerting.models import DeferralReason, NotificationState, QuotaUsage
from notifier.alerting.status import status_of
from notifier.alerting.throttling.quota import mark_released
from notifier.delivery.models import Lane, Message, MessageState
from notifier.intake.access.api_keys import add_source
from notifier.intake.models import Source
from notifier.journal.models import Step
from tests.alerting.conftest import FAMILIES, written
from tests.alerting.house import (
    ACCIDENT,
    DUTY,
    LATER,
    REFUSED,
    breakable,
    contact,
    deferrals,
    event,
    hand_over,
    journal,
    mayors,
    messages,
    number,
    push,
    run_round,
)
from tests.alerting.test_cap import PARIS, counted_if_it_fits
from tests.alerting.test_storm import ENTRIES, NUISANCE, ROUTINE

MAYOR, MAIL = number(1), "maire@delle.example"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    """Six in the evening in Paris."""
    with time_machine.travel(datetime(2026, 11, 22, 18, tzinfo=PARIS), tick=True) as clock:
        yield clock


@pytest.fixture
def capped(operator, source) -> Source:
    """Three segments a day, whatever for; the mayor has a mobile and a mailbox."""
    operator("[storm]\ntexts = 100\n" + written([ROUTINE, FAMILIES[0]], ENTRIES))
    contact(mobile=MAYOR, email=MAIL)
    call_command("source", "set", "CORG 90", "--plafond-absolu", "3")
    return Source.objects.get(pk=source.pk)


def flood(source: Source, category: str = ACCIDENT, many: int = 6, name: str = "U") -> None:
    for n in range(many):
        push(source, f"{name}{n}", category=category)
        hand_over()


def count(address: str) -> int:
    return Message.objects.filter(address=address).count()


def reasons(state: str = NotificationState.DEFERRED) -> list[str]:
    return list(deferrals().filter(state=state).values_list("reason", flat=True))


@pytest.mark.parametrize("category", [ACCIDENT, NUISANCE])
def test_beyond_it_nothing_leaves_neither_urgent_nor_by_mail(capped, category: str) -> None:
    flood(capped, category)
    assert (count(MAYOR), count(MAIL)) == (3, 3)
    assert reasons() == [DeferralReason.HARD_QUOTA] * 6
    assert QuotaUsage.objects.get().segments == 3


def test_what_costs_nothing_waits_too_once_it_is_reached(capped) -> None:
    contact(commune="90056", email="maire@joncherey.example")
    flood(capped, many=3)
    push(capped, "J1", location={"insee": "90056"})
    assert count("maire@joncherey.example") == 0
    assert reasons() == [DeferralReason.HARD_QUOTA]


def test_a_hundred_communes_in_one_push_are_cut_at_it(source) -> None:
    communes = ["90033", "90056", "90052", "90010", "90004"]
    mayors(*communes)
    Source.objects.update(hard_cap=3)
    push(source, location={"communes": communes})
    assert Message.objects.filter(lane=Lane.URGENT).count() == 3
    assert reasons() == [DeferralReason.HARD_QUOTA] * 2


def test_the_duty_is_told_at_once_and_the_lists_show_it(capped, client: Client, caplog) -> None:
    flood(capped)
    for _ in range(3):
        run_round()
    (mail,) = Message.objects.filter(address=DUTY)
    assert breakable(mail.subject) == "Plafond absolu atteint, les urgents sont retenus : CORG 90"
    assert "notifier source release" in mail.body
    assert client.get("/readyz").json()["hard_caps_reached"] == 1
    figures = client.get("/metrics").content.decode()
    assert "notifier_hard_caps_reached 1.0" in figures
    assert 'notifier_texts_held{reason="hard_cap"} 6.0' in figures
    assert sum("hard quota reached" in line.getMessage() for line in caplog.records) == 1
    said = status_of(push(capped, "U9"))
    assert {m["held_for"] for m in said["alerts"][0]["messages"]} == {"hard_cap"}
    assert any("plafond absolu" in line.text for line in journal("U9", step=Step.HELD))


def test_a_person_lets_it_go_whatever_it_costs(capped, capsys) -> None:
    flood(capped)
    call_command("source", "release", "CORG 90", "--who", "chef")
    assert "6 textes à faire partir" in capsys.readouterr().out
    run_round()
    run_round()
    hand_over()
    assert reasons() == []
    assert reasons(NotificationState.QUEUED) == [DeferralReason.HARD_QUOTA] * 6
    assert (count(MAYOR), count(MAIL)) == (4, 4)
    released = Message.objects.filter(address=MAYOR).order_by("id").last()
    assert released is not None
    assert released.lane == Lane.URGENT
    assert "récapitulatif de 3 interventions" in released.body
    assert any("libéré par chef" in line.text for line in journal("U4"))
    flood(capped, many=1, name="V")
    assert count(MAYOR) == 4


def test_one_of_them_is_let_go_and_the_others_wait(capped) -> None:
    flood(capped)
    chosen = deferrals().filter(channel="sms").earliest("id")
    assert mark_released(deferrals().filter(pk=chosen.pk), "chef") == 1
    run_round()
    assert reasons(NotificationState.QUEUED) == [DeferralReason.HARD_QUOTA]
    assert len(reasons()) == 5
    assert count(MAYOR) == 4


def test_raising_it_lets_go_what_waits(capped) -> None:
    flood(capped)
    run_round()
    assert count(MAYOR) == 3
    call_command("source", "set", "CORG 90", "--plafond-absolu", "50")
    run_round()
    run_round()
    assert (reasons(), count(MAYOR)) == ([], 4)


def test_it_is_not_let_go_by_itself_while_it_is_reached(capped, clock) -> None:
    flood(capped)
    clock.shift(timedelta(hours=2, minutes=59, seconds=30))
    run_round()
    assert (count(MAYOR), len(reasons())) == (3, 6)
    clock.shift(timedelta(hours=1))
    run_round()
    assert reasons(NotificationState.EXPIRED) == [DeferralReason.HARD_QUOTA] * 6
    why = Message.objects.filter(address=DUTY, body__contains="a péri")
    assert why.count() == 1


def test_news_of_what_it_holds_is_held_in_its_place(capped) -> None:
    flood(capped, many=3)
    push(capped, "V", severity="moderate")
    push(capped, "V", sequence=2, severity="extreme")
    push(capped, "U0", sequence=2, status="closed")
    push(capped, "U0", sequence=3)
    deferred = deferrals().filter(state=NotificationState.DEFERRED)
    kept = {(row.incident.reference, row.channel): row.revision for row in deferred}
    assert kept == {("V", "sms"): 2, ("V", "email"): 2, ("U0", "sms"): 3, ("U0", "email"): 3}
    call_command("source", "release", "CORG 90")
    run_round()
    hand_over()
    *_, released = Message.objects.filter(address=MAYOR).order_by("id")
    assert count(MAYOR) == 4
    assert "récapitulatif de 2 interventions" in released.body
    assert "U0" in released.body and "V" in released.body


def test_who_is_told_the_end_that_it_held_is_not_told_the_alert_afterwards(capped) -> None:
    push(capped, "U0")
    hand_over(lambda _: LATER)
    flood(capped, many=2, name="V")
    push(capped, "U0", sequence=2, status="closed")
    call_command("source", "release", "CORG 90")
    run_round()
    first, end = messages("U0", channel="sms")
    assert "terminée" in end.body
    assert (first.state, end.state) == (MessageState.CANCELLED, MessageState.PENDING)


def test_a_digest_that_alone_is_beyond_it_is_held_by_it(capped, clock) -> None:
    clock.shift(timedelta(hours=4))
    call_command("source", "set", "CORG 90", "--plafond-absolu", "1")
    flood(Source.objects.get(), many=12, name="CORG90-2026-0000")
    clock.shift(timedelta(hours=2, minutes=1))
    run_round()
    assert set(deferrals(channel="sms").values_list("state", "reason")) == {
        (NotificationState.DEFERRED, DeferralReason.HARD_QUOTA)
    }
    assert not Message.objects.filter(address=DUTY, body__contains="None").exists()


def test_the_next_person_is_held_as_well(capped) -> None:
    contact("adjoint", mobile=number(2))
    flood(capped, many=2)
    push(capped, "LAST")
    hand_over(lambda _: REFUSED)
    assert QuotaUsage.objects.get().segments == 3
    assert count(number(2)) == 0
    assert DeferralReason.HARD_QUOTA in reasons()


def test_a_dry_run_says_so(capped) -> None:
    flood(capped)
    (telling,) = dry_run(capped, event("U9"))["tellings"]
    assert all(m["held_until"] for m in telling["messages"])


def test_both_caps_hold_each_what_is_theirs(capped) -> None:
    call_command("source", "set", "CORG 90", "--plafond-sms", "2")
    flood(capped, NUISANCE, many=3)
    assert reasons() == [DeferralReason.QUOTA]
    flood(capped, ACCIDENT, many=2, name="V")
    assert sorted(reasons()) == [
        DeferralReason.QUOTA,
        DeferralReason.HARD_QUOTA,
        DeferralReason.HARD_QUOTA,
    ]


@pytest.mark.parametrize("wrong", ["0", "-3", "beaucoup", "1.5"])
def test_it_is_a_number_of_segments(capped, wrong: str) -> None:
    with pytest.raises(CommandError):
        call_command("source", "set", "CORG 90", f"--plafond-absolu={wrong}")
    call_command("source", "set", "CORG 90", "--plafond-absolu", "aucun")
    assert Source.objects.get().hard_cap is None


def test_workers_never_pass_it(real_commits) -> None:
    source = add_source("S", ["90"], service="S", duty_email="", signed=False, hard_cap=40).source
    with ThreadPoolExecutor(4) as workers:
        fitted = sum(workers.map(lambda _: counted_if_it_fits(source, 3, hard=True), range(40)))
    assert fitted == 13
    assert QuotaUsage.objects.get().segments == 39
