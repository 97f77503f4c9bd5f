"""`notifier pause` and `resume`: everything waits, nothing is lost, nothing is told twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from notifier.alerting.models import NotificationState
from notifier.alerting.release.due import release_due
from notifier.alerting.status import status_of
from notifier.alerting.throttling.pause import cancel_all, pause, resume, waiting
from notifier.delivery.models import Channel, Lane, Message, MessageState, Pause
from notifier.delivery.sweep import sweep, upkeep
from notifier.intake.access.api_keys import add_source
from notifier.intake.models import Source
from notifier.journal.models import Entry, Step
from tests.alerting.conftest import FAMILIES, written
from tests.alerting.house import (
    ACCIDENT,
    DUTY,
    LATER,
    MAYORS,
    THEFT,
    breakable,
    contact,
    deferrals,
    hand_over,
    journal,
    mail,
    messages,
    number,
    push,
    run_round,
    sms,
    told,
)
from tests.alerting.test_storm import ENTRIES, NUISANCE, ROUTINE, STORM
from tests.harness.heartbeats import all_running

LIKE = ("channel", "address", "incident_id", "pause_key", "provider", "recipient", "title", "lane",
        "body", "created_at", "expires_at", "due_at")  # fmt: skip


pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def mayor(source: Source) -> Source:
    """Delle's mayor has a mobile and a mailbox; his deputy a mobile."""
    contact(mobile=number(1), email="maire@delle.example")
    contact("adjoint", mobile=number(2))
    return source


@pytest.fixture
def other(source: Source) -> Source:
    """Another dispatch centre of the same département."""
    added = add_source("Police 90", ["90"], service="Police", duty_email=DUTY, signed=False)
    return added.source


def a_delivery_round() -> None:
    """All that beat enqueues in delivery, with a provider that takes everything."""
    upkeep()
    hand_over()


def states(reference: str = "R1") -> set[str]:
    return {m.state for m in messages(reference, **MAYORS)}


@pytest.mark.parametrize("category", [ACCIDENT, THEFT])
@pytest.mark.parametrize("of_all", [True, False])
def test_both_lanes_wait_and_leave_once_when_it_ends(mayor, category: str, of_all: bool) -> None:
    assert pause(None if of_all else mayor, "chef")
    push(mayor, category=category)
    assert messages()
    for _ in range(3):
        a_delivery_round()
    assert states() == {MessageState.PENDING}
    assert resume(None if of_all else mayor, "chef")
    a_delivery_round()
    assert states() == {MessageState.ACCEPTED}
    assert {m.attempt_count for m in messages()} == {1}


def test_the_text_of_another_source_leaves(mayor, other) -> None:
    pause(mayor, "chef")
    push(mayor, "R1")
    push(other, "P1")
    a_delivery_round()
    assert states("R1") == {MessageState.PENDING}
    assert states("P1") == {MessageState.ACCEPTED}


def test_what_waits_when_it_begins_is_held_and_counted(mayor, clock) -> None:
    first = push(mayor, "R1")
    clock.shift(timedelta(seconds=30))
    push(mayor, "R2")
    pause(None, "chef")
    a_delivery_round()
    counted = waiting(None)
    assert (counted.texts, counted.incidents) == (4, 2)
    assert counted.oldest == messages("R1")[0].created_at
    assert counted.oldest >= first.received_at


def test_what_follows_is_accepted_decided_and_replaces_what_is_held(mayor) -> None:
    pause(mayor, "chef")
    push(mayor)
    push(mayor, sequence=2, severity="extreme")
    a_delivery_round()
    resume(mayor, "chef")
    a_delivery_round()
    left = messages(state=MessageState.ACCEPTED)
    assert left == messages(revision=2)
    assert [m.channel for m in left] == ["sms", "email"]


def test_a_cancellation_of_what_was_held_tells_nobody(mayor) -> None:
    pause(mayor, "chef")
    push(mayor)
    push(mayor, sequence=2, status="cancelled")
    resume(mayor, "chef")
    a_delivery_round()
    assert states() == {MessageState.CANCELLED}


