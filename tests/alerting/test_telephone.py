"""What people answer on their telephones, as Twilio posts it: signed, once, and nobody else's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from time_machine import travel
from twilio.request_validator import RequestValidator

from notifier.alerting.answers.by_telephone import MAX_REPLIES
from notifier.alerting.models import Alert, Answer, AnswerKind, AnswerMeans
from notifier.delivery.models import Channel, InboundText, Message, MessageState
from notifier.delivery.providers.twilio import twiml
from notifier.delivery.providers.twilio.provider import callback_url
from notifier.directory.models import Address, AddressKind
from notifier.intake.models import Source
from notifier.journal.models import Entry, Step
from tests.alerting.house import FIRE, GIROMAGNY, contact, dispatch_centre, hand_over, number, push
from tests.harness.variables import changed

CALL_SID = "CA" + "1" * 32
LANDLINE = "+33384000001"
OURS = "+33353010090"


@pytest.fixture(autouse=True)
def _calling(settings) -> None:
    settings.ENVIRONMENT = changed(settings.ENVIRONMENT, TWILIO_VOICE_FROM=OURS)


def post(url: str, token: str = "", **form: str) -> HttpResponse:
    """What Twilio posts there, under our account's signature or another's."""
    form = {"AccountSid": settings.ENVIRONMENT.TWILIO_ACCOUNT_SID, **form}
    key = token or settings.ENVIRONMENT.TWILIO_AUTH_TOKEN.get_secret_value()
    signature = RequestValidator(key).compute_signature(url, form)
    path = url.removeprefix(settings.ENVIRONMENT.PUBLIC_URL)
    return Client().post(path, form, headers={"X-Twilio-Signature": signature})


def press(message: Message, key: str, **more: str) -> HttpResponse:
    form = {"CallSid": CALL_SID, "To": message.address, "CallStatus": "in-progress", **more}
    return post(twiml.key_url(message.pk), Digits=key, **form)


_sids = iter(range(1, 10_000))


def write(words: str, sender: str = number(1), **more: str) -> HttpResponse:
    form = {"MessageSid": f"SM{next(_sids):032x}", "From": sender, "To": OURS, "Body": words}
    return post(twiml.inbound_url(), **{**form, **more})


def said(response: HttpResponse) -> str:
    return response.content.decode()


@pytest.fixture
def called(asking) -> Message:
    """A call to the mayor's landline that the provider has."""
    mandate = contact("maire")
    Address.objects.create(person=mandate.person, kind=AddressKind.LANDLINE, value=LANDLINE)
    push(asking, category=FIRE)
    hand_over()
    Message.objects.filter(channel=Channel.VOICE).update(provider_id=CALL_SID)
    return Message.objects.get(channel=Channel.VOICE)


@pytest.fixture
def texted(asking):
    """The mayor of Delle was told by SMS of a fire that wants an answer; the source."""
    contact("maire", mobile=number(1))
    push(asking, category=FIRE)
    hand_over()
    return asking


@pytest.mark.parametrize(("key", "kind"), [("1", AnswerKind.NOTED), ("2", AnswerKind.TAKEN)])
def test_a_key_confirms_the_call_and_answers(called: Message, key: str, kind: AnswerKind) -> None:
    response = press(called, key)
    assert response.headers["Content-Type"].startswith("text/xml")
    assert "noté" in said(response)
    assert "<Hangup" in said(response)
    called.refresh_from_db()
    assert called.state == MessageState.DELIVERED
    assert [(a.kind, a.means) for a in Answer.objects.all()] == [(kind, AnswerMeans.VOICE)]


def test_any_other_key_has_the_text_said_again_and_confirms_nothing(called: Message) -> None:
    for key in ("3", "#", "", "11"):
        response = press(called, key)
        assert said(response).count("<Say") == 3
        assert called.body.split(".")[0] in said(response)
    called.refresh_from_db()
    assert called.state == MessageState.ACCEPTED
    assert not Answer.objects.exists()


def test_a_key_that_comes_twice_answers_once(called: Message) -> None:
    assert said(press(called, "1")) == said(press(called, "1"))
    assert Answer.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "code"), [({"CallSid": "CA" + "2" * 32}, 409), ({"To": "+33384000009"}, 409)]
)
def test_a_key_of_another_call_does_nothing(
    called: Message, changes: dict[str, str], code: int
) -> None:
    assert press(called, "1", **changes).status_code == code
    called.refresh_from_db()
    assert called.state == MessageState.ACCEPTED
    assert not Answer.objects.exists()


