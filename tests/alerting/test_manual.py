"""What a person does with an incident: sends again, tells one more, withdraws, closes; once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from time_machine import travel

from notifier.alerting.decision.pipeline import decide
from notifier.alerting.escalation.one_more import people_to_tell
from notifier.alerting.manual.action import Actor, ManualActionError
from notifier.alerting.manual.ending import close, withdraw
from notifier.alerting.manual.resend import resend
from notifier.alerting.manual.tell import tell
from notifier.alerting.models import Alert, ManualAction, Notification, NotificationState
from notifier.alerting.review.decisions import decide_communes
from notifier.delivery.models import Message, MessageState, Result
from notifier.delivery.providers.base import Outcome, Receipt
from notifier.delivery.receipts.apply import apply_receipt
from notifier.directory.models import Mandate
from notifier.intake.models import Report, ReportState, Source
from notifier.intake.receive import receive
from tests.alerting.conftest import FAMILIES, written
from tests.alerting.house import (
    ACCIDENT,
    CONFLICT,
    DUTY,
    FIRE,
    MAYORS,
    REFUSED,
    TAKEN,
    contact,
    dispatch_centre,
    event,
    hand_over,
    journal,
    messages,
    number,
    push,
    refusing,
    run_round,
    sms,
    told,
)
from tests.delivery.samples import run_round as delivery_round
from tests.harness.people import change_contact

LOST = Outcome(Result.UNKNOWN, code="timeout", detail="sans réponse")
ALL = Alert.objects.all()
JEANNE = Actor("Jeanne Morel", "la mairie a rappelé")


def row(last: int, **where: object) -> Notification:
    """The notification of the number that ends so."""
    return Notification.objects.select_related("message").get(address=number(last), **where)


def arrived(message: Message) -> None:
    receipt = Receipt(message.provider_id, MessageState.DELIVERED)
    apply_receipt(message.pk, receipt)


def texts() -> list[tuple[str, str]]:
    """What went to people, the duty's mails aside."""
    return told(**MAYORS)


# --- resend


def test_a_refused_text_goes_again_in_the_same_words_with_who_and_why(source) -> None:
    contact("maire", mobile=number(1))
    contact("adjoint", mobile=number(2))
    push(source, category=FIRE)
    hand_over(refusing(number(1)))
    resend(row(1), JEANNE)
    assert texts() == [sms(1), sms(2), sms(1)]
    first, _, again = messages(**MAYORS)
    assert again.body == first.body
    assert "renvoyé par Jeanne Morel" in journal(step="decided")[-1].text
    kept = ManualAction.objects.get()
    assert (kept.kind, kept.who, kept.why) == ("resend", JEANNE.who, JEANNE.why)
    assert not any(JEANNE.why in entry.text for entry in journal())


def test_a_second_press_sends_nothing_more(source) -> None:
    contact(mobile=number(1))
    push(source)
    hand_over(refusing(number(1)))
    refused = row(1)
    resend(refused, JEANNE)
    with pytest.raises(ManualActionError, match="quelqu’un d’autre"):
        resend(refused, JEANNE)
    assert texts() == [sms(1), sms(1)]


@pytest.mark.parametrize("answer", [None, TAKEN])
def test_what_is_on_its_way_or_just_handed_over_is_not_sent_again(source, answer) -> None:
    contact(mobile=number(1))
    push(source)
    if answer:
        hand_over(lambda _: answer)
    with pytest.raises(ManualActionError):
        resend(row(1), JEANNE)
    assert texts() == [sms(1)]


def test_what_arrived_is_not_sent_again_and_what_has_no_receipt_may_be(source) -> None:
    contact("maire", mobile=number(1))
    contact("astreinte", mobile=number(2))
    push(source)
    hand_over()
    arrived(messages(**MAYORS)[0])
    with travel(timezone.now() + timedelta(minutes=3), tick=False):
        with pytest.raises(ManualActionError, match="déjà parti"):
            resend(row(1), JEANNE)
        assert resend(row(2), JEANNE).may_arrive_twice
    assert texts() == [sms(1), sms(2), sms(2)]