def test_status_and_journal_say_that_it_waits(mayor) -> None:
    pause(mayor, "chef")
    pushed = push(mayor)
    a_delivery_round()
    a_delivery_round()
    said = status_of(pushed)
    assert said["paused_since"] == Pause.objects.get().since.isoformat()
    (alert,) = said["alerts"]
    assert [(m["state"], m["held_for"]) for m in alert["messages"]] == [("pending", "pause")] * 2
    lines = [line.text for line in journal(step=Step.HELD)]
    assert len(lines) == 2
    assert all("les envois sont suspendus" in line for line in lines)
    resume(mayor, "chef")
    a_delivery_round()
    said = status_of(pushed)
    assert said["paused_since"] is None
    assert not any("held_for" in m for m in said["alerts"][0]["messages"])


def test_who_and_when_is_in_the_journal(mayor) -> None:
    pause(None, "adjudant Merisier")
    pause(mayor, "chef")
    assert not pause(mayor, "un autre")
    resume(mayor, "chef")
    resume(None, "adjudant Merisier")
    assert resume(None, "personne") is None
    lines = Entry.objects.filter(step=Step.PAUSED).order_by("id")
    assert [(line.data["source"], line.text) for line in lines] == [
        ("toutes les sources", "Envois suspendus par adjudant Merisier."),
        ("CORG 90", "Envois suspendus par chef."),
        ("CORG 90", "Envois repris par chef : 0 texte en attente, 0 périmé."),
        (
            "toutes les sources",
            "Envois repris par adjudant Merisier : 0 texte en attente, 0 périmé.",
        ),
    ]


def test_one_pause_ends_and_the_other_still_holds(mayor) -> None:
    pause(None, "chef")
    pause(mayor, "chef")
    push(mayor)
    a_delivery_round()
    resume(None, "chef")
    a_delivery_round()
    assert states() == {MessageState.PENDING}
    resume(mayor, "chef")
    a_delivery_round()
    assert states() == {MessageState.ACCEPTED}


def test_nothing_runs_wild_while_it_lasts(mayor, clock) -> None:
    """Neither the deputy nor the duty is told because of a pause that outlasts an alert."""
    pause(mayor, "chef")
    push(mayor)
    for _ in range(6):
        clock.shift(timedelta(hours=1))
        a_delivery_round()
        run_round()
    assert told() == [sms(1), mail("maire@delle.example")]
    assert states() == {MessageState.PENDING}


def test_what_outlived_it_expires_and_the_duty_reads_of_all_of_it_once(mayor, clock) -> None:
    pause(mayor, "chef")
    for n in range(3):
        push(mayor, f"R{n}")
    a_delivery_round()
    clock.shift(timedelta(hours=4))
    push(mayor, "FRESH")
    a_delivery_round()
    ended = resume(mayor, "chef")
    assert ended is not None
    assert (ended.expired, ended.waiting.texts) == (6, 2)
    for _ in range(3):
        a_delivery_round()
        run_round()
    assert states("R1") == {MessageState.EXPIRED}
    assert states("FRESH") == {MessageState.ACCEPTED}
    (to_duty,) = Message.objects.filter(recipient="duty")
    assert to_duty.address == DUTY
    assert all(f"Delle : réf. R{n}" in breakable(to_duty.body) for n in range(3))
    assert "FRESH" not in to_duty.body
    assert journal("R1")[-1].step == Step.EXPIRED
    assert "pendant la suspension des envois" in journal("R1")[-1].text


def test_the_mails_to_the_duty_leave_all_the_same(mayor) -> None:
    pause(None, "chef")
    push(mayor, location={"insee": "90033", "name": "Giromagny"})
    a_delivery_round()
    (review,) = messages()
    assert (review.recipient, review.state) == ("duty", MessageState.ACCEPTED)


def test_whoever_comes_next_is_held_as_well(mayor) -> None:
    push(mayor)
    pause(mayor, "chef")
    Message.objects.update(state=MessageState.FAILED, ended_at=timezone.now())
    upkeep()
    a_delivery_round()
    assert told()[-1] == sms(2)
    assert messages()[-1].state == MessageState.PENDING


def test_a_try_that_failed_before_is_not_repeated_while_it_lasts(mayor, clock) -> None:
    push(mayor)
    hand_over(lambda _: LATER)
    pause(mayor, "chef")
    clock.shift(timedelta(minutes=1))
    a_delivery_round()
    assert {(m.state, m.attempt_count) for m in messages()} == {(MessageState.PENDING, 1)}
    resume(mayor, "chef")
    hand_over()
    assert {(m.state, m.attempt_count) for m in messages()} == {(MessageState.ACCEPTED, 2)}


