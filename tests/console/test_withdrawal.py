"""A key that was stolen: revoked, and what it pushed is taken back before it leaves."""

from __future__ import annotations

import sys

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from notifier.accounts.roles import Role
from notifier.alerting.models import Notification, NotificationState
from notifier.delivery.models import Message, MessageState, Pause
from notifier.delivery.sweep import upkeep
from notifier.intake.access.api_keys import KeyRefusedError, NewSource, add_source, source_of
from notifier.intake.models import Report, ReportState
from notifier.intake.receive import receive
from notifier.journal.models import Step
from tests.alerting.house import (
    LATER,
    MAYORS,
    contact,
    deferrals,
    event,
    hand_over,
    incidents,
    journal,
    messages,
    number,
    push,
    run_round,
)
from tests.harness.accounts import add_account, logged_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def stolen() -> NewSource:
    """A source of which three reports wait in each stage, and the mayor who would be told."""
    added = add_source("CORG 90", ["90"], service="Gendarmerie", duty_email="", signed=False)
    contact(mobile=number(1))
    contact("adjoint", mobile=number(2))
    push(added.source, "R1")
    push(added.source, "R2")
    receive(added.source, event("R3"))
    return added


@pytest.fixture
def other() -> NewSource:
    """A source that nobody stole, with a text that waits."""
    added = add_source("Police 90", ["90"], service="Police", duty_email="", signed=False)
    push(added.source, "P1")
    return added


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    call_command("source", *arguments)
    return capsys.readouterr().out


def states(*references: str) -> set[str]:
    return {m.state for reference in references for m in messages(reference, **MAYORS)}


def test_what_waits_is_taken_back_and_nothing_leaves_afterwards(stolen, other, capsys) -> None:
    said = run(capsys, "revoke", "CORG 90", "--withdraw", "--who", "chef")
    assert "clé révoquée" in said
    assert "Retirés : 2 textes, de 3 interventions." in said
    with pytest.raises(KeyRefusedError):
        source_of(stolen.key)
    run_round()
    upkeep()
    hand_over()
    assert states("R1", "R2", "R3") == {MessageState.CANCELLED}
    assert states("P1") == {MessageState.ACCEPTED}
    assert Report.objects.get(incident__reference="R3").state == ReportState.DISMISSED
    for reference in ("R1", "R2", "R3"):
        last = journal(reference)[-1]
        assert (last.step, "retiré par chef" in last.text) == (Step.CANCELLED, True)


def test_what_is_in_the_air_is_said_and_not_tried_again(stolen, capsys) -> None:
    """Neither the same person nor the next one hears of it afterwards."""
    Message.objects.filter(incident_id__in=incidents("R1")).update(
        state=MessageState.UNKNOWN, claim="c", claimed_at=timezone.now()
    )
    said = run(capsys, "revoke", "CORG 90", "--withdraw")
    assert "1 texte en cours d’envoi ou de sort inconnu" in said
    Message.objects.filter(state=MessageState.UNKNOWN).update(
        state=MessageState.PENDING, due_at=timezone.now()
    )
    hand_over(lambda _: LATER)
    upkeep()
    run_round()
    hand_over()
    assert not Message.objects.filter(state=MessageState.ACCEPTED).exists()
    assert not Message.objects.filter(address=number(2)).exists()


def test_what_is_held_is_taken_back_too(stolen, capsys) -> None:
    told_by = Notification.objects.get(message=messages("R1")[0])
    now = timezone.now()
    deferrals().create(
        kind="alert", state="deferred", source=stolen.source, incident=told_by.incident,
        alert=told_by.alert, revision=1,
        channel="email", address="maire@delle.example", recipient="person:1", title="maire",
        was_notified=False, reason="cap", created_at=now, deferred_until=now, expires_at=now,
    )  # fmt: skip
    run(capsys, "revoke", "CORG 90", "--withdraw")
    assert deferrals().get().state == NotificationState.CANCELLED


def test_a_source_revoked_before_is_withdrawn_as_well(stolen, capsys) -> None:
    run(capsys, "revoke", "CORG 90", "--keep")
    assert states("R1", "R2") == {MessageState.PENDING}
    said = run(capsys, "revoke", "CORG 90", "--withdraw")
    assert "déjà révoquée" in said
    assert states("R1", "R2") == {MessageState.CANCELLED}


def test_a_script_that_says_neither_is_told_what_to_do(stolen, capsys, monkeypatch) -> None:
    said = run(capsys, "revoke", "CORG 90")
    assert "2 textes en attente, de 2 interventions" in said
    assert "--withdraw" in said
    assert states("R1", "R2") == {MessageState.PENDING}


@pytest.mark.parametrize(
    ("answer", "left"), [("o", MessageState.CANCELLED), ("", MessageState.ACCEPTED)]
)
def test_a_person_is_asked_and_nothing_leaves_meanwhile(
    stolen, capsys, monkeypatch, answer: str, left: str
) -> None:
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        hand_over()
        assert states("R1", "R2") == {MessageState.PENDING}
        return answer

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", ask)
    said = run(capsys, "revoke", "CORG 90")
    assert "Rien de cette source ne part tant que" in said
    assert len(asked) == 1
    assert not Pause.objects.exists()
    hand_over()
    assert states("R1", "R2") == {left}


def test_nobody_is_asked_when_nothing_waits(capsys, monkeypatch) -> None:
    add_source("CORG 90", ["90"], service="Gendarmerie", duty_email="", signed=False)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    assert run(capsys, "revoke", "CORG 90") == "« CORG 90 » : clé révoquée.\n"


def test_both_at_once_is_no_answer(stolen) -> None:
    with pytest.raises(CommandError):
        call_command("source", "revoke", "CORG 90", "--withdraw", "--keep")


@pytest.mark.parametrize("is_wanted", [True, False])
def test_the_console_offers_it(stolen, is_wanted: bool) -> None:
    browser = logged_in(add_account(Role.GROUPEMENT, "90"))
    Message.objects.filter(incident_id__in=incidents("R2")).update(state=MessageState.UNKNOWN)
    address = reverse("console:source-revoke", args=[stolen.source.pk])
    page = " ".join(browser.get(address).content.decode().split())
    assert "1 texte de 1 intervention" in page
    assert "1 texte en cours d’envoi" in page
    browser.post(address, {"withdraw": "on"} if is_wanted else {})
    with pytest.raises(KeyRefusedError):
        source_of(stolen.key)
    expected = MessageState.CANCELLED if is_wanted else MessageState.PENDING
    assert states("R1") == {expected}