def test_of_unknown_fate_it_goes_again_once_and_the_first_is_not_tried_any_more(source) -> None:
    contact(mobile=number(1))
    push(source)
    hand_over(lambda _: LOST)
    sent = resend(row(1), JEANNE)
    assert sent.may_arrive_twice
    assert messages(**MAYORS)[0].superseded_at is not None
    assert "il peut arriver deux fois" in journal(step="decided")[-1].text


def test_a_corrected_number_gets_it_and_the_old_one_does_not(source) -> None:
    mayor = contact(mobile=number(1))
    push(source)
    hand_over(refusing(number(1)))
    change_contact(mayor, mobile=number(9))
    resend(row(1), JEANNE)
    assert texts() == [sms(1), sms(9)]


def test_who_left_the_directory_gets_nothing_and_the_reason_is_said(source) -> None:
    mayor = contact(mobile=number(1))
    push(source)
    hand_over(refusing(number(1)))
    Mandate.objects.filter(pk=mayor.pk).update(ends_on=timezone.localdate() - timedelta(days=1))
    with pytest.raises(ManualActionError, match="plus d’adresse"):
        resend(row(1), JEANNE)
    assert row(1).state == NotificationState.QUEUED


def test_an_older_text_than_the_present_one_is_not_sent_again(source) -> None:
    contact(mobile=number(1))
    push(source, severity="moderate")
    hand_over(refusing(number(1)))
    push(source, sequence=2, severity="extreme")
    with pytest.raises(ManualActionError, match="plus récent"):
        resend(row(1, revision=1), JEANNE)


def test_what_the_policy_withholds_since_is_neither_sent_again_nor_told_anew(
    source, operator
) -> None:
    contact(mobile=number(1))
    push(source, category=FIRE)
    hand_over(refusing(number(1)))
    before = texts()
    deputy = contact("autre", mobile=number(2))
    withheld = [(*f[:2], "withhold", *f[3:]) if f[0] == "C04" else f for f in FAMILIES]
    operator(written(withheld))
    with pytest.raises(ManualActionError, match="règle a changé"):
        resend(row(1), JEANNE)
    with pytest.raises(ManualActionError, match="règle a changé"):
        tell(Alert.objects.get(), deputy.pk, JEANNE)
    assert texts() == before


def test_nothing_is_done_without_a_reason(source) -> None:
    contact(mobile=number(1))
    push(source)
    hand_over(refusing(number(1)))
    with pytest.raises(ManualActionError, match="dites pourquoi"):
        resend(row(1), Actor("Jeanne Morel", "  "))


def test_a_resent_text_that_fails_as_well_wakes_nobody_twice(source) -> None:
    contact("maire", mobile=number(1))
    contact("adjoint", mobile=number(2))
    push(source, category=FIRE)
    hand_over(refusing(number(1)))
    resend(row(1), JEANNE)
    hand_over(refusing(number(1)))
    run_round()
    delivery_round()
    assert texts() == [sms(1), sms(2), sms(1)]


# --- tell one more


def test_one_more_is_told_what_the_organisation_was_told_and_only_once(source) -> None:
    contact("maire", mobile=number(1))
    deputy = contact("adjoint", mobile=number(2))
    push(source)
    alert = Alert.objects.get()
    assert [p.title for p in people_to_tell([alert])[alert.pk]] == ["1er adjoint"]
    tell(alert, deputy.pk, JEANNE)
    assert texts() == [sms(1), sms(2)]
    assert "prévenu en plus par Jeanne Morel" in journal(step="decided")[-1].text
    assert people_to_tell([alert])[alert.pk] == []
    with pytest.raises(ManualActionError, match="déjà prévenu"):
        tell(alert, deputy.pk, JEANNE)
    assert texts() == [sms(1), sms(2)]


