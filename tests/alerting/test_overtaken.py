"""What comes too late and was an aggravation or an end is shown to the duty of the groupement."""

from __future__ import annotations

from typing import Any

import pytest

from notifier.delivery.models import Message
from notifier.intake.models import ReportState
from notifier.intake.receive import receive
from tests.alerting.house import (
    CONFLICT,
    DUTY,
    GIROMAGNY,
    MAYOR,
    SECRET,
    contact,
    decided,
    event,
    journal,
    number,
    push,
)


@pytest.fixture
def mayor(source):
    return contact(mobile=number(1), email=MAYOR)


def shown() -> list[Message]:
    return list(Message.objects.filter(address=DUTY, subject__contains="Message dépassé"))


LATE: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"severity": "extreme"}, {"severity": "severe"}, "aggravation"),
    ({"severity": "severe"}, {"severity": "minor"}, "aggravation"),
    ({"status": "closed"}, {}, "fin"),
    ({"status": "cancelled"}, {}, "annulation"),
    ({"status": "closed"}, {"location": GIROMAGNY}, "fin"),
    ({"status": "closed", "location": CONFLICT}, {}, "fin"),
]


@pytest.mark.parametrize(("late", "told", "word"), LATE)
def test_it_is_shown_with_what_it_said(source, mayor, late, told, word) -> None:
    push(source, severity="minor")
    push(source, sequence=3, **told)
    overtaken = push(source, sequence=2, **{"severity": "severe"} | late)
    assert overtaken.state == ReportState.SUPERSEDED
    (mail,) = shown()
    assert overtaken.reference in mail.subject
    assert word in mail.body
    assert "n° 3" in mail.body
    assert any("permanence du groupement prévenue" in line.text for line in journal())
    # Deciding again, or the same once more, shows nothing more.
    decided(overtaken.pk)
    assert len(shown()) == 1


SETTLED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    # What came after it is an end: there is nothing left to do.
    ({"severity": "extreme"}, {"status": "closed"}),
    ({"status": "cancelled"}, {"status": "closed"}),
    # Told as grave already, or graver.
    ({"severity": "severe"}, {"severity": "severe"}),
    ({"severity": "minor"}, {"severity": "minor"}),
    ({"status": "on_scene", "severity": "minor"}, {}),
]


@pytest.mark.parametrize(("late", "told"), SETTLED)
def test_what_changes_nothing_is_shown_to_nobody(source, mayor, late, told) -> None:
    push(source, severity="moderate")
    push(source, sequence=3, **told)
    assert push(source, sequence=2, **late).state == ReportState.SUPERSEDED
    assert shown() == []


def test_no_graver_than_what_was_told_before_is_no_aggravation(source, mayor) -> None:
    push(source, severity="extreme")
    push(source, sequence=3, severity="minor")
    push(source, sequence=2, severity="severe")
    assert shown() == []


def test_what_is_kept_secret_is_shown_without_its_nature(source, mayor) -> None:
    push(source, severity="minor")
    push(source, sequence=3, severity="minor")
    push(source, sequence=2, severity="extreme", category=SECRET)
    (mail,) = shown()
    assert "agression" not in mail.subject + mail.body


def test_an_exercise_says_so(source, mayor) -> None:
    push(source, sequence=3, exercise=True, severity="minor")
    push(source, sequence=2, exercise=True, status="closed")
    (mail,) = shown()
    assert mail.subject.startswith("EXERCICE")
    assert "EXERCICE" in mail.body


def test_two_that_wait_together_are_in_their_order_and_nothing_is_overtaken(source, mayor) -> None:
    last = receive(source, event(sequence=2, severity="minor")).report_id
    receive(source, event(sequence=1, severity="extreme"))
    decided(last)
    assert shown() == []