def test_a_storm_that_is_paused_is_one_digest_afterwards(operator, source, clock) -> None:
    operator(STORM + written([ROUTINE, FAMILIES[0]], ENTRIES))
    contact(mobile=number(1))
    pause(source, "chef")
    for n in range(8):
        push(source, f"R{n}", category=NUISANCE)
        clock.shift(timedelta(minutes=4))
        release_due()
    assert waiting(source).texts == 8
    resume(source, "chef")
    release_due()
    release_due()
    assert Message.objects.filter(notifications__kind="digest").distinct().count() == 1
    assert not deferrals().filter(state=NotificationState.DEFERRED).exists()


def test_a_round_of_a_real_worker_takes_nothing_that_is_paused(mayor, provider) -> None:
    pause(None, "chef")
    push(mayor)
    for lane in Lane:
        sweep(lane)
    assert provider.messages() == []
    resume(None, "chef")
    for lane in Lane:
        sweep(lane)
    assert [text["to"] for text in provider.messages()] == [number(1)]


# --- the commands


def printed(capsys: pytest.CaptureFixture[str], *args: Any) -> str:
    call_command(*args)
    return capsys.readouterr().out


def test_the_commands_say_what_waits(mayor, capsys) -> None:
    push(mayor)
    said = printed(capsys, "pause", "--who", "chef")
    assert "Envois suspendus pour toutes les sources, par chef." in said
    assert "2 textes en attente, de 1 intervention, le plus ancien du " in said
    assert "Déjà suspendus" in printed(capsys, "pause")
    said = printed(capsys, "pause", "CORG 90", "--who", "chef")
    assert "Envois suspendus pour « CORG 90 »" in said
    said = printed(capsys, "resume")
    assert "Restent suspendues : « CORG 90 »" in said
    said = printed(capsys, "resume", "CORG 90")
    assert "Envois repris pour « CORG 90 »" in said
    assert "Reste suspendu" not in said
    assert "Rien n’était suspendu" in printed(capsys, "resume")


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_a_source_that_does_not_exist(db, command: str) -> None:
    with pytest.raises(CommandError, match="aucune source « CORG 91 »"):
        call_command(command, "CORG 91")


def test_readyz_and_the_figures_show_it_and_the_service_stays_ready(mayor, client, clock) -> None:
    push(mayor)
    pause(mayor, "chef")
    clock.shift(timedelta(minutes=10))
    all_running()
    said = client.get("/readyz").json()
    assert (said["paused"], said["texts_paused"]) == (["CORG 90"], 2)
    assert said["worker"] == "ok"
    figures = client.get("/metrics").content.decode()
    assert "notifier_pauses 1.0" in figures
    assert 'notifier_texts_held{reason="pause"} 2.0' in figures
    assert "notifier_oldest_paused_seconds 6" in figures
    resume(mayor, "chef")
    said = client.get("/readyz").json()
    assert (said["paused"], said["texts_paused"], said["worker"]) == ([], 0, "ok")
    assert Message.objects.filter(channel=Channel.SMS).count() == 1


def test_whoever_is_behind_sudo_is_named_and_nobody_s_number(mayor, capsys, monkeypatch) -> None:
    monkeypatch.setenv("SUDO_USER", "merisier")
    assert "par merisier." in printed(capsys, "pause")
    with pytest.raises(CommandError, match="06 39 98 00 01"):
        call_command("resume", "--who", "chef 06 39 98 00 01")
    assert Pause.objects.exists()


def test_a_very_long_queue_expires_or_is_withdrawn_at_once(mayor) -> None:
    """More than is taken up together."""
    push(mayor)
    (example, _) = messages()
    many = [
        Message(**{name: getattr(example, name) for name in LIKE}, paused_at=timezone.now())
        for _ in range(1400)
    ]
    Message.objects.bulk_create(many)
    pause(mayor, "chef")
    late = Message.objects.order_by("-id").values("pk")[:700]
    Message.objects.filter(pk__in=late).update(expires_at=timezone.now())
    assert waiting(mayor).texts == 1402
    ended = resume(mayor, "chef")
    assert ended is not None
    assert (ended.expired, ended.waiting.texts) == (700, 702)
    assert cancel_all(mayor, "chef").texts == 702
    assert Entry.objects.filter(step=Step.EXPIRED).count() == 700
    assert Entry.objects.filter(step=Step.CANCELLED).count() == 702
