"""Who is called, and when; what a call that nobody confirmed leads to."""

from __future__ import annotations

import pytest
from django.utils import timezone

from notifier.alerting.answers.by_telephone import NOTED, TAKEN, answer_call
from notifier.alerting.manual.action import Actor
from notifier.alerting.manual.resend import resend
from notifier.alerting.models import Alert, Answer, AnswerMeans, Notification
from notifier.delivery.follow_up import follow_up
from notifier.delivery.models import Channel, Message, MessageState, Result
from notifier.delivery.providers.base import Outcome, Receipt
from notifier.delivery.receipts.apply import apply_receipt
from notifier.directory.models import MAX_FAILURES, Address, AddressKind, Mandate
from tests.alerting.house import (
    DUTY,
    FIRE,
    MAYOR,
    THEFT,
    contact,
    hand_over,
    mail,
    messages,
    number,
    push,
    refusing,
    sms,
    told,
)
from tests.alerting.house import (
    TAKEN as ACCEPTED,
)

pytestmark = pytest.mark.usefixtures("calling")
LANDLINE = "+33384000001"


def landline(mandate: Mandate, value: str = LANDLINE) -> None:
    """Give a person a landline."""
    Address.objects.create(
        person=mandate.person, kind=AddressKind.LANDLINE, value=value, position=9
    )


def call(value: str = LANDLINE) -> tuple[str, str]:
    return Channel.VOICE, value


def settle(message: Message, state: MessageState, code: str = "") -> None:
    """The provider says what became of a message."""
    provider_id = message.provider_id or ACCEPTED.provider_id
    apply_receipt(message.pk, Receipt(provider_id, state, code))


def last_call() -> Message:
    return Message.objects.filter(channel=Channel.VOICE).latest("id")


def test_who_has_a_landline_alone_is_called_and_the_first_mobile_rings_as_well(source) -> None:
    landline(contact("maire"))
    contact("adjoint", mobile=number(2))
    push(source, category=FIRE)
    assert told(recipient__startswith="person:") == [call(), sms(2)]
    spoken = last_call()
    assert "Appuyez sur 1" in spoken.body
    assert "/r/" not in spoken.body


def test_without_any_mobile_a_landline_rings_and_the_duty_is_left_alone(source) -> None:
    landline(contact("maire", email=MAYOR))
    push(source)
    assert told() == [mail(MAYOR), call()]


def test_who_has_a_mobile_is_not_called(source) -> None:
    landline(contact("maire", mobile=number(1), email=MAYOR))
    push(source)
    assert told() == [sms(1), mail(MAYOR)]


def test_routine_calls_nobody_and_goes_to_who_reads(source) -> None:
    landline(contact("maire"))
    contact("adjoint", mobile=number(2))
    push(source, category=THEFT)
    assert told(recipient__startswith="person:") == [sms(2)]


def test_without_a_number_to_call_from_nobody_is_called(source, settings) -> None:
    from tests.harness.variables import changed

    settings.ENVIRONMENT = changed(settings.ENVIRONMENT, TWILIO_VOICE_FROM="")
    landline(contact("maire", email=MAYOR))
    push(source)
    assert told(recipient__startswith="person:") == [mail(MAYOR)]
    assert [m.address for m in messages(address=DUTY)] == [DUTY]


def test_a_dead_mobile_is_followed_by_a_call_elsewhere_and_that_by_the_next_person(source) -> None:
    landline(contact("maire", mobile=number(1)))
    contact("adjoint", mobile=number(2))
    push(source, category=FIRE)
    hand_over(refusing(number(1)))
    assert told() == [sms(1), call()]
    hand_over()
    settle(last_call(), MessageState.UNDELIVERED, "no-key")
    assert told() == [sms(1), call(), sms(2)]
    assert "Le maire n'a pu etre joint" in messages(address=number(2))[0].body


def test_a_dead_mobile_itself_is_not_called(source) -> None:
    contact("maire", mobile=number(1))
    contact("adjoint", mobile=number(2))
    push(source, category=FIRE)
    hand_over(refusing(number(1)))
    assert told() == [sms(1), sms(2)]


def test_a_mobile_that_is_off_is_not_called_either(source) -> None:
    contact("maire", mobile=number(1))
    contact("adjoint", mobile=number(2))
    push(source, category=FIRE)
    hand_over()
    settle(messages()[0], MessageState.UNDELIVERED, "30003")
    assert told() == [sms(1), sms(2)]


