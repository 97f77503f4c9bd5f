"""Nobody loses news because of another text that they were thought to read."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError
from django.utils import timezone

from notifier.alerting.models import Notification
from notifier.delivery.follow_up import follow_up_late
from notifier.delivery.models import Message, MessageState
from notifier.delivery.providers.base import Receipt
from notifier.delivery.receipts.apply import apply_receipt
from notifier.directory.conventions.store import narrow
from notifier.directory.models import Mandate
from tests.alerting.house import (
    BORDER,
    FIRE,
    JONCHEREY,
    MAYORS,
    SECRET,
    THEFT,
    contact,
    hand_over,
    messages,
    number,
    push,
    refusing,
    run_round,
    sms,
    told,
)
from tests.alerting.organisations import member, resident, told_by_convention
from tests.alerting.test_organisations import release


def mayor_and_president(**rule) -> Mandate:
    """The mayor of Delle, who is the métropole's president as well; a deputy, a vice-president."""
    mandate = contact(mobile=number(1))
    contact("adjoint", mobile=number(4))
    partner = told_by_convention(functions=["president"], **rule)
    member(partner, person=mandate.person)
    member(partner, "vice_president", mobile=3)
    return mandate


def test_a_text_that_failed_before_tells_nobody(source) -> None:
    mayor_and_president(from_severity="extreme")
    push(source, severity="moderate")
    hand_over(refusing(number(1)))
    assert told() == [sms(1), sms(4)]
    push(source, sequence=2, severity="extreme")
    hand_over(refusing(number(1)))
    assert sms(3) in told()


def test_what_a_former_capacity_told_makes_no_update_needless(source) -> None:
    mandate = mayor_and_president()
    push(source, severity="moderate")
    hand_over()
    Mandate.objects.filter(pk=mandate.pk).update(ends_on="2020-01-01")
    push(source, sequence=2, severity="extreme")
    assert told().count(sms(1)) == 2


def test_of_a_further_commune_the_organisation_hears_though_a_mayor_knew_of_the_first(
    source,
) -> None:
    mayor_and_president()
    contact(commune="90056", mobile=number(5))
    push(source, category=FIRE)
    hand_over()
    push(source, sequence=2, category=FIRE, location=BORDER)
    assert told().count(sms(1)) == 2


def test_a_text_that_waits_for_a_person_is_not_in_the_way_of_another(source) -> None:
    contact(mobile=number(1))
    quarter = told_by_convention("quartier", "centre", "Quartier du centre", ("90033",))
    neighbour = resident(quarter, 2)
    partner = told_by_convention("epci", "200069052", "Grand Belfort")
    member(partner, person=neighbour.person)
    push(source)
    assert told() == [sms(1), sms(2)]
    # Nor does a release tell them the same again.
    with pytest.raises(CommandError, match="rien n’attend"):
        release()


def test_nor_is_one_that_waited_since_an_earlier_report(source) -> None:
    contact(mobile=number(1))
    quarter = told_by_convention("quartier", "centre", "Quartier du centre", ("90033",))
    neighbour = resident(quarter, 2)
    partner = told_by_convention("epci", "200069052", "Grand Belfort", from_severity="extreme")
    member(partner, person=neighbour.person)
    push(source, severity="moderate")
    hand_over()
    push(source, sequence=2, severity="extreme")
    assert told().count(sms(2)) == 1
    hand_over()
    release()
    run_round()
    assert told().count(sms(2)) == 1


def test_residents_who_read_the_first_text_read_the_end_though_an_update_waits(source) -> None:
    contact(mobile=number(1))
    resident(told_by_convention("quartier", "centre", "Quartier du centre", ("90033",)), 2)
    push(source, severity="moderate")
    release()
    run_round()
    hand_over()
    push(source, sequence=2, severity="extreme")
    push(source, sequence=3, severity="extreme", status="closed")
    assert sms(2) in told(revision=3)
    hand_over()
    with time_machine.travel(timezone.now() + timedelta(hours=5)):
        run_round()
    assert [m.body for m in messages() if m.address == number(2)][-1].count("terminée") == 1
    assert told().count(sms(2)) == 2


