"""What a reader says is elsewhere tells nobody more, and the duty is alarmed until it decides."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from time_machine import travel

from notifier.alerting.answers.answer import answer
from notifier.alerting.board.account import account_of
from notifier.alerting.board.answers import AnswerState, in_words, read_answers
from notifier.alerting.board.attention import reviews_waiting
from notifier.alerting.decision.pipeline import decide
from notifier.alerting.escalation.unanswered import escalate_unanswered
from notifier.alerting.escalation.undecided import alarm_undecided
from notifier.alerting.models import Alert, AnswerKind, AnswerMeans, Notification, WebhookEvent
from notifier.alerting.review.decisions import decide_communes, waiting
from notifier.alerting.sweep import upkeep
from notifier.api.metrics import oldest_review_s
from notifier.delivery.models import Channel, Message, MessageState
from notifier.delivery.providers.base import Receipt
from notifier.delivery.receipts.apply import apply_receipt
from notifier.intake.access.webhooks import set_webhook
from notifier.intake.models import Report, ReportState, Source
from tests.alerting.house import (
    FIRE,
    MAYORS,
    breakable,
    contact,
    dispatch_centre,
    hand_over,
    journal,
    number,
    push,
    refusing,
    sms,
    told,
)
from tests.alerting.organisations import member, told_by_convention

WITHIN = timedelta(minutes=5)
LIFETIME = timedelta(minutes=180)
DUTY_PHONE = "+33353010090"
NOT_MINE = AnswerKind.NOT_MINE


@pytest.fixture
def commune(asking, calling) -> Source:
    """A mayor and two deputies in Delle, each with a number, and a duty that can be called."""
    Source.objects.update(duty_phone=DUTY_PHONE)
    contact("maire", mobile=number(1))
    contact("adjoint", rank=1, mobile=number(2))
    contact("adjoint", rank=2, mobile=number(3))
    asking.refresh_from_db()
    return asking


def alert(**where: object) -> Alert:
    return Alert.objects.get(**where)


def answers(last: int, kind: AnswerKind = NOT_MINE, commune: str = "90033") -> None:
    row = Notification.objects.filter(address=number(last), organisation=commune).latest("id")
    assert row.alert_id is not None
    answer(row.alert_id, row.recipient, kind, AnswerMeans.LINK)


def mails() -> list[str]:
    """What the duty was mailed."""
    rows = Message.objects.filter(recipient="duty", channel=Channel.EMAIL).order_by("id")
    return [breakable(f"{m.subject}\n{m.body}") for m in rows]


def calls() -> list[str]:
    """What the duty was told on the telephone."""
    rows = Message.objects.filter(recipient="duty", channel=Channel.VOICE).order_by("id")
    return [m.body for m in rows]


def alarms() -> tuple[int, int]:
    """How many mails and calls the duty has got."""
    return len(mails()), len(calls())


# --- since when it waits for a decision


def test_what_is_contested_waits_since_it_was_and_not_since_it_came(commune) -> None:
    with travel(began := timezone.now(), tick=False):
        push(commune, category=FIRE)
        hand_over()
    with travel(began + timedelta(hours=2), tick=False):
        push(commune, "DOUBTFUL", category=FIRE, location={"insee": "90033", "name": "Beaucourt"})
    with travel(began + timedelta(hours=2, seconds=10), tick=False):
        answers(1)
        assert oldest_review_s() == 10
        reviews = [one.report.reference for one in reviews_waiting(Report.objects.all())]
        assert reviews == ["DOUBTFUL", "R1"]
        assert [one.reference for one in waiting()] == reviews
    with travel(began + timedelta(hours=2, minutes=1), tick=False):
        decided = decide_communes(
            list(waiting().filter(incident__reference="DOUBTFUL")),
            ["90033"],
            who="Jeanne Morel",
            why="vérifié",
        )
        decide(decided.pk)
        assert oldest_review_s() == 50


# --- while nobody decides


def test_while_nobody_decides_the_duty_is_alarmed_anew_and_nobody_of_the_commune_is_told(
    commune,
) -> None:
    push(commune, category=FIRE)
    hand_over()
    with travel(began := timezone.now(), tick=False):
        answers(1)
    assert alarms() == (1, 1)
    heard = []
    for minute in (4, 5, 6, 9, 10, 11, 19, 20, 39, 40, 79, 80, 159, 160, 179):
        with travel(began + timedelta(minutes=minute), tick=False):
            before = alarms()
            upkeep()
            upkeep()
            if alarms() != before:
                heard.append((minute, *alarms()))
    # After the category's five minutes, then each time after as long as it has waited.
    assert heard == [(5, 2, 2), (10, 3, 3), (20, 4, 4), (40, 5, 5), (80, 6, 6), (160, 7, 7)]
    assert "le maire répond que ce n’est pas sa commune" in mails()[1]
    assert "personne n’a encore décidé" in mails()[1]
    assert f"/{Report.objects.get().pk}" in mails()[1]
    assert "personne n’a encore décidé" in calls()[1]
    assert told(**MAYORS) == [sms(1)]
    assert journal(step="review")[-1].text.count("personne n’a encore décidé") == 1


def test_the_centres_software_is_told_each_time(commune) -> None:
    set_webhook(commune, "https://dispatch.example/retours", "json", "A. Dupont")
    push(commune, category=FIRE)
    hand_over()
    answers(1)
    with travel(timezone.now() + WITHIN + timedelta(seconds=1), tick=False):
        upkeep()
    events = list(WebhookEvent.objects.order_by("pk").values_list("type", flat=True))
    assert sorted(events) == ["alert.answered", "incident.review", "incident.review"]
    last = WebhookEvent.objects.latest("pk").payload["data"]
    assert "personne n’a encore décidé" in last["reason"]


def test_what_an_organisation_contests_is_said_in_its_words_wherever_it_is_told(commune) -> None:
    set_webhook(commune, "https://dispatch.example/retours", "json", "A. Dupont")
    metropole = told_by_convention()
    member(metropole, mobile=7)
    push(commune, category=FIRE)
    hand_over()
    answers(7, commune=metropole.code)
    hers = alert(organisation=metropole.code)
    with travel(timezone.now() + WITHIN + timedelta(seconds=1), tick=False):
        alarm_undecided()
    says = "le président répond que ce n’est pas chez eux"
    for mail in mails()[-2:]:
        assert mail.startswith("« Pas chez nous », à vérifier tout de suite")
        assert f"Grand Belfort : {says}" in mail
        assert "personne d’autre de cet organisme n’est prévenu" in mail
    for call in calls()[-2:]:
        assert says in call
        assert "décidez où c’est" in call
    entries = [entry.text for entry in journal()]
    assert any("pas chez nous" in text for text in entries)
    said = WebhookEvent.objects.get(type="alert.answered").payload["data"]["answer"]
    assert (said["kind"], said["label"]) == ("not_mine", "pas chez nous")
    reviews = WebhookEvent.objects.filter(type="incident.review").order_by("pk")
    reasons = [event.payload["data"]["reason"] for event in reviews]
    assert reasons[0] == f"Grand Belfort : {says}"
    assert "pas chez nous" in in_words(hers, read_answers([hers]).of(hers))
    everything = [*mails()[-2:], *calls()[-2:], *entries, *reasons]
    assert not [text for text in everything if re.search("(ma|sa) commune", text)]


def test_where_the_mayor_contests_too_the_duty_reads_the_mayors_words(commune) -> None:
    metropole = told_by_convention()
    member(metropole, mobile=7)
    push(commune, category=FIRE)
    hand_over()
    answers(7, commune=metropole.code)
    answers(1)
    with travel(timezone.now() + WITHIN + timedelta(seconds=1), tick=False):
        alarm_undecided()
    subjects = [mail.partition(",")[0] for mail in mails()]
    assert subjects[0] == "« Pas chez nous »"
    assert set(subjects[1:]) == {"« Pas ma commune »"}


def test_a_decision_ends_the_alarms_and_lets_the_others_be_told(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    answers(1)
    decided = decide_communes(list(waiting()), ["90033"], who="Jeanne Morel", why="vérifié")
    decide(decided.pk)
    before = alarms()
    with travel(timezone.now() + WITHIN + timedelta(seconds=1), tick=False):
        upkeep()
    assert alarms() == before
    assert sms(2) in told(**MAYORS)
    assert alert().duty_due_at is None


@pytest.mark.parametrize("by", [1, 2])
def test_whoever_knows_after_all_ends_the_alarms(commune, by: int) -> None:
    push(commune, category=FIRE)
    hand_over(refusing(number(1)))
    hand_over()
    answers(1)
    answers(by, AnswerKind.TAKEN)
    before = alarms()
    with travel(timezone.now() + WITHIN + timedelta(seconds=1), tick=False):
        upkeep()
    assert alarms() == before
    assert sms(3) not in told(**MAYORS)
    assert list(waiting()) == [Report.objects.get()]


def test_who_noted_it_and_then_sees_that_it_is_elsewhere_is_no_longer_who_knows(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    answers(1, AnswerKind.NOTED)
    answers(1)
    before = alarms()
    with travel(timezone.now() + WITHIN + timedelta(seconds=1), tick=False):
        upkeep()
    assert alarms() == (before[0] + 1, before[1] + 1)


def test_of_what_is_contested_a_silent_deputy_is_followed_by_the_duty_alone(commune) -> None:
    """The mayor chose to hand it over: that one is told, and nobody after."""
    push(commune, category=FIRE)
    hand_over()
    answers(1)
    answers(1, AnswerKind.HANDED_OVER)
    hand_over()
    assert told(**MAYORS) == [sms(1), sms(2)]
    before = alarms()
    for steps in (1, 2, 3):
        with travel(timezone.now() + steps * WITHIN + timedelta(seconds=1), tick=False):
            upkeep()
            hand_over()
    assert [who for who in told(**MAYORS) if who[0] == "sms"] == [sms(1), sms(2)]
    assert alarms() > before


def test_a_text_that_fails_of_what_is_contested_tells_nobody_else(commune) -> None:
    contact("astreinte", mobile=number(4))
    push(commune, category=FIRE)
    hand_over()
    assert set(told(**MAYORS)) == {sms(1), sms(4)}
    answers(1)
    lost = Message.objects.get(address=number(4))
    apply_receipt(lost.pk, Receipt(lost.provider_id, MessageState.UNDELIVERED, "30005"))
    assert set(told(**MAYORS)) == {sms(1), sms(4)}
    decided = decide_communes(list(waiting()), ["90033"], who="Jeanne Morel", why="vérifié")
    decide(decided.pk)
    upkeep()
    assert sms(2) in told(**MAYORS)


def test_the_board_says_when_the_duty_is_alarmed_anew_and_the_story_when_it_was(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    with travel(timezone.now(), tick=False):
        answers(1)
    with travel(alert().duty_due_at, tick=False):
        upkeep()
        shown = read_answers([alert()]).of(alert())
        assert shown.state is AnswerState.NOT_MINE
        assert "permanence alertée de nouveau à" in in_words(alert(), shown)
        account = account_of(alert().incident, Alert.objects.all(), Notification.objects.all())
        steps = [(step.title, step.note) for step in account.story]
    assert steps.count(("La permanence est alertée", "pour décider de la commune")) == 2
    assert steps[-1][0] == "Suite"
    assert "la permanence est alertée de nouveau" in steps[-1][1]


# --- what nobody decided


def test_the_duty_hears_once_that_it_ended_undecided(commune) -> None:
    set_webhook(commune, "https://dispatch.example/retours", "json", "A. Dupont")
    report = push(commune, category=FIRE)
    hand_over()
    answers(1)
    before = alarms()
    for minutes in (1, 2, 30):
        with travel(report.received_at + LIFETIME + timedelta(minutes=minutes), tick=False):
            upkeep()
    assert alarms() == (before[0] + 1, before[1] + 1)
    assert "Personne n’a décidé à temps si c’est la bonne commune" in mails()[-1]
    assert "personne n’a décidé à temps" in calls()[-1]
    assert Report.objects.get().state == ReportState.EXPIRED
    assert WebhookEvent.objects.latest("pk").type == "alert.unanswered"
    assert alert().duty_due_at is None


def test_a_second_not_mine_after_the_review_expired_opens_one_again_and_alarms_once(
    commune,
) -> None:
    report = push(commune, category=FIRE)
    hand_over(refusing(number(1)))
    hand_over()
    answers(1)
    late = report.received_at + LIFETIME + timedelta(minutes=30)
    with travel(late, tick=False):
        upkeep()
        assert not waiting()
        before = alarms()
        answers(2)
        report.refresh_from_db()
        assert (report.state, report.verdict) == (ReportState.REVIEW, "contested")
        assert alarms() == (before[0] + 1, before[1] + 1)
        assert "le 1er adjoint répond que ce n’est pas sa commune" in mails()[-1]
        upkeep()
        assert list(waiting()) == [report]
        answers(2)
        assert alarms() == (before[0] + 1, before[1] + 1)
    with travel(late + timedelta(hours=2, minutes=1), tick=False):
        upkeep()
        assert not waiting()
        assert "Personne n’a décidé à temps" in mails()[-1]


def test_an_older_state_is_never_what_is_sent_back(commune) -> None:
    """The first was decided, the second contested and never decided: the second is in doubt."""
    push(commune, category=FIRE)
    hand_over(refusing(number(1)))
    hand_over()
    with travel(timezone.now() + timedelta(minutes=2), tick=False):
        push(commune, sequence=2, category=FIRE)
        answers(1)
    with travel(timezone.now() + LIFETIME + timedelta(minutes=30), tick=False):
        upkeep()
        answers(2)
    first, second = Report.objects.order_by("sequence")
    assert (first.state, second.state) == (ReportState.DECIDED, ReportState.REVIEW)


def test_what_a_person_decides_late_withdraws_it_from_who_contested(commune) -> None:
    contact(mobile=number(9), commune="90052")
    report = push(commune, category=FIRE)
    hand_over()
    with travel(report.received_at + LIFETIME + timedelta(minutes=30), tick=False):
        answers(1)
        upkeep()
        (asked,) = waiting()
        decided = decide_communes([asked], ["90052"], who="Jeanne Morel", why="le CORG a relu")
        decide(decided.pk)
        assert not alert(organisation="90033").is_open
        assert (
            "votre commune n'est plus concernée"
            in Message.objects.get(address=number(1), notifications__revision=2).body
        )


# --- several communes named


def test_of_several_named_a_certain_one_that_is_contested_can_be_taken_back(commune) -> None:
    """Of several named one is in doubt already; what the decision names replaces all."""
    contact(mobile=number(9), commune="90052")
    named = {"communes": ["90033", "90999"]}
    push(commune, category=FIRE, location=named)
    hand_over()
    assert told(**MAYORS) == [sms(1)]
    answers(1)
    (asked,) = waiting()
    assert asked.is_contested
    decided = decide_communes([asked], ["90052"], who="Jeanne Morel", why="le CORG a relu")
    decide(decided.pk)
    assert not alert(organisation="90033").is_open
    assert alert(organisation="90052").is_open
    push(commune, sequence=2, category=FIRE, severity="extreme", location=named)
    assert not alert(organisation="90033").is_open


def test_of_several_named_what_was_certain_and_is_confirmed_goes_on(commune) -> None:
    push(commune, category=FIRE, location={"communes": ["90033", "90999"]})
    hand_over()
    answers(1)
    decided = decide_communes(list(waiting()), ["90033"], who="Jeanne Morel", why="vérifié")
    decide(decided.pk)
    upkeep()
    assert sms(2) in told(**MAYORS)


# --- at once


def test_of_four_sweeps_at_once_one_gives_the_alarm(asking_rules, calling, real_commits) -> None:
    source = dispatch_centre()
    Source.objects.update(duty_phone=DUTY_PHONE)
    contact("maire", mobile=number(1))
    push(source, category=FIRE)
    answers(1)
    push(source, "R2", category=FIRE)
    now = timezone.now()
    Alert.objects.filter(incident__reference="R1").update(duty_due_at=now)
    Alert.objects.filter(incident__reference="R2").update(answer_due_at=now, expires_at=now)
    before, start = alarms(), threading.Barrier(4)

    def sweeps(_: int) -> None:
        try:
            start.wait(10)
            escalate_unanswered()
            alarm_undecided()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as at_once:
        list(at_once.map(sweeps, range(4)))
    assert alarms() == (before[0] + 2, before[1] + 2)
