"""Who is told at once: every person once, on what they can be reached by, never nobody unsaid."""

from __future__ import annotations

import logging
from datetime import date

import pytest
from time_machine import travel

from notifier.delivery.models import MessageState
from notifier.intake.access.api_keys import add_source
from tests.alerting.house import (
    DUTY,
    FIRE,
    THEFT,
    contact,
    journal,
    mail,
    messages,
    number,
    push,
    sms,
    told,
)


def test_one_person_in_two_functions_gets_one_text_and_one_mail(source) -> None:
    contact("maire", mobile=number(1), email="maire@delle.example")
    contact("astreinte", mobile=number(1), email="MAIRE@delle.example")
    push(source)
    assert told() == [sms(1), mail("maire@delle.example")]
    assert {m.title for m in messages()} == {"maire"}


def test_who_has_only_a_mobile_or_only_an_address_is_told_on_it(source) -> None:
    contact("maire", email="maire@delle.example")
    contact("astreinte", mobile=number(2))
    push(source)
    assert told() == [mail("maire@delle.example"), sms(2)]


def test_who_lacks_the_usual_channel_is_told_on_the_other(source) -> None:
    contact("maire", email="maire@delle.example")
    push(source, category=FIRE)  # by SMS
    assert told() == [mail("maire@delle.example"), mail(DUTY)]
    contact("maire", commune="90052", mobile=number(2))
    push(source, "R2", category=THEFT, location={"insee": "90052"})  # by e-mail
    assert told("R2") == [sms(2)]


def test_who_has_the_usual_channel_is_told_on_no_other(source) -> None:
    contact("maire", mobile=number(1), email="maire@delle.example")
    push(source, category=FIRE)
    assert told() == [sms(1)]
    push(source, "R2", category=THEFT)
    assert told("R2") == [mail("maire@delle.example")]


def test_the_lane_and_the_lifetime_are_the_categorys(source) -> None:
    contact("maire", mobile=number(1), email="maire@delle.example")
    with travel("2026-11-22T02:16:07Z", tick=False):
        push(source)
        push(source, "R2", category=THEFT)
    urgent, routine = messages("R1")[0], messages("R2")[0]
    assert (urgent.lane, routine.lane) == ("urgent", "routine")
    assert urgent.expires_at.isoformat() == "2026-11-22T05:16:07+00:00"


def test_without_a_mayor_the_first_deputy_stands_in(source) -> None:
    contact("adjoint", rank=1, mobile=number(1))
    contact("adjoint", rank=2, mobile=number(2))
    contact("police_municipale", mobile=number(3))
    push(source)
    assert told() == [sms(1), sms(3)]


def test_a_mayor_who_is_away_is_replaced_from_that_day_on(source) -> None:
    contact("maire", mobile=number(1), active_until=date(2026, 11, 21))
    contact("adjoint", rank=1, mobile=number(2))
    with travel("2026-11-21T22:59:00Z", tick=False):  # 23:59 in Delle
        push(source)
    with travel("2026-11-21T23:01:00Z", tick=False):  # 00:01 the next day
        push(source, "R2")
    assert (told("R1"), told("R2")) == ([sms(1)], [sms(2)])


def test_deputies_are_not_told_at_once_beside_a_mayor(source) -> None:
    contact("maire", mobile=number(1))
    contact("adjoint", mobile=number(2))
    push(source)
    assert told() == [sms(1)]


def test_a_commune_with_nobody_of_those_functions_has_its_first_contact_told(source) -> None:
    contact("autre", mobile=number(2))
    contact("dgs", mobile=number(1))
    push(source)
    assert told() == [sms(1)]


def test_a_commune_without_contacts_is_told_to_the_duty_and_to_the_journal(source) -> None:
    push(source)
    (message,) = messages()
    assert (message.channel, message.address, message.lane) == ("email", DUTY, "urgent")
    assert "Delle" in message.subject
    assert "aucun contact joignable" in message.body
    (line,) = journal(step="unreached")
    assert "Delle" in line.text
    assert DUTY not in line.text


def test_of_what_nobody_is_told_the_duty_reads_the_latest(source) -> None:
    push(source, severity="moderate")
    push(source, sequence=2, severity="extreme")
    first, second = messages()
    assert (first.state, second.state) == (MessageState.CANCELLED, MessageState.PENDING)
    assert "très grave" in second.body


def test_without_a_duty_address_it_is_loud_and_in_the_journal(rules, db, caplog) -> None:
    silent = add_source("SANS 90", ["90"], service="Gendarmerie", duty_email="", signed=False)
    with caplog.at_level(logging.ERROR):
        push(silent.source)
    assert messages() == []
    assert "no duty address" in caplog.text
    (line,) = journal(step="unreached")
    assert "aucune adresse de permanence" in line.text


def test_the_contacts_of_another_commune_are_told_nothing(source) -> None:
    contact("maire", commune="90052", mobile=number(1))
    push(source)
    assert told() == [mail(DUTY)]


@pytest.mark.parametrize("count", [1, 3])
def test_the_journal_names_functions_and_masked_addresses_only(source, count) -> None:
    for n in range(count):
        contact("astreinte", rank=n + 1, mobile=number(n + 1), last_name="Durand")
    push(source)
    (line,) = journal(step="composed")
    assert line.text.count("élu d’astreinte (SMS +33 6 •• •• •• 0") == count
    assert "Durand" not in line.text
    assert "39980" not in line.text
