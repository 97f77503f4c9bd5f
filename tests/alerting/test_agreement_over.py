"""Once an agreement is over, nothing that waited or failed tells anybody more under it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from notifier.delivery.models import Message
from notifier.directory.conventions.store import end_convention, narrow
from notifier.directory.models import Convention
from tests.alerting.house import (
    THEFT,
    bodies,
    contact,
    hand_over,
    number,
    push,
    refusing,
    run_round,
    sms,
    told,
)
from tests.alerting.organisations import add_rule, member, resident, told_by_convention
from tests.alerting.test_organisations import release


def end() -> None:
    end_convention(Convention.objects.get().reference, "essai")


def keep_back() -> None:
    narrow(Convention.objects.get().reference, "90033", [], "maire de Delle")


@pytest.mark.parametrize("stop", [end, keep_back])
def test_what_waited_for_a_release_is_told_to_nobody(source, stop) -> None:
    contact(mobile=number(1))
    resident(told_by_convention("quartier", "centre", "Quartier du centre", ("90033",)), 2)
    push(source)
    stop()
    release()
    run_round()
    assert told() == [sms(1)]


@pytest.mark.parametrize("stop", [end, keep_back])
def test_nor_is_what_waited_for_a_digest(source, stop) -> None:
    partner = told_by_convention()
    member(partner, email="president@gb.example")
    for n in range(8):
        push(source, f"T{n}", category=THEFT)
    hand_over()
    told_so_far = Message.objects.filter(address="president@gb.example").count()
    stop()
    with time_machine.travel(timezone.now() + timedelta(minutes=20)):
        run_round()
    assert Message.objects.filter(address="president@gb.example").count() == told_so_far


@pytest.mark.parametrize("stop", [end, keep_back])
def test_nor_is_the_next_person(source, stop) -> None:
    contact(mobile=number(1))
    partner = told_by_convention(functions=["president"])
    member(partner, mobile=2)
    member(partner, "vice_president", mobile=3)
    push(source)
    stop()
    hand_over(refusing(number(2)))
    assert sms(3) not in told()


def test_where_another_rule_says_the_same_all_goes_on(source) -> None:
    contact(mobile=number(1))
    centre = told_by_convention("quartier", "centre", "Quartier du centre", ("90033",))
    resident(centre, 2)
    push(source)
    end()
    add_rule(centre, "Protocole renouvelé")
    release()
    run_round()
    assert told() == [sms(1), sms(2)]


def test_whoever_read_the_alert_reads_its_end(source) -> None:
    contact(mobile=number(1))
    member(told_by_convention(), mobile=2)
    push(source)
    hand_over()
    end()
    push(source, sequence=2, severity="extreme")
    assert number(2) not in bodies(2)
    push(source, sequence=3, status="closed")
    assert "terminée" in [*bodies(2).items(), *bodies(3).items()][-1][1]
    assert told().count(sms(2)) == 2