def test_a_forged_key_does_nothing(called: Message) -> None:
    url = twiml.key_url(called.pk)
    response = post(url, token="another", Digits="1", CallSid=CALL_SID, To=LANDLINE)
    assert response.status_code == 403
    # The signature of a receipt does not open the key, nor that of another call.
    form = {"AccountSid": settings.ENVIRONMENT.TWILIO_ACCOUNT_SID, "Digits": "1"}
    token = settings.ENVIRONMENT.TWILIO_AUTH_TOKEN.get_secret_value()
    for signed in (callback_url(called.pk), twiml.key_url(called.pk + 1)):
        signature = RequestValidator(token).compute_signature(signed, form)
        path = url.removeprefix(settings.ENVIRONMENT.PUBLIC_URL)
        answer = Client().post(path, form, headers={"X-Twilio-Signature": signature})
        assert answer.status_code == 403
    assert Client().get(path).status_code == 405
    assert not Answer.objects.exists()


def test_a_key_of_no_message(called: Message) -> None:
    for pk in (called.pk + 1_000, 10**30):
        assert post(twiml.key_url(pk), Digits="1", CallSid=CALL_SID).status_code == 404


def test_while_the_database_is_away_the_key_is_asked_for_again(called: Message) -> None:
    with patch("notifier.api.telephone.apply_receipt", side_effect=OperationalError):
        response = press(called, "1")
    assert "pas pu être enregistrée" in said(response)
    assert "<Gather" in said(response)
    assert not Answer.objects.exists()


def test_a_receipt_of_a_call_comes_where_those_of_texts_do(called: Message) -> None:
    answer = post(
        callback_url(called.pk),
        CallSid=CALL_SID, CallStatus="completed", To=LANDLINE, AnsweredBy="machine_start",
    )  # fmt: skip
    assert answer.status_code == 204
    called.refresh_from_db()
    assert (called.state, called.error_code) == (MessageState.UNDELIVERED, "machine")
    assert post(callback_url(called.pk), CallSid=CALL_SID, CallStatus="?").status_code == 400


# --- texts


@pytest.mark.parametrize("words", ["OK", "ok.", " 1 ", "Oui", "Bien reçu", "bien noté !"])
def test_a_text_notes_the_alert(texted, words: str) -> None:
    response = write(words)
    assert "Delle, réf. R1" in said(response)
    assert [(a.kind, a.means) for a in Answer.objects.all()] == [
        (AnswerKind.NOTED, AnswerMeans.SMS)
    ]
    assert Alert.objects.get().answered_at is not None


def test_2_takes_it(texted) -> None:
    assert "vous vous en occupez" in said(write("2"))
    assert Alert.objects.get().taken_title == "maire"


def test_of_several_alerts_the_latest_is_answered_and_named(texted) -> None:
    contact("maire", mobile=number(1), commune="90052")
    push(texted, "R2", category=FIRE, location=GIROMAGNY)
    assert "Giromagny, réf. R2" in said(write("OK"))
    assert [a.alert.organisation for a in Answer.objects.all()] == ["90052"]


def test_the_same_text_posted_again_does_nothing_twice_and_answers_the_same(texted) -> None:
    sid = "SM" + "f" * 32
    first = write("OK", MessageSid=sid)
    contact("maire", mobile=number(1), commune="90052")
    push(texted, "R2", category=FIRE, location=GIROMAGNY)
    again = write("OK", MessageSid=sid)
    assert said(again) == said(first)
    assert Answer.objects.count() == 1
    assert InboundText.objects.count() == 1


def test_a_forged_text_does_nothing(texted) -> None:
    form = {"MessageSid": "SM" + "e" * 32, "From": number(1), "Body": "OK"}
    assert post(twiml.inbound_url(), token="another", **form).status_code == 403
    assert not Answer.objects.exists()
    assert not InboundText.objects.exists()


@pytest.mark.parametrize("sender", ["+33639989999", "Free", "38200", ""])
def test_whom_we_do_not_know_gets_nothing(texted, sender: str) -> None:
    response = write("OK", sender)
    assert (response.status_code, response.content) == (204, b"")
    assert not Answer.objects.exists()


def test_anything_else_is_told_whom_to_call_and_answers_nothing(texted) -> None:
    texted.duty_phone = "+33353010090"
    texted.save()
    contact("maire", mobile=number(3), commune="90052")
    push(texted, "R2", category=FIRE, location=GIROMAGNY)
    response = write("Oui mais je suis en congé, voyez mon adjoint", number(3))
    assert "03 53 01 00 90" in said(response)
    assert not Answer.objects.exists()


