"""A number that is dead, works again, or refuses messages: the directory learns it by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from time_machine import travel

from notifier.alerting.escalation.failing_addresses import BOUNCES_WITHIN, forget_recovered
from notifier.delivery.models import MessageState, Result
from notifier.delivery.providers.base import AddressFault, Outcome, Receipt
from notifier.delivery.providers.smtp import replies
from notifier.delivery.providers.twilio import errors
from notifier.delivery.receipts.apply import apply_receipt
from notifier.directory import addresses
from notifier.directory.models import Address
from tests.alerting.house import (
    FIRE,
    MAYOR,
    THEFT,
    contact,
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

STOP = Outcome(Result.PERMANENT, code="21610", detail="le destinataire a refusé les SMS (STOP)")
BOX_UNKNOWN = Outcome(Result.PERMANENT, code="550", detail="refusé par le serveur (550)")


@pytest.fixture
def pair(source) -> None:
    contact("maire", mobile=number(1))
    contact("adjoint", mobile=number(2))


def address(value: str) -> Address:
    return Address.objects.get(value=value)


def state_of(value: str) -> tuple[int, bool, bool]:
    found = address(value)
    return found.failures, found.failing_since is not None, found.is_usable


def test_a_number_that_fails_for_good_twice_is_passed_over_and_listed(source, pair) -> None:
    push(source, "R1")
    hand_over(refusing(number(1)))
    assert state_of(number(1)) == (1, True, True)
    assert addresses.passed_over_addresses() == []
    push(source, "R2")
    assert told("R2") == [sms(1)]
    hand_over(refusing(number(1)))
    assert state_of(number(1)) == (2, True, False)
    assert told("R2") == [sms(1), sms(2)]
    assert journal("R2", step="unreached")[-1].text.endswith(
        "cette adresse est en échec définitif, numéro invalide (21211) : passée jusqu’à "
        "confirmation."
    )
    push(source, "R3")
    assert told("R3") == [sms(2)]
    [listed] = addresses.passed_over_addresses()
    assert (listed.value, listed.failing_reason) == (number(1), "numéro invalide (21211)")


def test_a_confirmed_number_is_tried_again(source, pair) -> None:
    for reference in ("R1", "R2"):
        push(source, reference)
        hand_over(refusing(number(1)))
    addresses.confirm(address(number(1)), timezone.now())
    assert state_of(number(1)) == (0, False, True)
    push(source, "R3")
    assert told("R3") == [sms(1)]


def test_two_texts_of_one_incident_are_one_failure(source, pair) -> None:
    push(source, "R1")
    hand_over()
    push(source, "R1", 2, severity="extreme")
    hand_over()
    both = messages("R1", address=number(1))
    assert len(both) == 2
    for message in both:
        apply_receipt(message.pk, Receipt("SM1", MessageState.UNDELIVERED, code="30005"))
    assert state_of(number(1)) == (1, True, True)


def test_what_arrives_in_between_starts_the_count_anew(source, pair) -> None:
    push(source, "R1")
    hand_over(refusing(number(1)))
    push(source, "R2")
    hand_over()
    [second] = messages("R2")
    apply_receipt(second.pk, Receipt("SM1", MessageState.DELIVERED))
    push(source, "R3")
    hand_over(refusing(number(1)))
    assert state_of(number(1)) == (1, True, True)


def test_a_later_success_clears_the_failure(source, pair) -> None:
    push(source, "R1")
    hand_over(refusing(number(1)))
    forget_recovered()
    assert address(number(1)).failures == 1
    push(source, "R2")
    hand_over()
    [second] = messages("R2")
    apply_receipt(second.pk, Receipt("SM1", MessageState.DELIVERED))
    forget_recovered()
    found = address(number(1))
    assert (found.failures, found.failing_since, found.failing_reason) == (0, None, "")


def test_a_text_that_was_lost_and_arrives_after_all_clears_it_too(source, pair) -> None:
    for reference in ("R1", "R2"):
        push(source, reference)
        hand_over()
        [message] = messages(reference)
        apply_receipt(message.pk, Receipt("SM1", MessageState.UNDELIVERED, code="30005"))
    assert state_of(number(1)) == (2, True, False)
    apply_receipt(message.pk, Receipt("SM1", MessageState.DELIVERED))
    forget_recovered()
    assert state_of(number(1)) == (0, False, True)


@pytest.mark.parametrize("code", ["30003", "30008", "30007", ""])
def test_a_telephone_that_is_off_is_not_dead(source, pair, code: str) -> None:
    for reference in ("R1", "R2", "R3"):
        push(source, reference)
        hand_over()
        message = messages(reference)[0]
        apply_receipt(message.pk, Receipt("SM1", MessageState.UNDELIVERED, code=code))
    assert state_of(number(1)) == (0, False, True)


def test_whoever_answers_stop_gets_nothing_more_at_once(source, pair) -> None:
    push(source, "R1")
    hand_over(lambda m: STOP if m.address == number(1) else refusing()(m))
    assert address(number(1)).opted_out_at is not None
    assert told("R1") == [sms(1), sms(2)]
    assert "cette adresse refuse les messages" in journal("R1", step="unreached")[-1].text
    push(source, "R2")
    assert told("R2") == [sms(2)]
    assert [one.value for one in addresses.passed_over_addresses()] == [number(1)]
    addresses.confirm(address(number(1)), timezone.now())
    assert not address(number(1)).is_usable


def test_a_mailbox_that_is_unknown_twice_is_passed_over(source) -> None:
    contact("maire", email=MAYOR)
    contact("adjoint", email="adjoint@delle.example")
    for reference in ("R1", "R2"):
        push(source, reference, category=THEFT)
        hand_over(lambda m: BOX_UNKNOWN if m.address == MAYOR else refusing()(m))
    assert state_of(MAYOR) == (2, True, False)
    push(source, "R3", category=THEFT)
    assert told("R3") == [mail("adjoint@delle.example")]


def test_a_mail_that_does_not_come_back_within_a_day_arrived(source) -> None:
    contact("maire", email=MAYOR)
    push(source, "R1", category=THEFT)
    hand_over(lambda m: BOX_UNKNOWN if m.address == MAYOR else refusing()(m))
    push(source, "R2", category=THEFT)
    hand_over()
    forget_recovered()
    assert address(MAYOR).failures == 1
    with travel(timezone.now() + BOUNCES_WITHIN + timedelta(minutes=1)):
        forget_recovered()
    assert address(MAYOR).failures == 0


def test_everybody_with_the_number_has_it_marked(source) -> None:
    contact("maire", mobile=number(1))
    contact("maire", commune="90010", mobile=number(1))
    push(source, "R1")
    hand_over(refusing(number(1)))
    assert set(Address.objects.values_list("failures", flat=True)) == {1}


def test_without_a_failing_address_the_sweep_asks_one_thing(
    source, pair, django_assert_num_queries
) -> None:
    with django_assert_num_queries(1):
        forget_recovered()


def test_a_fault_in_the_counting_keeps_nobody_from_the_next_person(
    source, pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("poisoned")

    monkeypatch.setattr(addresses, "note_failure", fail)
    push(source, "R1", category=FIRE)
    hand_over(refusing(number(1)))
    assert told("R1") == [sms(1), sms(2)]


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        *((code, AddressFault.DEAD) for code in (21211, 21614, 21635, 30005, 30006)),
        (21610, AddressFault.OPTED_OUT),
        # The text, the sender, the account, the moment.
        *((code, None) for code in (21602, 21604, 21612, 21617, 30034, 20003, 30003, 30007)),
        ("", None),
        (None, None),
    ],
)
def test_which_errors_of_twilio_are_the_number_s_own(
    code: int | str | None, fault: AddressFault | None
) -> None:
    assert errors.address_fault(code) is fault


@pytest.mark.parametrize(
    ("status", "is_dead"),
    [
        *((status, True) for status in ("550", "551", "553", "5.1.1", "5.1.2", "5.1.10", "5.2.1")),
        # Full, too large, policy, our own address, a server that does not answer.
        *((status, False) for status in ("552", "554", "5.2.2", "5.7.1", "5.1.8", "4.4.1", "450")),
    ],
)
def test_which_replies_are_the_mailbox_s_own(status: str, is_dead: bool) -> None:
    assert replies.address_fault(status) is (AddressFault.DEAD if is_dead else None)
