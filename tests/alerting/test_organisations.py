"""Organisations that a convention tells, from the report to the last person in their order."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone

from notifier.alerting.decision.dry_run import dry_run
from notifier.alerting.models import Alert, Notification, NotificationState
from notifier.alerting.status import status_of
from notifier.directory.models import Mandate
from notifier.intake.models import Report
from tests.alerting.house import (
    BORDER,
    DUTY,
    FIRE,
    JONCHEREY,
    LATER,
    THEFT,
    bodies,
    breakable,
    contact,
    event,
    hand_over,
    journal,
    mail,
    messages,
    number,
    push,
    refusing,
    run_round,
    sms,
    told,
)
from tests.alerting.organisations import add_rule, member, resident, told_by_convention

MAYOR_MAIL = "maire@delle.example"


@pytest.fixture
def metropole(source):
    """The mayor of Delle, and the métropole with its president and a vice-president."""
    contact(mobile=number(1))
    grand_belfort = told_by_convention(functions=["president"])
    member(grand_belfort, mobile=2)
    member(grand_belfort, "vice_president", mobile=3)
    return grand_belfort


def test_who_is_told_under_which_rule_is_a_row_a_line_and_a_status(source, metropole) -> None:
    report = push(source)
    assert told() == [sms(1), sms(2)]
    _, alert = Alert.objects.order_by("id")
    rule_id = metropole.rules.get().pk
    assert (alert.organisation_kind, alert.organisation) == ("epci", "200069052")
    assert alert.terms["rules"] == [rule_id]
    (line,) = [entry for entry in journal(step="decided") if "Grand Belfort" in entry.text]
    assert f"convention « Convention métropolitaine » (règle {rule_id})" in line.text
    assert line.data["organisation"] == "epci:200069052"
    commune, partner = status_of(report)["alerts"]
    assert "organisation" not in commune
    assert partner["organisation"]["name"] == "Grand Belfort"
    assert partner["commune"] == {"code": "90033", "name": "Delle"}
    assert partner["agreement"]["conventions"] == ["Convention métropolitaine"]


def test_each_row_says_in_which_departement_it_is(source, metropole) -> None:
    """By it those who answer for a département find it; a mail to the duty officer has none."""
    told_by_convention("police_municipale", "pm", "Police", detail="chiffre")
    push(source)
    hand_over(refusing(number(1)))
    assert set(Alert.objects.values_list("departement", flat=True)) == {"90"}
    rows = Notification.objects.values_list("kind", "state", "departement").distinct()
    assert set(rows) == {
        ("alert", "queued", "90"),
        ("alert", "suppressed", "90"),
        ("duty", "queued", ""),
    }


def test_a_dry_run_says_the_same_and_stores_nothing(source, metropole) -> None:
    answer = dry_run(source, event())
    _, partner = answer["tellings"]
    assert partner["organisation"]["code"] == "200069052"
    assert [m["recipient"] for m in partner["messages"]] == ["président"]
    assert not Alert.objects.exists()


def test_later_texts_reach_them_as_well(source, metropole) -> None:
    push(source, severity="moderate")
    hand_over()
    push(source, sequence=2, severity="extreme")
    hand_over()
    push(source, sequence=3, status="closed")
    assert "aggravée" in bodies(2)[number(2)]
    assert "terminée" in bodies(3)[number(2)]
    assert not Alert.objects.filter(is_open=True).exists()


def test_who_fails_is_replaced_by_the_next_of_the_same_organisation(source, metropole) -> None:
    push(source)
    hand_over(refusing(number(2)))
    assert told() == [sms(1), sms(2), sms(3)]
    assert "Le président n'a pu etre joint" in messages()[2].body


def test_where_nobody_of_a_partner_is_reached_the_duty_hears_of_what_is_urgent(
    source, metropole
) -> None:
    push(source)
    hand_over(refusing(number(2), number(3)))
    assert told()[3:] == [mail(DUTY)]
    body = breakable(messages()[3].body)
    assert "Grand Belfort (Delle) n’a pas été prévenu" in body
    assert "joindre cet organisme par un autre moyen" in body


def test_of_what_is_routine_a_line_of_the_journal_is_enough(source) -> None:
    contact(email=MAYOR_MAIL)
    partner = told_by_convention()
    push(source, "R1", category=THEFT)
    assert told("R1") == [mail(MAYOR_MAIL)]
    member(partner, email="president@gb.example")
    push(source, "R2", category=THEFT)
    hand_over(refusing("president@gb.example"))
    assert DUTY not in [address for _, address in told("R2")]
    for reference in ("R1", "R2"):
        (line,) = journal(reference, step="unreached")
        assert "Grand Belfort" in line.text


def test_whoever_has_left_the_organisation_gets_nothing_more(source, metropole) -> None:
    push(source)
    Mandate.objects.filter(function="president").update(ends_on="2020-01-01")
    with time_machine.travel(timezone.now() + timedelta(seconds=20)):
        hand_over()
    assert [m.state for m in messages() if m.address == number(2)] == ["cancelled"]
    assert sms(3) in told()


# --- one person in several capacities


@pytest.fixture
def three_hats(source):
    """The mayor of Delle is the métropole's only vice-president, and its president is another."""
    mandate = contact(mobile=number(1))
    contact("adjoint", mobile=number(4))
    partner = told_by_convention(functions=["vice_president"])
    member(partner, mobile=2)
    member(partner, "vice_president", person=mandate.person)
    return partner