def test_what_a_quota_holds_is_said_to_whoever_tells_one_more(source) -> None:
    contact("maire", mobile=number(1))
    deputy = contact("adjoint", mobile=number(2))
    push(source)
    Source.objects.update(hard_cap=0)
    assert "retenu : plafond absolu" in tell(Alert.objects.get(), deputy.pk, JEANNE)
    assert texts() == [sms(1)]
    with pytest.raises(ManualActionError, match="déjà prévenu"):
        tell(Alert.objects.get(), deputy.pk, JEANNE)


def test_who_reads_it_for_another_commune_is_not_told_again(border) -> None:
    """Deputy here, mayor there: one text of one incident."""
    delle, joncherey = Mandate.objects.order_by("organisation__code")
    here = Mandate.objects.create(
        person=joncherey.person, organisation=delle.organisation, function="adjoint"
    )
    push(border, location={"communes": ["90033", "90056"]})
    first = texts()
    with pytest.raises(ManualActionError, match="déjà prévenu"):
        tell(Alert.objects.get(organisation="90033"), here.pk, JEANNE)
    assert texts() == first


def test_whose_number_is_that_of_somebody_told_gets_no_second_text(source) -> None:
    contact("maire", mobile=number(1))
    deputy = contact("adjoint", mobile=number(1))
    push(source)
    with pytest.raises(ManualActionError, match="celles d’une personne déjà prévenue"):
        tell(Alert.objects.get(), deputy.pk, JEANNE)
    assert texts() == [sms(1)]


def test_a_person_of_another_organisation_cannot_be_told_by_its_alert(two_communes, source) -> None:
    push(source)
    other = Mandate.objects.get(organisation__code="90052")
    with pytest.raises(ManualActionError, match="pas joignable à ce titre"):
        tell(Alert.objects.get(), other.pk, JEANNE)


def test_nobody_is_told_of_what_is_over(source) -> None:
    contact("maire", mobile=number(1))
    deputy = contact("adjoint", mobile=number(2))
    push(source)
    hand_over()
    push(source, sequence=2, status="closed")
    with pytest.raises(ManualActionError, match="terminée"):
        tell(Alert.objects.get(), deputy.pk, JEANNE)


# --- withdraw, close


def test_withdrawn_before_it_left_nobody_reads_anything(source) -> None:
    contact(mobile=number(1))
    report = push(source)
    withdraw(report.incident_id, ALL, JEANNE)
    assert [m.state for m in messages(**MAYORS)] == [MessageState.CANCELLED]
    assert not Alert.objects.get().is_open


def test_withdrawn_after_it_left_its_readers_read_so_and_the_journal_says_by_whom(source) -> None:
    contact(mobile=number(1))
    report = push(source)
    hand_over()
    assert withdraw(report.incident_id, ALL, JEANNE) == 1
    assert texts() == [sms(1), sms(1)]
    assert "annul" in messages(**MAYORS)[1].body.lower()
    assert "retirée par Jeanne Morel" in journal(step="decided")[-1].text
    with pytest.raises(ManualActionError, match="déjà terminée"):
        withdraw(report.incident_id, ALL, JEANNE)
    assert len(texts()) == 2


def test_closed_those_who_were_told_read_the_end_once_whatever_dispatch_says_then(source) -> None:
    contact(mobile=number(1))
    report = push(source)
    hand_over()
    close(report.incident_id, ALL, JEANNE)
    push(source, sequence=2, status="closed")
    assert texts() == [sms(1), sms(1)]
    assert "termin" in messages(**MAYORS)[1].body.lower()
    assert Report.objects.get(sequence=1).status == "engaged"  # what dispatch said stays said


def test_a_state_that_waits_for_its_decision_comes_before_any_end(source) -> None:
    contact(mobile=number(1))
    report = push(source)
    hand_over()
    receive(source, event(sequence=2, severity="extreme"))
    with pytest.raises(ManualActionError, match="nouvel état"):
        close(report.incident_id, ALL, JEANNE)