def test_a_telephone_that_answers_by_itself_is_answered_once(texted) -> None:
    first = write("Je conduis, je vous rappelle")
    assert first.status_code == 200
    assert [write("Je conduis, je vous rappelle").status_code for _ in range(3)] == [204] * 3
    assert "C'est noté" in said(write("OK"))
    with travel(timezone.now() + timedelta(hours=13)):
        assert write("Je conduis, je vous rappelle").status_code == 200


def test_a_telephone_that_answers_ok_by_itself_is_not_answered_for_ever(texted) -> None:
    replies = [write("OK").status_code for _ in range(MAX_REPLIES + 2)]
    assert replies == [200] * MAX_REPLIES + [204] * 2
    assert write("STOP").status_code == 204
    assert Address.objects.get(value=number(1)).opted_out_at is not None
    with travel(timezone.now() + timedelta(hours=2)):
        assert write("reprise").status_code == 200


def test_after_the_end_nothing_is_answered(texted) -> None:
    push(texted, sequence=2, category=FIRE, status="closed")
    assert "Plus aucune alerte" in said(write("OK"))
    assert not Answer.objects.exists()


@pytest.mark.parametrize("words", ["STOP", "Arrêt", "arret"])
def test_a_refusal_is_kept_and_taken_back(texted, words: str) -> None:
    assert "REPRISE" in said(write(words))
    address = Address.objects.get(value=number(1))
    assert address.opted_out_at is not None
    push(texted, "R2", category=FIRE)
    assert not Message.objects.filter(incident_id=Alert.objects.latest("id").incident_id,
                                      address=number(1)).exists()  # fmt: skip
    write("reprise")
    address.refresh_from_db()
    assert address.opted_out_at is None
    texts = [e.text for e in Entry.objects.filter(step=Step.DIRECTORY)][-2:]
    assert ["refuse" in texts[0], "accepte de nouveau" in texts[1]] == [True, True]
    assert number(1) not in "".join(texts)


def test_what_twilio_has_answered_itself_is_not_answered_again(texted) -> None:
    response = write("stop svp", OptOutType="STOP")
    assert response.status_code == 204
    assert Address.objects.get(value=number(1)).opted_out_at is not None


def test_a_contact_whom_nothing_told_is_told_whom_to_call(asking) -> None:
    contact("maire", mobile=number(1))
    assert "112" in said(write("OK"))


def test_a_text_while_the_database_is_away_is_to_be_posted_again(texted) -> None:
    with patch("notifier.alerting.answers.by_telephone._take", side_effect=OperationalError):
        assert write("OK").status_code == 503
    assert not InboundText.objects.filter(at__lte=timezone.now()).exists()


# --- at once


def at_once(work: Callable[[int], HttpResponse], times: int = 6) -> list[HttpResponse]:
    """Have it done so many times at the same moment."""
    start = threading.Barrier(times)

    def run(which: int) -> HttpResponse:
        try:
            start.wait()
            return work(which)
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(run, range(times)))


@pytest.fixture
def centre(asking_rules, real_commits) -> Source:
    """The dispatch centre whose fires want an answer, with real commits."""
    return dispatch_centre()


def test_one_text_posted_many_times_at_once_answers_once(centre) -> None:
    contact("maire", mobile=number(1))
    push(centre, category=FIRE)
    answers = at_once(lambda _: write("OK", MessageSid="SM" + "d" * 32))
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert len({said(answer) for answer in answers if answer.status_code == 200}) == 1
    assert (Answer.objects.count(), InboundText.objects.count()) == (1, 1)


def test_keys_and_the_end_of_the_call_at_once_end_with_the_key(centre) -> None:
    mandate = contact("maire")
    Address.objects.create(person=mandate.person, kind=AddressKind.LANDLINE, value=LANDLINE)
    push(centre, category=FIRE)
    hand_over()
    message = Message.objects.get(channel=Channel.VOICE)

    def work(which: int) -> HttpResponse:
        if which % 2:
            return press(message, "1")
        form = {"CallSid": CALL_SID, "CallStatus": "completed", "To": LANDLINE}
        return post(callback_url(message.pk), **form)

    Message.objects.filter(pk=message.pk).update(provider_id=CALL_SID)
    at_once(work)
    message.refresh_from_db()
    assert message.state == MessageState.DELIVERED
    assert Answer.objects.count() == 1
