"""A message that ends badly: the person's other channel, the next person, dispatch; once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from time_machine import travel

from notifier.alerting.policy.current import categories
from notifier.delivery.follow_up import follow_up, follow_up_failed, follow_up_late
from notifier.delivery.models import Message, MessageState, Result
from notifier.delivery.providers.base import Outcome, Receipt
from notifier.delivery.receipts.apply import apply_receipt
from tests.alerting.conftest import CATEGORIES, FAMILIES, written
from tests.alerting.house import (
    DUTY,
    FIRE,
    LATER,
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
from tests.delivery.samples import run_round
from tests.harness.people import change_contact


def duties(reference: str = "R1") -> list[Message]:
    return messages(reference, address=DUTY)


def test_urgent_a_refused_sms_is_followed_by_the_same_persons_mail_and_the_next_person(
    source,
) -> None:
    contact("maire", mobile=number(1), email=MAYOR)
    contact("adjoint", rank=1, mobile=number(2), email="adjoint@delle.example")
    contact("adjoint", rank=2, mobile=number(3))
    push(source, category=FIRE)  # by SMS alone
    hand_over(refusing(number(1)))
    assert told() == [sms(1), mail(MAYOR), sms(2)]
    assert "au tour de" in journal(step="decided")[-1].text


def test_urgent_the_next_person_is_told_also_when_the_mayors_mail_lives(source) -> None:
    contact("maire", mobile=number(1), email=MAYOR)
    contact("adjoint", mobile=number(2))
    push(source)
    hand_over(refusing(number(1)))
    assert told() == [sms(1), mail(MAYOR), sms(2)]


def test_urgent_a_refused_mail_troubles_nobody_while_the_sms_lives(source) -> None:
    contact("maire", mobile=number(1), email=MAYOR)
    contact("adjoint", mobile=number(2))
    push(source)
    hand_over(refusing(MAYOR))
    assert told() == [sms(1), mail(MAYOR)]


def test_routine_a_mail_suffices(source) -> None:
    contact("maire", mobile=number(1), email=MAYOR)
    contact("astreinte", mobile=number(2))
    contact("adjoint", mobile=number(3))
    push(source, category=THEFT)
    assert told() == [mail(MAYOR), sms(2)]
    hand_over(refusing(MAYOR))
    assert told()[2:] == [sms(1)]  # the mayor's own mobile; it lives: no deputy


def test_routine_who_cannot_be_reached_at_all_is_followed_by_the_next(source) -> None:
    contact("maire", mobile=number(1), email=MAYOR)
    contact("adjoint", email="adjoint@delle.example")
    push(source, category=THEFT)
    hand_over(refusing(MAYOR, number(1)))
    assert told() == [mail(MAYOR), sms(1), mail("adjoint@delle.example")]


def test_down_the_whole_order_then_to_the_duty(source) -> None:
    contact("maire", mobile=number(1))
    contact("adjoint", rank=2, mobile=number(3))
    contact("adjoint", rank=1, mobile=number(2))
    contact("dgs", mobile=number(4))
    push(source)
    hand_over(lambda m: refusing(m.address)(m) if m.channel == "sms" else LATER)
    assert told() == [sms(1), sms(2), sms(3), sms(4), mail(DUTY)]
    assert "aucun message n’a abouti" in duties()[0].body
    assert journal(step="unreached")[-1].text.endswith("plus personne à prévenir.")


def test_the_next_in_order_who_shares_the_failed_number_is_passed_over(source) -> None:
    contact("maire", mobile=number(1))
    contact("adjoint", rank=1, mobile=number(1))
    contact("adjoint", rank=2, mobile=number(2))
    push(source)
    hand_over(refusing(number(1)))
    assert told() == [sms(1), sms(2)]


def test_where_all_share_the_failed_number_the_duty_is_told(source) -> None:
    contact("maire", mobile=number(1))
    contact("adjoint", mobile=number(1))
    push(source)
    hand_over(refusing(number(1)))
    assert told() == [sms(1), mail(DUTY)]


def test_urgent_a_next_person_with_a_mail_only_does_not_end_the_search_for_a_phone(source) -> None:
    contact("maire", mobile=number(1))
    contact("adjoint", rank=1, email="premier@delle.example")
    contact("adjoint", rank=2, mobile=number(2))
    push(source)
    hand_over(refusing(number(1)))
    assert told() == [sms(1), mail("premier@delle.example"), sms(2)]


def test_urgent_when_only_mails_live_the_duty_is_told_too(source) -> None:
    contact("maire", mobile=number(1), email=MAYOR)
    contact("adjoint", email="adjoint@delle.example")
    push(source)
    hand_over(refusing(number(1)))
    assert told() == [sms(1), mail(MAYOR), mail("adjoint@delle.example"), mail(DUTY)]


def test_an_undelivered_receipt_moves_on_too(source) -> None:
    contact("maire", mobile=number(1))
    contact("adjoint", mobile=number(2))
    push(source)
    hand_over()
    (message,) = messages()
    apply_receipt(
        message.pk,
        Receipt("SM1", MessageState.UNDELIVERED, "30003", explanation="téléphone éteint"),
    )
    assert told() == [sms(1), sms(2)]


@pytest.mark.parametrize("state", [MessageState.DELIVERED, MessageState.READ])
@pytest.mark.parametrize("body", [{"status": "closed"}, {"severity": "extreme"}])
def test_a_text_that_came_after_all_counts_its_reader_as_told(source, state, body) -> None:
    """30008, then delivered: the deputy was told in the mayor's place; both are told the rest."""
    contact("maire", mobile=number(1))
    contact("adjoint", mobile=number(2))
    push(source, category=FIRE, severity="minor")
    hand_over()
    first = messages()[0].pk
    apply_receipt(
        first, Receipt("SM1", MessageState.UNDELIVERED, "30008", explanation="raison inconnue")
    )
    hand_over()
    apply_receipt(first, Receipt("SM1", state))
    push(source, sequence=2, **{"category": FIRE, "severity": "minor", **body})
    assert told(revision=1) == [sms(1), sms(2)]
    assert told(revision=2) == [sms(1), sms(2)]


