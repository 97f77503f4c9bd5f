"""What people look at: the oldest that reaches nobody first, and each number from its rows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from time_machine import travel

from notifier.alerting.board import incidents
from notifier.alerting.board.account import account_of
from notifier.alerting.board.attention import (
    EXPIRED_SHOWN,
    providers_blocked,
    providers_set_aside,
    reviews_undecided,
    reviews_waiting,
    waiting_for_a_person,
)
from notifier.alerting.board.incidents import (
    SHOWN_AFTER_END,
    Board,
    incidents_between,
    incidents_under_way,
)
from notifier.alerting.board.readers import Outcome, Reached
from notifier.alerting.manual.action import Actor
from notifier.alerting.manual.resend import resend
from notifier.alerting.models import Alert, Notification
from notifier.delivery.models import Message, MessageState, ProviderHealth
from notifier.delivery.providers.base import Receipt
from notifier.delivery.receipts.apply import apply_receipt
from notifier.intake.models import Report, Source
from tests.alerting.house import (
    CONFLICT,
    FIRE,
    GIROMAGNY,
    MAYOR,
    MAYORS,
    MISSING,
    SECRET,
    THEFT,
    contact,
    hand_over,
    mayors,
    messages,
    number,
    push,
    refusing,
    run_round,
)

pytestmark = pytest.mark.one_database(reason="querysets without SQL of their own")


def board() -> Board:
    return incidents_under_way(Alert.objects.all(), timezone.now())


def arrive(*found: Message) -> None:
    for message in found:
        apply_receipt(message.pk, Receipt(message.provider_id, MessageState.DELIVERED))


def references(of: Board) -> list[str]:
    return [line.incident.reference for line in of.incidents]


def test_the_oldest_that_reaches_nobody_stands_first(source) -> None:
    mayors("90033", "90052")
    for minutes, reference, where in (
        (30, "OLD-READ", {}),
        (20, "OLD", GIROMAGNY),
        (10, "NEW", {}),
    ):
        with travel(timezone.now() - timedelta(minutes=minutes)):
            push(source, reference, **({"location": where} if where else {}))
            hand_over()
    arrive(*messages("OLD-READ"))
    assert references(board()) == ["OLD", "NEW", "OLD-READ"]
    assert [line.reached for line in board().incidents] == [
        Reached.NOT_YET, Reached.NOT_YET, Reached.YES,
    ]  # fmt: skip


def test_of_an_urgent_alert_a_mail_alone_reaches_nobody(source) -> None:
    contact(mobile=number(1), email=MAYOR)
    push(source)
    hand_over(refusing(number(1)))
    (line,) = board().incidents
    assert line.reached is Reached.NOBODY
    assert board().unreached == [(line, line.organisations[0])]
    outcomes = {r.channel: r.outcome for r in line.organisations[0].readers}
    assert outcomes == {"SMS": Outcome.FAILED, "courriel": Outcome.HANDED_OVER}


def test_of_a_routine_one_a_mail_that_its_server_took_suffices(source) -> None:
    contact(email=MAYOR)
    push(source, category=THEFT)
    hand_over()
    (line,) = board().incidents
    assert (line.reached, line.number_reached) == (Reached.BY_MAIL, 1)
    account = account_of(line.incident, Alert.objects.all(), Notification.objects.all())
    (mail,) = account.texts
    assert (mail.delivered_at, mail.is_over) == (None, True)
    assert mail.handed_at


def test_what_ended_stays_for_a_while_below_what_goes_on(source) -> None:
    contact(mobile=number(1))
    push(source, "OVER")
    hand_over()
    push(source, "OVER", sequence=2, status="closed")
    push(source, "ON")
    assert references(board()) == ["ON", "OVER"]
    assert [line.incident.reference for line in board().over] == ["OVER"]
    assert board().over[0].ended_at == Report.objects.get(sequence=2).received_at
    with travel(timezone.now() + SHOWN_AFTER_END + timedelta(minutes=1)):
        assert references(board()) == ["ON"]
    with travel(timezone.now() + timedelta(hours=4)):
        assert references(board()) == []  # of no more use, though its source never ended it


def test_a_resent_text_stands_in_the_place_of_the_first(source) -> None:
    contact(mobile=number(1))
    push(source)
    hand_over(refusing(number(1)))
    resend(Notification.objects.get(address=number(1)), Actor("x", "y"))
    (reader,) = board().incidents[0].organisations[0].readers
    assert reader.outcome is Outcome.ON_ITS_WAY


def test_the_board_takes_two_statements_however_much_goes_on(
    source, django_assert_num_queries
) -> None:
    mayors("90033", "90056", "90052")
    for n in range(6):
        push(source, f"R{n}", category=MISSING)
    with django_assert_num_queries(2):
        assert sum(len(line.organisations) for line in board().incidents) > 12


def test_a_night_has_a_line_for_what_was_told_in_it_and_pages_by_key(source, monkeypatch) -> None:
    contact(mobile=number(1))
    now = timezone.now()
    with travel(now - timedelta(hours=30)):
        push(source, "BEFORE")
    for n in range(3):
        with travel(now - timedelta(hours=5, minutes=n)):
            push(source, f"N{n}")
    push(source, "SECRET", category=SECRET)
    every = Alert.objects.all(), Notification.objects.all()
    period = now - timedelta(hours=12), now + timedelta(minutes=1)
    night = incidents_between(*every, *period)
    assert [line.incident.reference for line in night.incidents] == ["N2", "N1", "N0"]
    assert night.next is None
    monkeypatch.setattr(incidents, "MAX_NIGHT", 2)
    first = incidents_between(*every, *period)
    rest = incidents_between(*every, *period, before=first.next)
    assert [line.incident.reference for line in first.incidents] == ["N2", "N1"]
    assert [line.incident.reference for line in rest.incidents] == ["N0"]
    assert rest.next is None


def test_what_waits_for_a_person_is_all_there(source, two_communes) -> None:
    push(source, "DOUBT", location=CONFLICT)
    push(source, "SECRET", category=SECRET, severity="extreme", location=CONFLICT)
    reviews = reviews_waiting(Report.objects.all())
    assert [(r.report.reference, bool(r.category)) for r in reviews] == [
        ("DOUBT", True), ("SECRET", False),
    ]  # fmt: skip
    assert {c.commune.code for c in reviews[0].candidates} == {"90033", "90052"}
    with travel(timezone.now() + timedelta(hours=4)):
        run_round()
        assert reviews_waiting(Report.objects.all()) == []
        now = timezone.now()
        late = reviews_undecided(Report.objects.all(), now - EXPIRED_SHOWN, now)
        assert {report.reference for report in late} == {"DOUBT", "SECRET"}


def test_a_hard_quota_waits_for_a_person_and_is_seen(source) -> None:
    contact(mobile=number(1))
    Source.objects.update(hard_cap=0)
    push(source)
    (waiting,) = waiting_for_a_person(Notification.objects.all())
    assert (waiting.alert.incident.reference, waiting.texts, waiting.is_relay) == ("R1", 1, False)


def test_a_provider_that_does_not_answer_is_seen(source) -> None:
    contact(mobile=number(1))
    push(source)
    ago = timezone.now() - timedelta(minutes=3)
    Message.objects.filter(**MAYORS).update(blocked_since=ago)
    (blocked,) = providers_blocked(timezone.now())
    assert blocked.channel == "SMS"
    assert abs(blocked.since - ago) < timedelta(seconds=5)


def test_a_provider_that_is_set_aside_is_seen_where_there_is_another(two_providers, db) -> None:
    assert providers_set_aside() == []
    now = timezone.now()
    ProviderHealth.objects.create(
        provider="twilio", failures=3, failing_since=now, reason="opérateur injoignable",
        set_aside_until=now + timedelta(minutes=1),
    )  # fmt: skip
    (aside,) = providers_set_aside()
    assert (aside.name, aside.reason, aside.since) == ("Twilio", "opérateur injoignable", now)


def test_an_incident_is_told_with_the_moments_of_each_text_and_its_words(source) -> None:
    contact("maire", mobile=number(1))
    contact("adjoint", mobile=number(2))
    report = push(source, category=FIRE)
    hand_over(refusing(number(1)))
    hand_over()
    arrive(messages(address=number(2))[0])
    account = account_of(report.incident, Alert.objects.all(), Notification.objects.all())
    refused, read = account.texts
    assert (refused.reader.title, refused.delivered_at, refused.why_not_again) == (
        "maire", None, None,
    )  # fmt: skip
    assert refused.ended_at
    assert read.queued_at
    assert read.handed_at
    assert read.delivered_at
    assert read.why_not_again == "il est déjà parti"
    assert account.resendable == [refused]
    assert [text.readers for text in account.wordings] == [
        ["maire, Delle"], ["1er adjoint, Delle"],
    ]  # fmt: skip
    assert "L132-3" in account.answers[0].answer.reason


def test_an_account_takes_as_many_statements_for_one_commune_as_for_many(
    source, django_assert_max_num_queries
) -> None:
    mayors("90033", "90056", "90052", "90010")
    report = push(source, category=MISSING, location={"communes": ["90033", "90052", "90010"]})
    hand_over()
    with django_assert_max_num_queries(14):
        account = account_of(report.incident, Alert.objects.all(), Notification.objects.all())
    assert len(account.organisations) >= 4


def test_an_account_holds_nothing_of_rows_that_were_not_given(border) -> None:
    report = push(border, location={"communes": ["90033", "90056"]})
    account = account_of(
        report.incident,
        Alert.objects.filter(organisation="90056"),
        Notification.objects.filter(organisation="90056"),
    )
    assert [line.alert.organisation for line in account.organisations] == ["90056"]
    assert [sent.organisation for sent in account.texts] == ["Joncherey"]
    assert {told.name for told in account.answers} == {"Joncherey"}
