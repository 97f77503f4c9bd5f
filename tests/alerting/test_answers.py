"""What people answer to alerts, what follows, and what a link opens for whom."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from itertools import chain, repeat

import pytest
from django.db import connection
from django.utils import timezone
from time_machine import travel

from notifier.alerting.answer_link import answer_secret
from notifier.alerting.answers.answer import AnswerRefusedError, AnswerResult, answer
from notifier.alerting.answers.find import OpenedAlert, find_by_secret
from notifier.alerting.decision.pipeline import decide
from notifier.alerting.escalation.one_more import people_to_tell
from notifier.alerting.models import (
    Alert,
    Answer,
    AnswerKind,
    AnswerMeans,
    Notification,
    NotificationKind,
)
from notifier.alerting.review.decisions import decide_communes, waiting
from notifier.alerting.sweep import upkeep
from notifier.delivery.models import Channel, Message
from notifier.directory.models import Mandate
from notifier.intake.models import Report, ReportState, Source
from tests.alerting.house import (
    BORDER,
    CONFLICT,
    DUTY,
    FIRE,
    GIROMAGNY,
    MAYOR,
    MAYORS,
    MISSING,
    breakable,
    contact,
    dispatch_centre,
    hand_over,
    journal,
    messages,
    number,
    push,
    refusing,
    sms,
    told,
)

NOTED, TAKEN, CALL_ME = AnswerKind.NOTED, AnswerKind.TAKEN, AnswerKind.CALL_ME
NOT_MINE, HANDED_OVER = AnswerKind.NOT_MINE, AnswerKind.HANDED_OVER
LINK = AnswerMeans.LINK


@pytest.fixture
def commune(asking) -> Source:
    """A mayor and two deputies in Delle, each with a number."""
    contact("maire", mobile=number(1))
    contact("adjoint", rank=1, mobile=number(2))
    contact("adjoint", rank=2, mobile=number(3))
    return asking


def alert(**where: object) -> Alert:
    return Alert.objects.get(**where)


def person(last: int) -> str:
    return Notification.objects.filter(address=number(last)).latest("id").recipient


def answers(
    last: int, kind: AnswerKind = NOTED, means: AnswerMeans = LINK, **more: int
) -> AnswerResult:
    """Who has the number that ends so answers the one alert that told it."""
    row = Notification.objects.filter(address=number(last), alert__isnull=False).latest("id")
    assert row.alert_id is not None
    return answer(row.alert_id, row.recipient, kind, means, **more)


def secret(last: int) -> str:
    row = Notification.objects.filter(address=number(last)).latest("id")
    assert row.alert is not None
    return answer_secret(row.alert.incident_id, row.alert.ref, row.recipient)


def opened(last: int) -> OpenedAlert | None:
    return find_by_secret(secret(last))


def to_duty() -> list[str]:
    return [breakable(m.body) for m in messages() if m.address == DUTY]


# --- somebody knows


def test_noted_ends_the_waiting_once_and_stands_in_the_journal(commune) -> None:
    push(commune, category=FIRE)
    assert answers(1).is_new
    assert (alert().answer_due_at, alert().taken_at) == (None, None)
    assert alert().answered_at is not None
    assert [e.text for e in journal(step="answered")] == ["Delle : maire : bien noté, par le lien."]
    assert not answers(1, means=AnswerMeans.SMS).is_new
    assert [(a.kind, a.means, a.title) for a in Answer.objects.all()] == [
        ("noted", "link", "maire")
    ]


def test_where_each_is_asked_one_answer_is_not_enough(commune) -> None:
    contact("police_municipale", mobile=number(4))
    push(commune, category=MISSING)
    assert alert().answers_wanted == 2
    answers(1, TAKEN)
    answers(1, NOTED)
    assert alert().answered_at is None
    assert alert().answer_due_at is not None
    answers(4)
    assert alert().answered_at is not None
    assert alert().answer_due_at is None


def test_the_first_who_takes_it_has_it_and_the_others_learn_who(commune) -> None:
    push(commune, category=FIRE)
    hand_over(refusing(number(1)))
    assert told(**MAYORS) == [sms(1), sms(2)]
    assert answers(2, TAKEN) == AnswerResult(True, "1er adjoint", True)
    again = answers(1, TAKEN)
    assert (again.is_new, again.taken_by, again.is_taken_by_reader) == (True, "1er adjoint", False)
    assert (alert().taken_title, alert().taken_by) == ("1er adjoint", person(2))
    assert Answer.objects.count() == 2


def test_a_telephone_under_two_people_learns_once_who_took_both_and_not_that_it_did(
    asking,
) -> None:
    for commune in ("90033", "90056"):
        contact("maire", mobile=number(1), commune=commune)
        contact("astreinte", mobile=number(2), commune=commune)
    push(asking, category=FIRE, location=BORDER)
    hand_over()
    answers(2, TAKEN)
    assert all(each.taken_at for each in Alert.objects.all())
    said = Notification.objects.filter(kind=NotificationKind.TAKEN)
    assert [each.address for each in said] == [number(1)]


def test_what_was_opened_again_is_answered_again(commune) -> None:
    push(commune, category=FIRE)
    answers(1, TAKEN)
    push(commune, sequence=2, category=FIRE, status="closed")
    push(commune, sequence=3, category=FIRE)
    assert answers(1, TAKEN).is_new
    assert Answer.objects.count() == 2
    assert alert().answered_at >= alert().opened_at


def test_who_reads_one_text_for_two_communes_answers_for_both(asking) -> None:
    contact(mobile=number(1))
    contact(mobile=number(1), commune="90056")
    push(asking, category=FIRE, location=BORDER)
    told_by = Notification.objects.exclude(answer_hash="").get(state="queued")
    answer(told_by.alert_id, told_by.recipient, TAKEN, LINK)
    assert [a.answered_at is not None for a in Alert.objects.all()] == [True, True]
    assert {a.taken_title for a in Alert.objects.all()} == {"maire"}
    assert set(Answer.objects.values_list("recipient", flat=True)) == {told_by.recipient}


def test_what_asks_for_no_answer_is_answered_all_the_same(source) -> None:
    """By a key on the telephone, where somebody was called because nothing else reached him."""
    contact(mobile=number(1))
    push(source)
    assert answers(1, means=AnswerMeans.VOICE).is_new
    assert alert().answered_at is None


# --- who may


def test_whoever_was_not_told_and_what_is_over_get_no_answer(commune) -> None:
    push(commune, category=FIRE)
    with pytest.raises(AnswerRefusedError, match="pas été adressée"):
        answer(alert().pk, "person:0", TAKEN, LINK)
    push(commune, sequence=2, category=FIRE, status="closed")
    with pytest.raises(AnswerRefusedError, match="terminée"):
        answers(1, TAKEN)
    assert not Answer.objects.exists()


def test_what_a_source_never_ended_is_not_answered_for_ever(commune) -> None:
    push(commune, category=FIRE)
    with travel(alert().expires_at + timedelta(hours=1), tick=False):
        assert answers(1).is_new
    with travel(alert().expires_at + timedelta(hours=2, seconds=1), tick=False):
        assert opened(1) is None
        with pytest.raises(AnswerRefusedError):
            answers(1, TAKEN)


def test_who_left_the_organisation_reads_and_answers_nothing_and_who_is_absent_does(
    commune,
) -> None:
    push(commune, category=FIRE)
    mayor = Mandate.objects.get(function="maire")
    Mandate.objects.filter(pk=mayor.pk).update(ends_on=date(2026, 1, 1))
    assert opened(1) is None
    with pytest.raises(AnswerRefusedError, match="n’est plus dans l’annuaire"):
        answers(1)
    Mandate.objects.filter(pk=mayor.pk).update(ends_on=None)
    mayor.absences.create(
        starts_at=timezone.now() - timedelta(hours=1), ends_at=timezone.now() + timedelta(days=1)
    )
    assert opened(1) is not None
    assert answers(1).is_new


# --- what a link opens


def test_a_link_opens_what_its_reader_was_told_and_changes_nothing(
    commune, django_assert_max_num_queries
) -> None:
    push(commune, category=FIRE)
    push(commune, sequence=2, category=FIRE, severity="extreme")
    link = secret(1)
    for _ in range(50):
        with django_assert_max_num_queries(9):
            found = find_by_secret(link)
    assert found is not None
    assert (found.alert, found.title, found.takes_answers) == (alert(), "maire", True)
    assert [text.revision for text in found.texts] == [1, 2]
    assert not any(secret(1) in text.text for text in found.texts)
    assert [one.title for one in found.successors] == ["1er adjoint", "2e adjoint"]
    assert not Answer.objects.exists()
    assert alert().answer_due_at is not None
    assert not journal(step="answered")


def test_another_readers_answers_and_texts_are_not_shown(commune) -> None:
    push(commune, category=FIRE)
    hand_over(refusing(number(1)))
    answers(1)
    found = opened(2)
    assert found is not None
    assert (found.title, list(found.answers)) == ("1er adjoint", [])
    assert len(found.texts) == 1
    assert "Le maire n'a pu" in found.texts[0].text


@pytest.mark.parametrize(
    "forged", ["", "0" * 12, "a" * 11, "a" * 12, "’" * 12, "a" * 13, "é23456789abc"]
)
def test_a_forged_link_opens_nothing(commune, forged: str) -> None:
    push(commune, category=FIRE)
    assert find_by_secret(forged) is None


def test_one_letter_wrong_or_the_link_of_another_incident_opens_nothing_else(commune) -> None:
    push(commune, category=FIRE)
    right = secret(1)
    assert find_by_secret(right[:-1] + ("a" if right[-1] != "a" else "b")) is None
    push(commune, "R2", category=FIRE)
    found = find_by_secret(right)
    assert found is not None
    assert found.alert.incident.reference == "R1"


def test_after_its_end_a_link_says_for_two_hours_that_it_is_over(commune) -> None:
    push(commune, category=FIRE)
    push(commune, sequence=2, category=FIRE, status="closed")
    found = opened(1)
    assert found is not None
    assert (found.takes_answers, list(found.successors)) == (False, [])
    assert "terminée" in found.texts[-1].text
    with travel(timezone.now() + timedelta(hours=2, minutes=1), tick=False):
        assert opened(1) is None


def test_a_link_of_before_opens_nothing_where_its_reader_was_not_told_again(commune) -> None:
    push(commune, category=FIRE)
    hand_over(refusing(number(1)))
    deputys = secret(2)
    push(commune, sequence=2, category=FIRE, status="closed")
    push(commune, sequence=3, category=FIRE)
    assert find_by_secret(deputys) is None
    assert opened(1) is not None


# --- « rappelez-moi »


def test_who_wants_a_call_is_known_to_the_duty_once(commune) -> None:
    push(commune, category=FIRE)
    answers(1, CALL_ME)
    answers(1, CALL_ME, AnswerMeans.SMS)
    (body,) = to_duty()
    assert "le maire demande à être rappelé" in body
    assert "À faire : appeler le maire." in body
    assert number(1) not in body
    assert alert().answered_at is not None


def test_where_nobody_could_call_back_the_answer_is_not_taken(commune) -> None:
    Source.objects.update(duty_email="", duty_phone="")
    push(commune, category=FIRE)
    with pytest.raises(AnswerRefusedError, match="aucune permanence"):
        answers(1, CALL_ME)
    assert alert().answer_due_at is not None


# --- « pas ma commune »


def test_not_mine_rings_the_duty_as_nobody_else_is_told_until_it_decides(commune, calling) -> None:
    Source.objects.update(duty_phone="+33353010090")
    push(commune, category=FIRE)
    answers(1, NOT_MINE)
    (call,) = Message.objects.filter(channel=Channel.VOICE)
    assert call.address == "+33353010090"
    assert "le maire répond que ce n’est pas sa commune, décidez laquelle" in call.body


def test_not_mine_asks_a_person_and_nobody_else_meanwhile(commune) -> None:
    push(commune, category=FIRE)
    answers(1, NOT_MINE)
    report = Report.objects.get()
    assert (report.state, report.verdict) == (ReportState.REVIEW, "contested")
    assert (alert().answer_due_at, alert().answered_at) == (None, None)
    (body,) = to_duty()
    assert "Delle : le maire répond que ce n’est pas sa commune" in body
    assert "L’alerte est partie pour : Delle (90033)" in body
    assert list(waiting()) == [report]


def test_a_person_corrects_the_commune_and_each_learns_it(commune) -> None:
    contact(mobile=number(9), commune="90052")
    push(commune, category=FIRE)
    hand_over()
    answers(1, NOT_MINE)
    decided = decide_communes(list(waiting()), ["90052"], who="Jeanne Morel", why="le CORG a relu")
    decide(decided.pk)
    assert sorted(told(**MAYORS)) == [sms(1), sms(1), sms(9)]
    cancelled = messages(revision=2, address=number(1))[0].body
    assert "votre commune n'est plus concernée" in cancelled
    assert not alert(organisation="90033").is_open
    assert alert(organisation="90052").answer_due_at is not None


def test_a_person_confirms_the_commune_and_the_others_are_told_on(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    answers(1, NOT_MINE)
    decided = decide_communes(list(waiting()), ["90033"], who="Jeanne Morel", why="vérifié")
    decide(decided.pk)
    assert told(**MAYORS) == [sms(1)]
    assert alert().answer_due_at is not None
    upkeep()
    assert sms(2) in told(**MAYORS)


def test_of_two_communes_one_is_withdrawn_and_the_other_reads_that_it_is_there(commune) -> None:
    contact(mobile=number(9), commune="90056")
    push(commune, category=FIRE, location=BORDER)
    hand_over()
    answers(1, NOT_MINE)
    assert alert(organisation="90056").answer_due_at is not None
    decided = decide_communes(list(waiting()), ["90056"], who="Jeanne Morel", why="le CORG a relu")
    decide(decided.pk)
    assert sorted(told(**MAYORS)) == [sms(1), sms(1), sms(9), sms(9)]
    assert "en limite" not in messages(address=number(9))[-1].body
    assert [a.is_open for a in Alert.objects.order_by("organisation")] == [False, True]


def test_a_later_state_of_the_same_place_is_told_and_stays_in_doubt(commune) -> None:
    push(commune, category=FIRE)
    answers(1, NOT_MINE)
    later = push(commune, sequence=2, category=FIRE, severity="extreme")
    assert told(revision=2, **MAYORS) == [sms(1)]
    assert (later.state, later.verdict) == (ReportState.REVIEW, "contested")
    assert Report.objects.get(sequence=1).state == ReportState.SUPERSEDED
    assert list(waiting()) == [later]
    assert len(to_duty()) == 2


@pytest.mark.parametrize("more", [{"status": "closed"}, {"location": GIROMAGNY}])
def test_its_end_or_another_place_leaves_nothing_in_doubt(commune, more: dict) -> None:
    push(commune, category=FIRE)
    answers(1, NOT_MINE)
    push(commune, sequence=2, **{"category": FIRE, **more})
    assert not waiting()


def test_where_a_later_place_confirms_the_commune_the_others_are_told_on(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    answers(1, NOT_MINE)
    push(commune, sequence=2, category=FIRE, location={"insee": "90033", "name": "Delle"})
    assert not waiting()
    assert alert().is_open
    upkeep()
    assert sms(2) in told(**MAYORS)


def test_what_nobody_decides_stays_as_it_was_told(commune) -> None:
    report = push(commune, category=FIRE)
    answers(1, NOT_MINE)
    with travel(report.received_at + timedelta(hours=4), tick=False):
        upkeep()
    report.refresh_from_db()
    assert report.state == ReportState.EXPIRED
    assert "rien n’a changé" in report.reason
    assert "l’alerte est restée telle qu’elle était" in to_duty()[-1]
    push(commune, sequence=2, category=FIRE, status="closed")
    assert not alert().is_open


def test_two_who_say_not_mine_ask_the_duty_once(commune) -> None:
    push(commune, category=FIRE)
    hand_over(refusing(number(1)))
    answers(1, NOT_MINE)
    answers(2, NOT_MINE)
    assert len([body for body in to_duty() if "pas sa commune" in body]) == 1


# --- « transmettre à mon adjoint »


def test_what_is_handed_over_is_told_to_the_next_and_waited_for_anew(commune) -> None:
    push(commune, category=FIRE)
    with travel(timezone.now() + timedelta(minutes=4), tick=False):
        result = answers(1, HANDED_OVER)
        assert alert().answer_due_at == timezone.now() + timedelta(minutes=5)
    assert result.handed_to == "1er adjoint"
    assert told(**MAYORS) == [sms(1), sms(2)]
    assert Answer.objects.get().handed_to == "1er adjoint"
    assert "transmis par maire, au tour de 1er adjoint" in journal(step="decided")[-1].text
    assert answers(1, HANDED_OVER).handed_to == "1er adjoint"
    assert told(**MAYORS) == [sms(1), sms(2)]
    assert alert().answered_at is None


def test_what_was_noted_and_then_handed_over_is_waited_for_anew(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    answers(1, NOTED)
    answers(1, HANDED_OVER)
    hand_over()
    with travel(timezone.now() + timedelta(minutes=5, seconds=1), tick=False):
        upkeep()
    assert told(**MAYORS) == [sms(1), sms(2), sms(3)]
    answers(2, NOTED)
    assert (alert().answered_at is None, alert().answer_due_at) == (False, None)


def test_what_another_noted_is_answered_though_the_mayor_hands_it_over(commune) -> None:
    push(commune, category=FIRE)
    hand_over(refusing(number(1)))
    hand_over()
    answers(2, NOTED)
    answers(1, HANDED_OVER)
    assert (alert().answered_at is None, alert().answer_due_at) == (False, None)


def test_it_is_handed_to_whom_the_mayor_chose(commune) -> None:
    push(commune, category=FIRE)
    chosen = people_to_tell([alert()])[alert().pk][1]
    assert answers(1, HANDED_OVER, handed_to_mandate=chosen.mandate_id).handed_to == "2e adjoint"
    assert told(**MAYORS) == [sms(1), sms(3)]


def test_it_is_handed_to_nobody_of_another_commune_nor_to_who_knows(commune) -> None:
    contact(mobile=number(9), commune="90052")
    push(commune, category=FIRE)
    other = Mandate.objects.get(organisation__code="90052")
    with pytest.raises(AnswerRefusedError, match="pas joignable à ce titre"):
        answers(1, HANDED_OVER, handed_to_mandate=other.pk)
    mayor = Mandate.objects.get(function="maire", organisation__code="90033")
    with pytest.raises(AnswerRefusedError, match="déjà prévenu"):
        answers(1, HANDED_OVER, handed_to_mandate=mayor.pk)
    assert not Answer.objects.exists()
    assert told(**MAYORS) == [sms(1)]


def test_where_nobody_is_left_nothing_is_handed_over(asking) -> None:
    contact(mobile=number(1))
    push(asking, category=FIRE)
    with pytest.raises(AnswerRefusedError, match="déjà prévenus"):
        answers(1, HANDED_OVER)
    assert not Answer.objects.exists()


# --- at once


def test_of_many_who_take_it_at_once_one_is_the_first(asking_rules, real_commits) -> None:
    source = dispatch_centre()
    for last in range(1, 5):
        contact("astreinte", rank=last, mobile=number(last))
    push(source, category=FIRE)
    people = [(alert().pk, person(last)) for last in range(1, 5)]
    start = threading.Barrier(8)

    def takes(who: tuple[int, str]) -> AnswerResult:
        try:
            start.wait(10)
            return answer(*who, TAKEN, LINK)
        finally:
            connection.close()

    twice = list(chain.from_iterable(repeat(people, 2)))
    with ThreadPoolExecutor(8) as at_once:
        results = list(at_once.map(takes, twice))
    assert sum(result.is_new for result in results) == 4
    assert len({result.taken_by for result in results}) == 1
    assert Answer.objects.count() == 4
    said = Notification.objects.filter(kind=NotificationKind.TAKEN)
    assert said.count() == 3
    assert not any("/r/" in each.message.body for each in said.select_related("message"))
    assert alert().taken_by not in said.values_list("recipient", flat=True)


def test_an_answer_and_the_end_at_once_leave_nothing_waiting(asking_rules, real_commits) -> None:
    source = dispatch_centre()
    contact(mobile=number(1), email=MAYOR)
    push(source, category=FIRE)
    who, start = person(1), threading.Barrier(2)

    def takes() -> bool:
        try:
            start.wait(10)
            return answer(alert().pk, who, TAKEN, LINK).is_new
        except AnswerRefusedError:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as at_once:
        taking = at_once.submit(takes)
        start.wait(10)
        push(source, sequence=2, category=FIRE, status="closed")
        taken = taking.result(30)
    assert (alert().is_open, alert().answer_due_at) == (False, None)
    assert bool(alert().taken_at) == taken


def test_a_place_in_doubt_is_answered_once_a_person_decided_it(commune) -> None:
    push(commune, category=FIRE, location=CONFLICT)
    assert not Alert.objects.exists()
    decided = decide_communes(list(waiting()), ["90033"], who="Jeanne Morel", why="vérifié")
    decide(decided.pk)
    answers(1)
    assert alert().answered_at is not None