def said_to_be_lost() -> int:
    """The mayor's first text, of which the network said that it did not arrive."""
    first = messages(address=number(1))[0].pk
    apply_receipt(
        first, Receipt("SM1", MessageState.UNDELIVERED, "30008", explanation="raison inconnue")
    )
    hand_over()
    return first


FOLLOWED = [{"status": "closed"}, {"status": "cancelled"}, {"severity": "extreme"}]


@pytest.mark.parametrize("body", FOLLOWED)
def test_a_text_that_comes_after_what_followed_it_brings_that_too(source, body) -> None:
    contact("maire", mobile=number(1))
    contact("adjoint", mobile=number(2))
    push(source, category=FIRE, severity="minor")
    hand_over()
    first = said_to_be_lost()
    push(source, sequence=2, **{"category": FIRE, "severity": "minor", **body})
    assert told(revision=2) == [sms(2)]
    apply_receipt(first, Receipt("SM1", MessageState.DELIVERED))
    for _ in range(2):
        follow_up_late()
        apply_receipt(first, Receipt("SM1", MessageState.DELIVERED))
    assert told(revision=2) == [sms(2), sms(1)]
    mayors, deputys = (messages(revision=2, address=number(n))[0].body for n in (1, 2))
    assert mayors == deputys
    assert "reçu après coup" in journal(step="decided")[-1].text


def test_a_text_that_comes_after_all_brings_nothing_where_nothing_followed(source) -> None:
    contact("maire", mobile=number(1))
    contact("adjoint", mobile=number(2))
    push(source, category=FIRE)
    hand_over()
    apply_receipt(said_to_be_lost(), Receipt("SM1", MessageState.DELIVERED))
    follow_up_late()
    assert told() == [sms(1), sms(2)]


def test_a_text_that_comes_after_all_brings_nothing_to_who_has_left(source) -> None:
    mayor = contact("maire", mobile=number(1))
    contact("adjoint", mobile=number(2))
    push(source, category=FIRE)
    hand_over()
    first = said_to_be_lost()
    push(source, sequence=2, category=FIRE, status="closed")
    mayor.delete()
    apply_receipt(first, Receipt("SM1", MessageState.DELIVERED))
    follow_up_late()
    assert told(revision=2) == [sms(2)]


def test_an_ordinary_receipt_leaves_nothing_to_follow_up(source) -> None:
    contact("maire", mobile=number(1))
    push(source, category=FIRE)
    hand_over()
    for state in (MessageState.DELIVERED, MessageState.READ):
        apply_receipt(messages()[0].pk, Receipt("SM1", state))
        assert messages()[0].due_at is None


def test_nothing_moves_on_once_a_newer_text_is_out(source) -> None:
    contact("maire", mobile=number(1))
    contact("adjoint", mobile=number(2))
    push(source)
    hand_over()
    push(source, sequence=2, status="closed")
    apply_receipt(messages(revision=1)[0].pk, Receipt("SM1", MessageState.UNDELIVERED))
    assert told() == [sms(1), sms(1)]


def test_a_late_failure_of_an_alert_that_is_over_moves_nobody_in_the_new_one(source) -> None:
    mayor = contact("maire", mobile=number(1))
    contact("adjoint", rank=1, mobile=number(2))
    contact("adjoint", rank=2, mobile=number(3))
    push(source)
    hand_over()
    push(source, sequence=2, status="closed")
    hand_over()
    mayor.delete()
    push(source, sequence=3)
    assert told(revision=3) == [sms(2)]
    apply_receipt(messages(revision=1)[0].pk, Receipt("SM1", MessageState.UNDELIVERED))
    assert told(revision=3) == [sms(2)]