def test_one_person_reads_one_text_and_both_alerts_know_it(source, three_hats) -> None:
    report = push(source)
    assert told() == [sms(1)]
    (known,) = Notification.objects.filter(state=NotificationState.SUPPRESSED)
    assert (known.organisation, known.message) == ("200069052", messages()[0])
    assert any("déjà prévenu par Delle" in entry.text for entry in journal(step="composed"))
    (shown,) = status_of(report)["alerts"][1]["messages"]
    assert shown["known_by"] == "le sait déjà par Delle"
    (answer,) = dry_run(source, event("R2"))["tellings"][1]["known"]
    assert answer["known_by"] == "Delle"


def test_where_that_one_text_fails_each_organisation_tells_its_next(source, three_hats) -> None:
    push(source)
    hand_over(refusing(number(1)))
    assert sorted(told()) == [sms(1), sms(2), sms(4)]


def test_the_later_texts_too_are_read_once(source, three_hats) -> None:
    push(source, severity="moderate")
    hand_over()
    push(source, sequence=2, severity="extreme")
    hand_over()
    push(source, sequence=3, status="closed")
    assert told() == [sms(1)] * 3


def test_an_older_text_that_waits_is_not_taken_from_who_reads_it_for_another(
    source, three_hats
) -> None:
    """The métropole's newer text takes the place of its own texts alone."""
    contact(commune="90056", mobile=number(5))
    push(source)
    hand_over(lambda _: LATER)
    push(source, sequence=2, location=JONCHEREY)
    waiting = {(m.address, m.state) for m in messages()}
    # Delle's first text was cancelled before it left; where it is now, the métropole tells.
    assert (number(1), "cancelled") in waiting
    assert any("Joncherey" in m.body for m in messages() if m.address == number(1))


# --- storms


def test_a_digest_names_what_it_tells_by_law_and_under_which_convention(source) -> None:
    mandate = contact(email=MAYOR_MAIL)
    contact(commune="90056", email="maire@joncherey.example")
    partner = told_by_convention(title="Convention de Belfort")
    member(partner, person=mandate.person)
    for n in range(5):
        push(source, f"T{n}", category=THEFT)
    hand_over()
    push(source, "T5", category=THEFT)
    push(source, "T6", category=THEFT, location=JONCHEREY)
    with time_machine.travel(timezone.now() + timedelta(minutes=20)):
        run_round()
    rows = Notification.objects.filter(kind="digest", address=MAYOR_MAIL).select_related("message")
    (body,) = {breakable(row.message.body) for row in rows if row.message}
    assert "information du maire" in body
    assert "en application de la convention « Convention de Belfort »" in body


def test_a_figure_is_a_row_that_can_be_counted(source) -> None:
    contact(mobile=number(1))
    partner = told_by_convention(detail="chiffre")
    member(partner, mobile=2)
    report = push(source)
    assert told() == [sms(1)]
    (row,) = Notification.objects.filter(reason="figure")
    assert (row.organisation_kind, row.organisation) == ("epci", "200069052")
    (silence,) = status_of(report)["organisations_not_told"]
    assert (silence["organisation"]["kind"], silence["rule"]) == ("epci", "figure")
    assert status_of(report)["not_told"] == []


# --- participation citoyenne


@pytest.fixture
def quarter(source):
    """The mayor, and a quarter with two residents who agreed, one who has not said."""
    contact(mobile=number(1))
    centre = told_by_convention("quartier", "centre", "Quartier du centre", ("90033",))
    resident(centre, 2)
    resident(centre, 3)
    member(centre, "habitant_relais", mobile=4)
    return centre


