"""What follows goes to where its reader is now, and to nobody who has left the directory."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from time_machine import travel

from notifier.alerting.decision.dry_run import dry_run
from notifier.alerting.release.due import release_due
from notifier.delivery.models import MessageState
from notifier.directory.models import Mandate
from notifier.directory.person_addresses import change_address
from tests.alerting.house import (
    DUTY,
    FIRE,
    LATER,
    MAYOR,
    MAYORS,
    THEFT,
    contact,
    event,
    hand_over,
    journal,
    mail,
    messages,
    number,
    push,
    sms,
    told,
)
from tests.harness.people import change_contact

FOLLOWING = {
    "update": {"severity": "extreme"},
    "end": {"status": "closed"},
    "cancellation": {"status": "cancelled"},
}
each_following = pytest.mark.parametrize("body", FOLLOWING.values(), ids=FOLLOWING)
END = {"status": "closed"}


@pytest.fixture
def mayor(source) -> Mandate:
    """A mayor with a phone, told of a minor fire by SMS, once the test begins."""
    return contact("maire", mobile=number(1))


def first(source) -> None:
    push(source, category=FIRE, severity="minor")
    hand_over()


def follow(source, body) -> None:
    """The same is then said by the dry run, which is asked first."""
    said = {"category": FIRE, "severity": "minor", **body}
    promised = dry_run(source, event(sequence=2, **said))["tellings"]
    push(source, sequence=2, **said)
    count = sum(len(telling["messages"]) for telling in promised)
    assert count == len(messages(revision=2, **MAYORS))


@each_following
def test_a_corrected_number_gets_what_follows_and_the_old_one_nothing(source, mayor, body) -> None:
    first(source)
    change_contact(mayor, mobile=number(9))
    follow(source, body)
    assert told(revision=2) == [sms(9)]


@each_following
def test_who_did_not_read_the_first_text_understands_the_second(source, mayor, body) -> None:
    first(source)
    change_contact(mayor, mobile=number(9))
    follow(source, body)
    (text,) = [m.body for m in messages(revision=2)]
    for words in ("Delle", "feu de for", "R1"):
        assert words in text


@each_following
def test_a_corrected_mail_address_too(source, body) -> None:
    mayor = contact("maire", email="mair@delle.example")
    push(source, category=THEFT, severity="minor")
    hand_over()
    change_contact(mayor, email=MAYOR)
    push(source, sequence=2, **{"category": THEFT, "severity": "minor", **body})
    assert told(revision=2) == [mail(MAYOR)]


@each_following
@pytest.mark.parametrize("how", ["deleted", "ended"])
def test_who_has_left_is_told_nothing_more_and_the_others_are(source, mayor, body, how) -> None:
    contact("astreinte", mobile=number(2))
    first(source)
    if how == "deleted":
        mayor.delete()
    else:
        change_contact(mayor, active_until=timezone.localdate() - timedelta(days=2))
    follow(source, body)
    assert told(revision=2) == [sms(2)]
    assert any(
        "maire (SMS +33 6 •• •• •• 01) n’est plus dans l’annuaire" in line.text
        for line in journal(step="cancelled")
    )


@pytest.mark.parametrize("body", [FOLLOWING["end"], FOLLOWING["cancellation"]])
def test_where_nobody_is_left_the_duty_learns_that_the_end_is_told_to_nobody(
    source, mayor, body
) -> None:
    first(source)
    mayor.delete()
    contact("adjoint", mobile=number(2))
    follow(source, body)
    assert told(revision=2) == [mail(DUTY)]
    assert "ne sont plus dans l’annuaire" in messages(revision=2)[0].body
    assert journal(step="unreached")


def test_where_nobody_is_left_news_goes_to_who_is_there_now(source, mayor) -> None:
    first(source)
    mayor.delete()
    contact("adjoint", mobile=number(2))
    follow(source, FOLLOWING["update"])
    assert told(revision=2) == [sms(2)]


def test_where_nobody_is_there_at_all_the_duty_is_told_the_news(source, mayor) -> None:
    first(source)
    mayor.delete()
    follow(source, FOLLOWING["update"])
    assert told(revision=2) == [mail(DUTY)]


@each_following
def test_a_shared_number_stays_while_one_of_two_remains(source, mayor, body) -> None:
    contact("astreinte", mobile=number(1))
    first(source)
    mayor.delete()
    follow(source, body)
    assert told(revision=2) == [sms(1)]
    assert messages(revision=2)[0].title == "élu d’astreinte"


@each_following
def test_a_contact_that_came_back_under_another_id_is_the_same(source, mayor, body) -> None:
    first(source)
    mayor.delete()
    contact("adjoint", mobile=number(1))
    follow(source, body)
    assert told(revision=2) == [sms(1)]


@each_following
def test_of_two_who_exchanged_their_numbers_each_is_told(source, mayor, body) -> None:
    """Whoever holds the phone that rang, and the person that was meant."""
    deputy = contact("adjoint", mobile=number(2))
    first(source)
    change_contact(deputy, mobile=number(1))
    change_contact(mayor, mobile=number(2))
    follow(source, body)
    assert sorted(told(revision=2)) == [sms(1), sms(2)]


@each_following
def test_who_has_no_address_left_on_that_channel_is_told_on_the_other(source, mayor, body) -> None:
    first(source)
    change_contact(mayor, mobile="", email=MAYOR)
    follow(source, body)
    assert told(revision=2, **MAYORS) == [mail(MAYOR)]


def test_an_unchanged_contact_is_told_at_the_very_addresses_as_before(source, mayor) -> None:
    change_contact(mayor, email="Maire@delle.example")
    push(source, severity="minor")
    hand_over()
    push(source, sequence=2, severity="extreme")
    assert told(revision=2) == told(revision=1)


# --- what was still to leave


def later() -> travel:
    return travel(timezone.now() + timedelta(seconds=30))


@pytest.mark.parametrize("where", ["contact", "page"])
def test_a_text_that_is_tried_again_goes_to_the_corrected_number(source, mayor, where) -> None:
    push(source, category=FIRE)
    hand_over(lambda _: LATER)
    if where == "contact":
        change_contact(mayor, mobile=number(9))
    else:
        old = mayor.person.addresses.get()
        change_address(old, number(9), mayor.organisation, "Camille Durand")
    with later():
        hand_over()
    assert [(m.address, m.state) for m in messages()] == [
        (number(1), MessageState.CANCELLED),
        (number(9), MessageState.ACCEPTED),
    ]
    (line,) = journal(step="cancelled")
    assert "n’est plus l’adresse d’un contact de la commune" in line.text


@pytest.mark.parametrize("how", ["deleted", "ended"])
def test_a_text_to_who_has_left_meanwhile_goes_to_the_next(source, mayor, how) -> None:
    contact("adjoint", mobile=number(2))
    push(source, category=FIRE)
    hand_over(lambda _: LATER)
    if how == "deleted":
        mayor.delete()
    else:
        change_contact(mayor, active_until=timezone.localdate() - timedelta(days=2))
    with later():
        hand_over()
    assert [(m.address, m.state) for m in messages()] == [
        (number(1), MessageState.CANCELLED),
        (number(2), MessageState.ACCEPTED),
    ]


def test_a_text_that_no_worker_took_up_for_long_is_looked_at_before_it_leaves(
    source, mayor
) -> None:
    push(source, category=FIRE)
    mayor.delete()
    with later():
        hand_over()
    assert told() == [sms(1), mail(DUTY)]
    assert messages()[0].state == MessageState.CANCELLED


def test_a_shared_number_is_tried_again_while_one_of_two_remains(source, mayor) -> None:
    contact("adjoint", mobile=number(1))
    push(source, category=FIRE)
    hand_over(lambda _: LATER)
    mayor.delete()
    with later():
        hand_over()
    assert [(m.address, m.state) for m in messages()] == [(number(1), MessageState.ACCEPTED)]


def test_an_end_that_is_tried_again_goes_to_the_corrected_number(source, mayor) -> None:
    first(source)
    push(source, sequence=2, category=FIRE, **END)
    hand_over(lambda _: LATER)
    change_contact(mayor, mobile=number(9))
    with later():
        hand_over()
    assert told(revision=2) == [sms(1), sms(9)]


def test_a_fresh_text_is_looked_at_by_nobody(source, mayor) -> None:
    from django.db import connection

    from notifier.delivery.models import Lane
    from notifier.delivery.sending.claim import claim_due
    from notifier.delivery.sending.former_recipients import drop_former_recipients
    from tests.alerting.test_budget import counted

    push(source, category=FIRE)
    batch = claim_due(Lane.URGENT)
    with counted() as statements:
        assert drop_former_recipients(batch) == batch
    assert (len(batch), list(statements)) == (1, [])
    assert connection.in_atomic_block


def test_a_check_that_fails_keeps_nothing_from_leaving(source, mayor, monkeypatch, caplog) -> None:
    def dies(_messages: object) -> None:
        raise RuntimeError("the check is broken")

    push(source, category=FIRE)
    hand_over(lambda _: LATER)
    monkeypatch.setattr("notifier.alerting.notification.former_recipients.active_people", dies)
    with later():
        hand_over()
    assert [m.state for m in messages()] == [MessageState.ACCEPTED]
    assert "cannot be checked" in caplog.text


# --- what is held


def held(source, count: int = 2) -> None:
    """Routine texts that a storm holds for the mayor, after five that left."""
    for n in range(5):
        push(source, f"S{n}", category=THEFT)
    for n in range(count):
        push(source, f"H{n}", category=THEFT)
        assert messages(f"H{n}") == []


def digest_time() -> travel:
    return travel(timezone.now() + timedelta(minutes=16))


def test_what_was_held_goes_to_the_corrected_address(source) -> None:
    mayor = contact("maire", email="mair@delle.example")
    held(source)
    change_contact(mayor, email=MAYOR)
    with digest_time():
        release_due()
        release_due()
    assert [told(f"H{n}") for n in range(2)] == [[mail(MAYOR)], [mail(MAYOR)]]


def test_what_was_held_for_who_has_left_goes_to_the_next_or_the_duty(source) -> None:
    mayor = contact("maire", email=MAYOR)
    held(source)
    mayor.delete()
    contact("adjoint", email="adjoint@delle.example")
    with digest_time():
        release_due()
    assert [told(f"H{n}") for n in range(2)] == [[mail("adjoint@delle.example")]] * 2
    assert "n’est plus l’adresse d’un contact" in journal("H0", step="cancelled")[0].text