def test_an_alert_that_can_no_longer_help_is_passed_to_nobody_but_the_duty(source) -> None:
    contact("maire", mobile=number(1), email=MAYOR)
    contact("adjoint", mobile=number(2))
    push(source, category=FIRE)
    hand_over(lambda _: LATER)
    with travel(timezone.now() + timedelta(hours=3, seconds=1)):
        sweep_without_sending()
    assert [m.state for m in messages()][:1] == [MessageState.EXPIRED]
    assert told() == [sms(1), mail(DUTY)]


def test_an_unknown_fate_that_outlives_its_use_is_told_to_the_duty(source) -> None:
    """The provider refuses the line here, so it cannot be asked."""
    contact("maire", mobile=number(1), email=MAYOR)
    contact("adjoint", mobile=number(2))
    push(source, category=FIRE)
    hand_over(lambda _: Outcome(Result.UNKNOWN))
    run_round()
    assert told() == [sms(1)]
    with travel(timezone.now() + timedelta(hours=3, seconds=30)):
        sweep_without_sending()
    (message, to_duty) = messages()
    assert (message.state, message.is_given_up) == (MessageState.UNKNOWN, True)
    assert (to_duty.address, told()) == (DUTY, [sms(1), mail(DUTY)])


def test_one_of_which_nobody_can_ever_say_is_followed_by_the_next_person(source) -> None:
    """It may have arrived: what follows still goes there, and nobody relies on it."""
    contact("maire", mobile=number(1))
    contact("adjoint", mobile=number(2))
    push(source, category=FIRE)
    hand_over(lambda _: Outcome(Result.UNKNOWN))
    follow_up(messages()[0])
    assert told() == [sms(1), sms(2)]
    hand_over()
    push(source, sequence=2, category=FIRE, status="closed")
    assert told(revision=2) == [sms(1), sms(2)]


def sweep_without_sending() -> None:
    """What the sweep does about lifetimes; the duty's mail then finds no server, and waits."""
    run_round()


def test_once_even_when_told_twice(source) -> None:
    contact("maire", mobile=number(1))
    contact("adjoint", mobile=number(2))
    push(source)
    hand_over(refusing(number(1)))
    lines = len(journal())
    for _ in range(2):
        follow_up(messages()[0])
        follow_up_failed()
    assert told() == [sms(1), sms(2)]
    assert len(journal()) == lines


def test_an_interrupted_follow_up_leaves_nothing_and_the_sweep_repeats_it(
    source, monkeypatch
) -> None:
    contact("maire", mobile=number(1))
    contact("adjoint", mobile=number(2))
    push(source)
    with monkeypatch.context() as broken:
        # After the messages were enqueued, in the middle of the transaction.
        broken.setattr("notifier.alerting.escalation.failover._write_entry", _dies)
        hand_over(refusing(number(1)))
    assert told() == [sms(1)]
    assert not messages()[0].is_followed_up
    follow_up_failed()
    assert told() == [sms(1), sms(2)]


def _dies(*_: object, **__: object) -> None:
    raise RuntimeError("the worker is killed here")


def test_an_end_that_fails_everywhere_is_told_to_no_deputy_but_to_the_duty(source) -> None:
    mayor = contact("maire", mobile=number(1), email=MAYOR)
    contact("adjoint", mobile=number(2))
    push(source, category=FIRE)
    hand_over()
    change_contact(mayor, mobile=number(3), email="nouveau@delle.example")
    push(source, sequence=2, category=FIRE, status="closed")
    hand_over(refusing(number(3), "nouveau@delle.example"))
    assert told() == [sms(1), sms(3), mail("nouveau@delle.example"), mail(DUTY)]
    assert "l’annonce de la fin" in duties()[0].body


def test_an_end_that_fails_by_sms_reaches_the_same_person_by_mail(source) -> None:
    contact("maire", mobile=number(1), email=MAYOR)
    push(source, category=FIRE)
    hand_over()
    push(source, sequence=2, category=FIRE, status="closed")
    hand_over(refusing(number(1)))
    assert told() == [sms(1), sms(1), mail(MAYOR)]


@pytest.mark.parametrize("change", ["removed", "withheld"])
def test_a_category_that_may_no_longer_be_told_is_passed_on_to_the_duty_alone(
    source, operator, change
) -> None:
    contact("maire", mobile=number(1), email=MAYOR)
    contact("adjoint", mobile=number(2))
    push(source, category=FIRE)
    entries, families = CATEGORIES, FAMILIES
    if change == "removed":
        entries = "\n".join(line for line in entries.splitlines() if "C04.01.01" not in line)
    else:
        families = [(f[0], f[1], "withhold", *f[3:]) if f[0] == "C04" else f for f in families]
    operator(written(families, entries))
    assert (categories().get(FIRE) is None) == (change == "removed")
    hand_over(refusing(number(1)))
    assert told() == [sms(1), mail(DUTY)]


def test_a_duty_that_cannot_be_told_is_loud(source, caplog) -> None:
    push(source)
    hand_over(refusing(DUTY))
    assert "duty address could not be told" in caplog.text
    assert told() == [mail(DUTY)]