def test_a_text_of_which_nobody_knows_is_spoken_and_key_1_leaves_the_next_in_peace(source) -> None:
    contact("maire", mobile=number(1))
    contact("adjoint", mobile=number(2))
    push(source, category=FIRE)
    hand_over(lambda _: Outcome(Result.UNKNOWN, detail="ligne coupée"))
    (text,) = messages()
    text.refresh_from_db()
    follow_up(text)  # the provider could not be asked to the end
    assert told() == [sms(1), call(number(1))]
    hand_over()
    settle(last_call(), MessageState.DELIVERED)
    settle(last_call(), MessageState.UNDELIVERED, "no-key")
    assert told() == [sms(1), call(number(1))]


def test_a_call_that_cannot_be_made_is_followed_by_the_next_person_at_once(source) -> None:
    landline(contact("maire", mobile=number(1)))
    contact("adjoint", mobile=number(2))
    push(source, category=FIRE)
    hand_over(refusing(number(1), LANDLINE))
    hand_over(refusing(LANDLINE))
    assert told() == [sms(1), call(), sms(2)]


def test_an_update_calls_again_and_an_end_does_not_where_there_is_a_mailbox(source) -> None:
    landline(contact("maire", email=MAYOR))
    push(source, sequence=1, severity="moderate")
    hand_over()
    push(source, sequence=2, severity="severe")
    push(source, sequence=3, severity="severe", status="closed")
    by_revision = [told(revision=revision) for revision in (1, 2, 3)]
    assert by_revision == [[mail(MAYOR), call()], [mail(MAYOR), call()], [mail(MAYOR)]]


def test_a_landline_is_told_the_end_where_nothing_else_tells_it(source) -> None:
    landline(contact("maire"))
    push(source, category=FIRE)
    hand_over()
    settle(last_call(), MessageState.DELIVERED)
    push(source, sequence=2, category=FIRE, status="closed")
    assert told(recipient__startswith="person:") == [call(), call()]
    assert "Intervention terminée" in last_call().body


def test_a_call_in_vain_is_made_again_by_hand(source) -> None:
    landline(contact("maire", mobile=number(1)))
    push(source, category=FIRE)
    hand_over(refusing(number(1)))
    hand_over()
    settle(last_call(), MessageState.UNDELIVERED, "no-answer")
    resend(Notification.objects.get(channel=Channel.VOICE), Actor("Jeanne Morel", "à rappeler"))
    assert told(recipient__startswith="person:") == [sms(1), call(), call()]


def test_a_key_answers_the_alert(asking) -> None:
    landline(contact("maire"))
    push(asking, category=FIRE)
    said = answer_call(last_call(), NOTED)
    assert "C’est noté" in said or "C'est noté" in said
    (answer,) = Answer.objects.all()
    assert (answer.kind, answer.means, answer.title) == (NOTED, AnswerMeans.VOICE, "maire")
    assert Alert.objects.get().answered_at is not None
    answer_call(last_call(), NOTED)
    assert Answer.objects.count() == 1


def test_key_2_takes_it_and_a_later_one_hears_by_whom(asking) -> None:
    landline(contact("maire"))
    contact("adjoint", mobile=number(2))
    push(asking, category=FIRE)
    assert "vous vous en occupez" in answer_call(last_call(), TAKEN)
    assert Alert.objects.get().taken_title == "maire"
    other = messages(address=number(2))[0]
    assert "déjà pris en charge : maire" in answer_call(other, TAKEN)


def test_a_key_after_the_end_is_thanked_for_and_answers_nothing(asking) -> None:
    landline(contact("maire"))
    push(asking, category=FIRE)
    first = last_call()
    hand_over()
    settle(first, MessageState.DELIVERED)
    push(asking, sequence=2, category=FIRE, status="closed")
    assert "terminée" in answer_call(first, NOTED)
    assert not Answer.objects.exists()


def test_a_call_in_vain_tells_nobody_more_once_somebody_has_answered(asking) -> None:
    landline(contact("maire", mobile=number(1)))
    contact("adjoint", mobile=number(2))
    push(asking, category=FIRE)
    hand_over(refusing(number(1)))
    Alert.objects.update(answered_at=timezone.now())
    hand_over()
    settle(last_call(), MessageState.UNDELIVERED, "no-answer")
    assert told() == [sms(1), call()]


def test_a_landline_that_is_dead_is_passed_over_in_time(source) -> None:
    mandate = contact("maire", email=MAYOR)
    landline(mandate)
    refused = Outcome(Result.PERMANENT, code="21211", detail="numéro invalide")
    for n in range(MAX_FAILURES + 1):
        push(source, f"R{n}")
        hand_over(lambda m: refused if m.channel == Channel.VOICE else ACCEPTED)
    assert Address.objects.get(kind=AddressKind.LANDLINE).failures == MAX_FAILURES
    assert Notification.objects.filter(channel=Channel.VOICE).count() == MAX_FAILURES
