"""An urgent alert rings a telephone at once: somebody's of the commune, or the duty is alarmed."""

from __future__ import annotations

from datetime import date

import pytest
from time_machine import travel

from notifier.alerting.decision.dry_run import dry_run
from tests.alerting.conftest import CATEGORIES, FAMILIES, written
from tests.alerting.house import (
    BORDER,
    DUTY,
    FIRE,
    MAYOR,
    MAYORS,
    MISSING,
    THEFT,
    contact,
    event,
    hand_over,
    journal,
    mail,
    messages,
    number,
    push,
    refusing,
    sms,
    told,
)
from tests.harness.people import change_contact

FIRST_DEPUTY = "premier@delle.example"


@pytest.mark.parametrize("category", [None, FIRE], ids=["sms and mail", "sms alone"])
def test_a_mayor_with_a_mail_alone_is_told_and_the_deputy_is_rung(source, category) -> None:
    contact("maire", email=MAYOR)
    contact("adjoint", mobile=number(2))
    push(source, **({"category": category} if category else {}))
    assert told() == [mail(MAYOR), sms(2)]


def test_the_first_in_the_order_who_can_be_rung_and_nobody_behind(source) -> None:
    contact("maire", email=MAYOR)
    contact("police_municipale", email="police@delle.example")
    contact("adjoint", rank=1, email=FIRST_DEPUTY)
    contact("dgs", mobile=number(4))
    contact("adjoint", rank=3, mobile=number(3))
    contact("adjoint", rank=2, mobile=number(2))
    push(source)
    assert told() == [mail(MAYOR), sms(2), mail("police@delle.example")]


def test_who_is_not_in_office_today_is_not_rung(source) -> None:
    contact("maire", email=MAYOR)
    contact("adjoint", rank=1, mobile=number(1), active_until=date(2026, 11, 21))
    contact("adjoint", rank=2, mobile=number(2), active_from=date(2026, 11, 23))
    contact("adjoint", rank=3, mobile=number(3))
    with travel("2026-11-22T02:16:07Z", tick=False):
        push(source)
    assert told() == [mail(MAYOR), sms(3)]


def test_one_of_those_chosen_who_can_be_rung_suffices(source) -> None:
    contact("maire", email=MAYOR)
    contact("adjoint", mobile=number(2))
    contact("astreinte", mobile=number(3))
    push(source)
    assert told() == [mail(MAYOR), sms(3)]


def test_a_routine_alert_rings_nobody_in_another_s_place(source) -> None:
    contact("maire", email=MAYOR)
    contact("adjoint", mobile=number(2))
    push(source, category=THEFT)
    assert told() == [mail(MAYOR)]


def test_where_nobody_has_a_phone_the_duty_is_alarmed_at_once(source) -> None:
    contact("maire", email=MAYOR)
    contact("adjoint", email=FIRST_DEPUTY)
    push(source)
    assert told() == [mail(MAYOR), mail(DUTY)]
    assert "aucun contact n’y a de mobile" in messages(address=DUTY)[0].body
    (line,) = journal(step="unreached")
    assert "la permanence du groupement est prévenue" in line.text


def test_without_a_duty_address_the_journal_and_the_log_say_that_nobody_is_rung(
    source, caplog
) -> None:
    source.duty_email = ""
    source.save()
    contact("maire", email=MAYOR)
    push(source)
    assert told() == [mail(MAYOR)]
    assert "no duty address" in caplog.text
    assert "aucune adresse de permanence" in journal(step="unreached")[0].text


def test_a_mail_that_fails_afterwards_still_goes_down_the_order(source) -> None:
    contact("maire", email=MAYOR)
    contact("adjoint", email=FIRST_DEPUTY)
    push(source)
    hand_over(refusing(MAYOR))
    assert told() == [mail(MAYOR), mail(DUTY), mail(FIRST_DEPUTY)]


def test_each_of_several_communes_has_its_own_phone_or_its_own_alarm(source) -> None:
    contact("maire", email=MAYOR)
    contact("adjoint", mobile=number(2))
    contact(commune="90056", email="maire@joncherey.example")
    push(source, category=FIRE, location=BORDER)
    assert told(**MAYORS) == [mail(MAYOR), sms(2), mail("maire@joncherey.example")]
    (alarm,) = messages(address=DUTY)
    assert "La commune de Joncherey" in alarm.body