def test_withdrawing_ends_the_review_as_well_and_its_mail(source, two_communes) -> None:
    report = push(source, location=CONFLICT)
    withdraw(report.incident_id, ALL, JEANNE)
    ended = Report.objects.get()
    assert (ended.state, ended.decided_by) == (ReportState.DISMISSED, "Jeanne Morel")
    assert [m.state for m in messages(address=DUTY)] == [MessageState.CANCELLED]
    assert texts() == []


def test_all_organisations_of_one_incident_read_its_end(border) -> None:
    report = push(border, location={"communes": ["90033", "90056"]})
    hand_over()
    assert close(report.incident_id, ALL, JEANNE) == 2
    assert texts() == [sms(1), sms(2), sms(1), sms(2)]


def test_nobody_ends_what_goes_on_for_others_as_well(border) -> None:
    report = push(border, location={"communes": ["90033", "90056"]})
    hand_over()
    with pytest.raises(ManualActionError, match="pas de votre ressort"):
        close(report.incident_id, Alert.objects.filter(organisation="90033"), JEANNE)
    assert len(texts()) == 2


def test_an_urgent_text_that_nobody_got_yet_is_not_cancelled_by_closing_unread(source) -> None:
    """As with a report that says so: who has not got the alert gets none of its end."""
    contact(mobile=number(1))
    report = push(source, category=ACCIDENT)
    hand_over(lambda _: REFUSED)
    close(report.incident_id, ALL, JEANNE)
    assert texts() == [sms(1)]


def test_a_decided_review_is_ended_by_hand_like_any_other(source, two_communes) -> None:
    report = push(source, location=CONFLICT)
    decide_communes([report], ["90033"], who="x", why="vu sur place")
    with pytest.raises(ManualActionError, match="nouvel état"):
        close(report.incident_id, ALL, JEANNE)


# --- two people at once


def each_at_once(action: Callable[[], object]) -> list[str]:
    """Have four people do it at once; return why it was refused to those to whom it was."""
    start = threading.Barrier(4)

    def person() -> str:
        try:
            start.wait(10)
            action()
        except ManualActionError as error:
            return str(error)
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(4) as people:
        said = [one.result(30) for one in [people.submit(person) for _ in range(4)]]
    return [reason for reason in said if reason]


def test_four_people_at_once_do_each_thing_once(rules, real_commits) -> None:
    contact("maire", mobile=number(1))
    deputy = contact("adjoint", mobile=number(2))
    report = push(dispatch_centre(), category=FIRE)
    hand_over(lambda _: LOST)
    lost = row(1)
    assert len(each_at_once(lambda: resend(lost, JEANNE))) == 3
    assert texts() == [sms(1), sms(1)]
    alert = Alert.objects.get()
    assert len(each_at_once(lambda: tell(alert, deputy.pk, JEANNE))) == 3
    assert texts() == [sms(1), sms(1), sms(2)]
    hand_over()
    assert len(each_at_once(lambda: close(report.incident_id, ALL, JEANNE))) == 3
    assert texts() == [sms(1), sms(1), sms(2), sms(1), sms(2)]
    assert ManualAction.objects.count() == 3


def test_a_decision_and_an_end_by_hand_at_once_keep_an_order(rules, real_commits) -> None:
    """Whichever comes first, nobody reads the end before the news, or twice."""
    contact("maire", mobile=number(1))
    source = dispatch_centre()
    report = push(source, category=FIRE)
    hand_over()
    rise = receive(source, event(sequence=2, category=FIRE, severity="extreme")).report_id

    def by_worker() -> None:
        try:
            decide(rise)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as worker:
        deciding = worker.submit(by_worker)
        refused = each_at_once(lambda: close(report.incident_id, ALL, JEANNE))
        deciding.result(30)
    assert Report.objects.filter(state=ReportState.RECEIVED).count() == 0
    revisions_told = [n.revision for n in Notification.objects.order_by("id")]
    assert revisions_told == sorted(revisions_told)
    assert len(refused) >= 3
