"""What nobody can say for certain waits for a person, loudly, and what may not be told is not."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from time_machine import travel

from notifier.alerting.status import status_of
from notifier.intake.access.api_keys import add_source
from notifier.intake.models import Report, ReportState
from notifier.intake.receive import receive
from notifier.journal.models import Entry
from tests.alerting.conftest import CATEGORIES, FAMILIES, written
from tests.alerting.house import (
    ACCIDENT,
    CONFLICT,
    CROWD,
    DELLE,
    GIROMAGNY,
    MAYORS,
    SECRET,
    decided,
    event,
    hand_over,
    journal,
    messages,
    push,
    run_round,
    sms,
    told,
)

pytestmark = pytest.mark.usefixtures("two_communes")


def review(*args: str) -> str:
    """`notifier review`: what it prints. Raises CommandError."""
    printed = StringIO()
    call_command("review", *args, stdout=printed)
    return printed.getvalue()


def decide_all() -> None:
    """The worker that the decision rang for."""
    for report_id in Report.objects.filter(state=ReportState.RECEIVED).values_list("pk"):
        decided(report_id[0])


# --- what is told to nobody


@pytest.mark.parametrize(
    ("category", "reason"), [(SECRET, "n’est pas communiqué"), (CROWD, "gravité supérieure")]
)
def test_what_the_category_keeps_back_is_told_to_nobody_with_the_reason(
    source, category, reason
) -> None:
    kept = push(source, category=category, severity="moderate")
    assert kept.state == ReportState.DECIDED
    assert reason in kept.reason
    assert messages() == []
    assert reason in journal(step="decided")[0].text


def test_a_place_outside_the_sources_departements_is_told_to_nobody(source) -> None:
    outside = push(source, location={"postal_code": "25200", "name": "Montbéliard"})
    assert outside.state == ReportState.OUTSIDE
    assert "Montbéliard (25388)" in outside.reason
    assert "hors des départements de CORG 90" in outside.reason
    assert messages() == []
    assert "Montbéliard" in journal()[-1].text


def test_a_category_that_left_the_configuration_waits_and_says_what_to_do(source, operator) -> None:
    waiting = receive(source, event()).report_id
    entries = "\n".join(line for line in CATEGORIES.splitlines() if ACCIDENT not in line)
    operator(written(FAMILIES, entries))
    assert decided(waiting).state == ReportState.REVIEW
    assert ACCIDENT in decided(waiting).reason
    with pytest.raises(CommandError, match="configuration"):
        review("R1", "--commune", "90033")
    operator(written(FAMILIES))
    review("R1", "--commune", "90033")
    decide_all()
    assert told(**MAYORS) == [sms(1)]


# --- the review


def test_code_and_name_that_disagree_alert_nobody_and_are_listed_with_their_clues(source) -> None:
    doubtful = push(source, location=CONFLICT)
    assert (doubtful.state, doubtful.verdict) == (ReportState.REVIEW, "conflict")
    assert messages(**MAYORS) == []
    assert journal(step="review")[0].text.startswith("Commune à vérifier")
    listed = review()
    assert "R1 n° 1" in listed
    assert "les indices se contredisent" in listed
    assert "conflict" not in listed
    assert "notifier review REFERENCE" in listed
    shown = review("R1")
    assert "Delle" in shown
    assert "Giromagny" in shown
    assert "--commune" in shown


def test_nothing_to_review_is_said(db) -> None:
    assert review() == "Rien à vérifier.\n"
    with pytest.raises(CommandError, match="aucune intervention « R1 »"):
        review("R1")


def test_what_waits_no_longer_is_said_to(source) -> None:
    push(source)
    decide_all()
    with pytest.raises(CommandError, match="n’attend aucune décision"):
        review("R1")


def test_a_decision_sends_the_alert_and_the_journal_says_who(source) -> None:
    push(source, location=CONFLICT)
    review("R1", "--commune", "90052", "--who", "adjudant Exemple", "--why", "rappel de l’équipe")
    decide_all()
    assert told(**MAYORS) == [sms(2)]
    assert Report.objects.get().decided_by == "adjudant Exemple"
    decision = journal(step="review")[-1]
    assert decision.text.startswith("Décidé par adjudant Exemple : Giromagny (90052).")
    assert decision.data["who"] == "adjudant Exemple"


def test_why_is_kept_beside_the_journal_that_nobody_can_erase(source) -> None:
    push(source, location=CONFLICT)
    why = "Mme Durand, 06 39 98 00 12,\nl’a dit au maire"
    review("R1", "--commune", "90052", "--who", "adjudant Exemple", "--why", why)
    decide_all()
    kept = Report.objects.get()
    assert kept.decision_reason == why
    # The row may be erased, a line of the journal may not.
    assert not any("Durand" in f"{line.text} {line.data}" for line in Entry.objects.all())
    assert "Durand" not in json.dumps(status_of(kept))
    assert not any("Durand" in f"{m.subject} {m.body} {m.html}" for m in messages())
    printed = StringIO()
    call_command("timeline", "R1", stdout=printed)
    assert "sur le n° 1 : Mme Durand, 06 39 98 00 12, l’a dit" in printed.getvalue()
    Report.objects.update(decision_reason="")
    printed = StringIO()
    call_command("timeline", "R1", stdout=printed)
    assert "Durand" not in printed.getvalue()


@pytest.mark.parametrize("who", ["Zoé 06 39 98 00 12", "zoe@gend.example", "www.gend.fr"])
def test_who_decides_is_a_name_and_no_number_or_address(source, who: str) -> None:
    push(source, location=CONFLICT)
    with pytest.raises(CommandError, match="dites seulement qui"):
        review("R1", "--commune", "90052", "--who", who)
    assert Report.objects.get().state == ReportState.REVIEW


def test_a_later_event_of_the_same_place_follows_the_decision(source) -> None:
    push(source, location=CONFLICT, severity="minor")
    review("R1", "--commune", "90052", "--who", "Exemple")
    decide_all()
    hand_over()
    later = push(source, sequence=2, location=CONFLICT, severity="extreme")
    assert (later.state, later.verdict) == (ReportState.DECIDED, "decided")
    assert told(revision=2) == [sms(2)]


def test_a_later_event_of_another_doubtful_place_waits_again(source) -> None:
    push(source, location=CONFLICT)
    review("R1", "--commune", "90052", "--who", "Exemple")
    decide_all()
    elsewhere = {"insee": "90033", "name": "Belfort"}
    assert push(source, sequence=2, location=elsewhere).state == ReportState.REVIEW


def test_the_latest_decision_on_a_place_counts(source) -> None:
    for sequence, code in ((1, "90052"), (3, "90033")):
        Report.objects.filter(pk=push(source, "R1", sequence, location=CONFLICT).pk).update(
            state=ReportState.REVIEW
        )
        review("R1", "--commune", code, "--who", "Exemple", "--why", "rappel de l’équipe")
        decide_all()
    assert push(source, sequence=4, location=CONFLICT).communes == ["90033"]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("90999", "n’est le code d’aucune commune"),
        # Delle's postal code, and the INSEE code of Vauthiermont.
        ("90100", "aucun indice ne désigne Vauthiermont .* code postal"),
        ("25388", "hors des départements"),
    ],
)
def test_a_decision_for_no_commune_or_one_outside_is_refused(source, code, says) -> None:
    push(source, location=CONFLICT)
    with pytest.raises(CommandError, match=says):
        review("R1", "--commune", code)
    assert Report.objects.get().state == ReportState.REVIEW


@pytest.mark.parametrize("location", [{"insee": "90100"}, {"communes": ["90100", "90052"]}])
def test_a_code_that_is_others_postal_code_is_decided_with_a_reason_only(source, location) -> None:
    asked = push(source, location=location)
    assert (asked.state, asked.verdict) == (ReportState.REVIEW, "conflict")
    with pytest.raises(CommandError, match=r"Vauthiermont, mais aussi le code postal de .*Delle"):
        review("R1", "--commune", "90100")
    assert Report.objects.get().state == ReportState.REVIEW
    review("R1", "--commune", "90100", "--why", "le centre confirme")
    decide_all()
    assert Report.objects.get().communes[-1] == "90100"


def test_another_commune_that_the_number_serves_is_decided_without_a_reason(source) -> None:
    push(source, location={"insee": "90100"})
    review("R1", "--commune", "90033")
    decide_all()
    assert Report.objects.get().communes == ["90033"]


def test_a_commune_that_no_clue_names_can_be_decided_with_a_reason(source) -> None:
    push(source, location=CONFLICT)
    printed = review("R1", "--commune", "90100", "--why", "l’appelant s’est trompé deux fois")
    assert "Vauthiermont (90100)" in printed
    decide_all()
    assert Report.objects.get().communes == ["90100"]


def test_a_second_decision_is_refused(source) -> None:
    push(source, location=CONFLICT)
    review("R1", "--commune", "90052")
    with pytest.raises(CommandError, match="n’attend aucune décision"):
        review("R1", "--commune", "90033")
    decide_all()
    assert told(**MAYORS) == [sms(2)]


def test_the_same_reference_of_two_sources_asks_which(source) -> None:
    other = add_source("SDIS 90", ["90"], service="SDIS", duty_email="", signed=False).source
    push(source, location=CONFLICT)
    push(other, location=CONFLICT)
    with pytest.raises(CommandError, match="CORG 90, SDIS 90"):
        review("R1", "--commune", "90052")
    review("R1", "--commune", "90052", "--source", "SDIS 90")
    decide_all()
    assert {i.source.name: i.state for i in Report.objects.all()} == {
        "CORG 90": ReportState.REVIEW,
        "SDIS 90": ReportState.DECIDED,
    }
    assert "SDIS" in messages(**MAYORS)[0].body


def test_a_decision_takes_the_latest_of_what_waits(source) -> None:
    push(source, location=CONFLICT, severity="minor")
    push(source, sequence=2, location=CONFLICT, severity="extreme")
    review("R1", "--commune", "90052")
    decide_all()
    assert [m.body.count("très grave") for m in messages(**MAYORS)] == [1]
    first = Report.objects.get(sequence=1)
    assert (first.state, "n° 2" in first.reason) == (ReportState.SUPERSEDED, True)


def test_a_doubt_that_a_later_event_clears_no_longer_waits(source) -> None:
    push(source, location=CONFLICT)
    push(source, sequence=2, location=GIROMAGNY)
    assert review() == "Rien à vérifier.\n"
    assert Report.objects.get(sequence=1).state == ReportState.SUPERSEDED
    assert told(**MAYORS) == [sms(2)]
    assert any("N° 1" in line.text and "n° 2" in line.text for line in journal())


def test_a_doubt_that_turns_out_to_be_outside_no_longer_waits(source) -> None:
    push(source, location=CONFLICT)
    push(source, sequence=2, location={"postal_code": "25200", "name": "Montbéliard"})
    assert review() == "Rien à vérifier.\n"


def test_a_doubt_is_not_cleared_by_an_event_that_is_in_doubt_itself(source) -> None:
    push(source, location=CONFLICT)
    push(source, sequence=2, location={"insee": "90033", "name": "Belfort"})
    assert review().count("R1 n°") == 2


def test_what_dispatch_typed_gives_no_orders_to_the_terminal(source) -> None:
    push(source, location={"name": "Delle\x9b2J\u202eelleD"})
    assert "« Delle?2J?elleD »" in review("R1")


def test_a_review_that_nobody_decides_expires_loudly(source, caplog) -> None:
    push(source, location=CONFLICT)
    with travel(timezone.now() + timedelta(hours=2, minutes=59)):
        run_round()
    assert Report.objects.get().state == ReportState.REVIEW
    with travel(timezone.now() + timedelta(hours=3, minutes=1)):
        run_round()
        run_round()
    expired = Report.objects.get()
    assert expired.state == ReportState.EXPIRED
    assert "personne n’a été prévenu" in expired.reason
    assert caplog.text.count("review expired undecided") == 1
    assert len(journal(step="expired")) == 1
    assert messages(**MAYORS) == []


def test_a_point_of_delle_is_no_doubt(source) -> None:
    assert push(source, location=DELLE).verdict == "certain"