def release(*args: str) -> str:
    out = StringIO()
    call_command("release", "R1", *args, "--who", "maire de Delle", stdout=out)
    return out.getvalue()


def test_residents_read_nothing_before_a_person_releases_it(source, quarter) -> None:
    report = push(source)
    hand_over()
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        run_round()
    assert told() == [sms(1)]
    held = status_of(report)["alerts"][1]["messages"]
    assert {(m["state"], m["held_for"], m["held_until"]) for m in held} == {("held", "relay", None)}
    assert {m["held_for"] for m in dry_run(source, event("R2"))["tellings"][1]["messages"]} == {
        "relay"
    }


def test_once_released_all_who_agreed_read_it(source, quarter) -> None:
    push(source)
    assert "Quartier du centre : 2 adresses" in release("--quartier", "centre")
    run_round()
    assert sorted(told()) == [sms(1), sms(2), sms(3)]
    assert any("relais décidé par maire de Delle" in entry.text for entry in journal())
    with pytest.raises(CommandError, match="rien n’attend"):
        release()


def test_who_read_it_reads_its_end_and_who_did_not_reads_nothing(source, quarter) -> None:
    push(source)
    release()
    run_round()
    hand_over()
    push(source, sequence=2, status="closed")
    assert sorted(told(revision=2)) == [sms(1), sms(2), sms(3)]


def test_what_is_over_before_anybody_releases_it_is_not_told(source, quarter) -> None:
    push(source)
    hand_over()
    push(source, sequence=2, status="closed")
    release()
    run_round()
    assert sorted(told()) == [sms(1), sms(1)]


def test_what_nobody_releases_expires_without_an_alarm(source, quarter) -> None:
    push(source)
    hand_over()
    with time_machine.travel(timezone.now() + timedelta(hours=5)):
        run_round()
    states = Notification.objects.filter(reason="relay").values_list("state", flat=True)
    assert set(states) == {"expired"}
    assert told() == [sms(1)]
    assert any("sans que personne ne l’ait relayé" in entry.text for entry in journal())


def test_an_aggravation_waits_for_a_person_as_well(source, quarter) -> None:
    push(source, severity="moderate")
    release()
    run_round()
    hand_over()
    push(source, sequence=2, severity="extreme")
    assert told(revision=2) == [sms(1)]
    release()
    run_round()
    assert sorted(told(revision=2)) == [sms(1), sms(2), sms(3)]


def test_a_resident_who_cannot_be_reached_is_not_replaced_and_alarms_nobody(
    source, quarter
) -> None:
    push(source)
    release()
    run_round()
    hand_over(refusing(number(2)))
    assert sorted(told()) == [sms(1), sms(2), sms(3)]


def test_a_storm_of_a_residents_other_texts_releases_nothing(source, quarter) -> None:
    """A resident who serves the commune as well gets its digest; what waits for a person waits."""
    resident_and_officer = Mandate.objects.filter(function="habitant_relais").first()
    add_rule(quarter, "Participation citoyenne")
    contact("astreinte", commune="90056", mobile=number(2), email="")
    assert resident_and_officer is not None
    for n in range(7):
        push(source, f"T{n}", category=THEFT, location=JONCHEREY)
    push(source, "R1", category=FIRE)
    with time_machine.travel(timezone.now() + timedelta(minutes=20)):
        run_round()
    assert sms(2) not in told("R1")
    assert Notification.objects.filter(reason="relay", state="deferred").exists()


def test_only_reports_of_its_own_category_and_place_reach_it(source, quarter) -> None:
    push(source, location=JONCHEREY)
    assert not Notification.objects.filter(organisation_kind="quartier").exists()
    assert Report.objects.get().state == "decided"


def test_where_the_one_text_to_two_communes_fails_each_tells_its_next(source) -> None:
    mandate = contact("maire", mobile=number(1))
    joncherey = contact("adjoint", commune="90056", mobile=number(3)).organisation
    member(joncherey, "maire", person=mandate.person)
    contact("adjoint", mobile=number(2))
    push(source, category=FIRE, location=BORDER)
    assert told() == [sms(1)]
    assert "Delle et Joncherey" in messages()[0].body
    hand_over(refusing(number(1)))
    assert sorted(told()) == [sms(1), sms(2), sms(3)]
    later = {m.address: m.body for m in messages()[1:]}
    assert "Gendarmerie - Delle :" in later[number(2)]
    assert "Gendarmerie - Joncherey :" in later[number(3)]