def test_a_digest_names_both_communes_of_whoever_serves_two(source) -> None:
    mandate = contact(email="m@x.example")
    other = contact("adjoint", commune="90056", mobile=number(3)).organisation
    member(other, "maire", person=mandate.person)
    for n in range(6):
        push(source, f"T{n}", category=THEFT)
    hand_over()
    push(source, "T7", category=THEFT, location={"communes": ["90033", "90056"]})
    push(source, "T8", category=THEFT)
    with time_machine.travel(timezone.now() + timedelta(minutes=20)):
        run_round()
    latest = Message.objects.filter(address="m@x.example").latest("id")
    assert "Joncherey" in latest.body


def test_one_text_to_two_communes_is_not_withdrawn_with_one_of_them(source) -> None:
    mandate = contact(commune="90056", mobile=number(1))
    delle = contact("adjoint", mobile=number(3)).organisation
    member(delle, "maire", person=mandate.person)
    push(source, category=FIRE, location={"communes": ["90033", "90056"]})
    assert [m.state for m in messages()] == ["pending"]
    push(source, sequence=2, category=FIRE, location=JONCHEREY)
    hand_over()
    left = [m for m in messages() if m.state != "cancelled" and m.address == number(1)]
    assert any("Joncherey" in m.body and m.state == "accepted" for m in left)


def test_but_not_what_is_withheld_meanwhile(source) -> None:
    mandate = contact(commune="90056", mobile=number(1))
    delle = contact("adjoint", mobile=number(3)).organisation
    member(delle, "maire", person=mandate.person)
    push(source, category=FIRE, location={"communes": ["90033", "90056"]})
    push(source, sequence=2, category=SECRET, location=JONCHEREY)
    hand_over()
    assert {m.state for m in messages(**MAYORS)} == {"cancelled"}


def test_what_a_commune_keeps_back_is_not_told_by_its_neighbour(source) -> None:
    contact(mobile=number(1))
    contact(commune="90056", mobile=number(2))
    partner = told_by_convention()
    member(partner, mobile=3)
    narrow(partner.rules.get().convention.reference, "90033", [], "maire de Delle")
    push(source, category=FIRE, location=BORDER)
    bodies = [m.body for m in messages() if m.address == number(3)]
    assert not bodies, bodies


# --- what fails, or comes late


def test_a_text_that_comes_late_brings_what_followed_once(source) -> None:
    mayor_and_president()
    push(source, severity="moderate")
    hand_over(refusing(number(2)))
    (first,) = messages(address=number(1))
    lost = Receipt("SM1", MessageState.UNDELIVERED, "30008", explanation="raison inconnue")
    apply_receipt(first.pk, lost)
    hand_over()
    push(source, sequence=2, severity="extreme")
    assert sms(1) not in [(m.channel, m.address) for m in messages() if m.pk != first.pk]
    apply_receipt(first.pk, Receipt("SM1", MessageState.DELIVERED))
    follow_up_late()
    assert told().count(sms(1)) == 2
    assert "aggravée" in messages(address=number(1))[-1].body


def test_whoever_waits_for_a_release_is_told_in_anothers_place(source) -> None:
    contact(mobile=number(1))
    quarter = told_by_convention("quartier", "centre", "Quartier du centre", ("90033",))
    neighbour = resident(quarter, 2)
    partner = told_by_convention(functions=["president"])
    member(partner, mobile=4)
    member(partner, "vice_president", person=neighbour.person)
    push(source)
    hand_over(refusing(number(4)))
    assert sms(2) in told()


def test_who_left_one_of_two_capacities_reads_in_the_other_and_both_are_told(source) -> None:
    """The text that waits was the mayor's: who is mayor no more does not stand for the commune."""
    mandate = mayor_and_president()
    push(source)
    Mandate.objects.filter(pk=mandate.pk).update(ends_on="2020-01-01")
    with time_machine.travel(timezone.now() + timedelta(seconds=20)):
        hand_over()
        hand_over()
    assert [m.address for m in messages(state="cancelled")] == [number(1)]
    taken = {n.organisation_kind: n.address for n in Notification.objects.filter(
        message__state="accepted", state="queued")}  # fmt: skip
    assert taken == {"commune": number(4), "epci": number(1)}