def test_a_neighbour_whose_phone_rang_for_the_commune_itself_is_not_alarmed_about(source) -> None:
    contact("maire", email=MAYOR)
    contact("adjoint", mobile=number(2))
    # The deputy of Delle works for Joncherey too, whose mayor has no phone.
    contact(commune="90056", email="maire@joncherey.example")
    contact("dgs", commune="90056", mobile=number(2))
    push(source, category=MISSING)
    assert told(**MAYORS) == [mail(MAYOR), sms(2), mail("maire@joncherey.example")]
    assert "Joncherey" not in "".join(m.body for m in messages(address=DUTY))


def test_what_becomes_urgent_rings_who_was_told_by_mail(source) -> None:
    contact("maire", mobile=number(1), email=MAYOR)
    contact("adjoint", mobile=number(2))
    push(source, category=THEFT, severity="minor")
    hand_over()
    push(source, sequence=2, category=FIRE, severity="extreme")
    assert told(revision=1) == [mail(MAYOR)]
    assert told(revision=2) == [mail(MAYOR), sms(1)]


def test_what_becomes_urgent_goes_down_the_order_where_who_was_told_has_no_phone(source) -> None:
    contact("maire", email=MAYOR)
    contact("adjoint", mobile=number(2))
    push(source, category=THEFT, severity="minor")
    hand_over()
    push(source, sequence=2, category=FIRE, severity="extreme")
    assert told(revision=2) == [mail(MAYOR), sms(2)]


def test_what_becomes_urgent_alarms_the_duty_where_nobody_has_a_phone(source) -> None:
    contact("maire", email=MAYOR)
    push(source, category=THEFT, severity="minor")
    hand_over()
    push(source, sequence=2, category=FIRE, severity="extreme")
    assert told(revision=2) == [mail(MAYOR), mail(DUTY)]


def test_an_aggravation_rings_who_has_a_phone_by_now(source) -> None:
    mayor = contact("maire", email=MAYOR)
    push(source, severity="minor")
    hand_over()
    change_contact(mayor, mobile=number(1))
    push(source, sequence=2, severity="extreme")
    assert told(revision=2) == [mail(MAYOR), sms(1)]


def test_an_aggravation_rings_a_number_again_that_failed_for_the_first_alert(source) -> None:
    contact("maire", mobile=number(1), email=MAYOR)
    push(source, severity="minor")
    hand_over(refusing(number(1)))
    push(source, sequence=2, severity="extreme")
    assert told(revision=2, **MAYORS) == [mail(MAYOR), sms(1)]


def test_an_end_rings_nobody_who_was_not_rung(source) -> None:
    contact("maire", email=MAYOR)
    contact("adjoint", mobile=number(2))
    push(source, category=THEFT, severity="minor")
    hand_over()
    push(source, sequence=2, category=THEFT, severity="minor", status="closed")
    assert told(revision=2) == [mail(MAYOR)]


def test_an_urgent_category_without_sms_is_refused(operator) -> None:
    from notifier.alerting.policy.categories import CategoriesError
    from notifier.alerting.policy.current import categories

    quiet = [(*f[:4], '"email"', *f[5:]) if f[0] == "C04" else f for f in FAMILIES]
    operator(
        written(quiet, CATEGORIES + '"C03.01.02" = { label = "vol grave", lane = "urgent" }\n')
    )
    with pytest.raises(CategoriesError) as refused:
        categories()
    faults = str(refused.value).splitlines()
    assert [line.split(" : ")[1].split(" ")[0] for line in faults] == [
        "families.C04.channels",
        "categories.C03.01.02.channels",
    ]
    assert all('"sms"' in line for line in faults)


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ({}, "aucun contact joignable"),
        ({"email": MAYOR}, "aucun contact n’y a de mobile"),
        ({"mobile": number(1)}, None),
    ],
    ids=["nobody", "a mail", "a phone"],
)
def test_the_dry_run_says_that_the_duty_would_be_alarmed(source, who, expected) -> None:
    if who:
        contact(**who)
    (telling,) = dry_run(source, event())["tellings"]
    assert (expected is None) == (telling["unreached"] is None)
    assert (expected or "") in (telling["unreached"] or "")
