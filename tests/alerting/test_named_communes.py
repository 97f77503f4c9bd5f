"""Several communes are named and one code is wrong: who is certain is told, the rest waits."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from time_machine import travel

from notifier.alerting.models import Alert
from notifier.intake.models import Report, ReportState
from tests.alerting.house import (
    FIRE,
    MAYORS,
    MISSING,
    SECRET,
    breakable,
    contact,
    decided,
    hand_over,
    journal,
    messages,
    number,
    push,
    run_round,
    sms,
    told,
)

WRONG = {"communes": ["90033", "90999", "90056"]}


@pytest.fixture(autouse=True)
def mayors(source):
    for n, code in enumerate(("90033", "90056", "90052", "90010"), start=1):
        contact(commune=code, mobile=number(n))


def review(*args: str) -> str:
    printed = StringIO()
    call_command("review", *args, "--who", "Exemple", stdout=printed)
    return printed.getvalue()


def decide(*codes: str) -> Report:
    """A person decides, and the worker that has its job carries it out."""
    review("R1", *(arg for code in codes for arg in ("--commune", code)), "--why", "appel")
    return decided(Report.objects.get(state=ReportState.RECEIVED).pk)


def test_the_certain_ones_are_told_at_once_and_a_person_reads_of_the_rest(source) -> None:
    doubt = push(source, category=FIRE, location=WRONG)
    assert (doubt.state, doubt.verdict) == (ReportState.REVIEW, "unknown")
    assert told(**MAYORS) == [sms(1), sms(2)]
    (mail,) = messages(recipient="duty")
    certain = "Hors de doute, et traitées sans attendre : Delle (90033), Joncherey (90056)"
    assert certain in breakable(mail.body)
    assert "Aucune commune ne porte le code INSEE 90999" in mail.body
    assert "aucune commune n’est prévenue" not in mail.body
    assert "Delle (90033), Joncherey (90056)" in review()
    assert journal(step="review")


def test_a_decision_tells_the_others_and_nobody_twice(source) -> None:
    push(source, category=FIRE, location=WRONG)
    hand_over()
    done = decide("90052", "90010")
    assert (done.state, done.communes) == (
        ReportState.DECIDED,
        ["90033", "90056", "90052", "90010"],
    )
    assert done.decided_communes == done.communes
    assert told(**MAYORS) == [sms(1), sms(2), sms(3), sms(4)]
    assert all(Alert.objects.values_list("is_open", flat=True))


def test_a_decision_that_there_is_no_other_commune(source) -> None:
    push(source, category=FIRE, location=WRONG)
    done = decide("90033")
    assert (done.state, done.communes) == (ReportState.DECIDED, ["90033", "90056"])
    assert told(**MAYORS) == [sms(1), sms(2)]


@pytest.mark.parametrize("status", ["closed", "cancelled"])
def test_an_end_reaches_those_who_were_told(source, status) -> None:
    push(source, category=FIRE, location=WRONG)
    hand_over()
    ended = push(source, sequence=2, category=FIRE, location=WRONG, status=status)
    assert ended.state == ReportState.DECIDED
    assert told(revision=2, **MAYORS) == [sms(1), sms(2)]
    assert not Alert.objects.filter(is_open=True).exists()
    assert not Alert.objects.exclude(kind="end" if status == "closed" else "cancellation").exists()
    assert "Rien à vérifier." in review()


def test_an_update_in_doubt_takes_nobody_away(source) -> None:
    push(source, category=FIRE, severity="minor", location={"communes": ["90033", "90052"]})
    hand_over()
    update = push(source, sequence=2, category=FIRE, severity="extreme", location=WRONG)
    assert update.state == ReportState.REVIEW
    # Giromagny may be the code that went wrong.
    assert told(revision=2, **MAYORS) == [sms(1)]
    assert Alert.objects.get(organisation="90052").is_open
    hand_over()
    ended = push(source, sequence=3, category=FIRE, location=WRONG, status="closed")
    assert sorted(ended.communes) == ["90033", "90052", "90056"]
    assert not Alert.objects.filter(is_open=True).exists()
    assert not Alert.objects.exclude(kind="end").exists()


def test_a_correction_settles_the_doubt(source) -> None:
    push(source, category=FIRE, location=WRONG)
    hand_over()
    right = {"communes": ["90033", "90052", "90056"]}
    push(source, sequence=2, category=FIRE, location=right)
    assert sorted(told(**MAYORS)) == [sms(1), sms(2), sms(3)]
    assert Report.objects.get(sequence=1).state == ReportState.SUPERSEDED


def test_what_arrives_late_does_not_undo_what_was_told_in_part(source) -> None:
    push(source, sequence=2, category=FIRE, location=WRONG)
    late = push(source, sequence=1, category=FIRE, location={"communes": ["90010"]})
    assert late.state == ReportState.SUPERSEDED
    assert told(**MAYORS) == [sms(1), sms(2)]


def test_a_postal_code_among_them_is_told_to_nobody(source) -> None:
    push(source, category=FIRE, location={"communes": ["90033", "90000"]})
    assert told(**MAYORS) == []
    assert decide("90033", "90010").communes == ["90033", "90010"]
    assert told(**MAYORS) == [sms(1), sms(4)]


def test_what_the_law_keeps_secret_stays_so(source) -> None:
    push(source, category=SECRET, location=WRONG)
    assert told(**MAYORS) == []


def test_the_neighbours_of_all_are_told_once(source) -> None:
    contact(commune="90043", mobile=number(9))
    push(source, category=MISSING, location={"communes": ["90033", "90056"]})
    assert sorted(told(**MAYORS)) == [sms(1), sms(2), sms(9)]
    (first, second, neighbour) = messages(**MAYORS)
    assert "voisine" not in first.body + second.body
    assert "voisine" in neighbour.body


def test_undecided_it_expires_loudly_and_says_who_was_not_told(source) -> None:
    doubt = push(source, category=FIRE, location=WRONG)
    with travel(timezone.now() + timedelta(days=2), tick=True):
        run_round()
    doubt.refresh_from_db()
    assert doubt.state == ReportState.EXPIRED
    assert "en doute" in doubt.reason
    last = messages(recipient="duty")[-1]
    assert "communes en doute" in last.body
    assert "aucune commune n’a été prévenue" not in last.body


def test_a_wrong_decision_is_refused_whole(source) -> None:
    push(source, category=FIRE, location=WRONG)
    with pytest.raises(CommandError, match="99999"):
        decide("90052", "99999")
    assert Report.objects.get().state == ReportState.REVIEW
