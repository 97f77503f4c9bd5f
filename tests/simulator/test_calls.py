"""Twilio's calls and the texts that telephones write, as its own library and validator see them."""

from __future__ import annotations

from html import escape

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from notifier.simulator.client import Simulator, SimulatorError

from .conftest import ACCOUNT_SID, AUTH_TOKEN
from .receiver import Receiver

TO, FROM = "+33384000001", "+33353010090"
TWIML = (
    '<Response><Gather action="{url}" numDigits="1"><Say>Feu</Say></Gather>'
    "<Say>Adieu</Say></Response>"
)
EVENTS = ["initiated", "ringing", "answered", "completed"]


def ring(twilio: Client, url: str, **more: object) -> str:
    twiml = TWIML.format(url=escape(url))
    asked = {"to": TO, "from_": FROM, "twiml": twiml, "status_callback": url}
    made = twilio.calls.create(**{**asked, "status_callback_event": EVENTS, **more})
    assert made.status == "queued"
    return str(made.sid)


def test_a_key_is_posted_signed_and_the_call_ends(
    twilio: Client, simulator: Simulator, receiver: Receiver
) -> None:
    sid = ring(twilio, receiver.url)
    simulator.wait(calls=1)
    call = simulator.press(TO, "2")
    assert (call["heard"], call["keys"], call["status"]) == (["Feu"], "2", "completed")
    (key,) = [posted for posted in receiver.posted if "Digits" in posted.form]
    assert (key.form["Digits"], key.form["CallSid"]) == ("2", sid)
    assert all(posted.is_genuine(AUTH_TOKEN) for posted in receiver.posted)
    assert twilio.calls(sid).fetch().status == "completed"
    with pytest.raises(SimulatorError):
        simulator.press(TO)


def test_a_call_is_taken_when_it_rings_and_not_before(twilio: Client, receiver: Receiver) -> None:
    """One that was only accepted does not ring yet: whoever is to take it waits for that."""
    with Simulator.start(ACCOUNT_SID, AUTH_TOKEN, sent_after_ms=300) as slow:
        twilio.api.base_url = slow.http
        sid = ring(twilio, receiver.url)
        call = slow.press(TO, "2")
        assert (call["keys"], call["status"]) == ("2", "completed")
        assert receiver.posted[0].form["CallStatus"] == "initiated"
        assert twilio.calls(sid).fetch().status == "completed"


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("call_busy", "busy"),
        ("call_no_answer", "no-answer"),
        ("call_failed", "failed"),
        ("call_canceled", "canceled"),
        ("call_machine", "completed"),
        ("call_no_key", "completed"),
    ],
)
def test_how_a_call_ends(
    twilio: Client, simulator: Simulator, receiver: Receiver, fault: str, status: str
) -> None:
    simulator.fault(fault, to=TO)
    sid = ring(twilio, receiver.url)
    simulator.wait_for_calls_to_end(TO)
    (listed,) = twilio.calls.list(to=TO)
    assert (listed.sid, listed.status) == (sid, status)
    assert twilio.calls.list(to="+33384000002") == []
    assert not any("Digits" in posted.form for posted in receiver.posted)
    if fault == "call_machine":
        assert listed.answered_by == "machine_start"
        assert simulator.calls(TO)[0]["heard"] == ["Feu", "Adieu"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"to": "0384000001"}, 21211),
        ({"from_": "Gendarmerie"}, 21212),
        ({"twiml": "x" * 4001}, 21205),
    ],
)
def test_what_twilio_would_refuse_is_refused(
    twilio: Client, receiver: Receiver, changes: dict[str, str], code: int
) -> None:
    with pytest.raises(TwilioRestException) as refused:
        ring(twilio, receiver.url, **changes)
    assert refused.value.code == code


def test_a_text_is_posted_signed_and_shown_on_its_telephone(
    simulator: Simulator, receiver: Receiver
) -> None:
    written = simulator.text(TO, "OK", url=receiver.url, to=FROM)
    (posted,) = receiver.posted
    assert posted.is_genuine(AUTH_TOKEN)
    assert {name: posted.form[name] for name in ("From", "To", "Body", "MessageSid")} == {
        "From": TO, "To": FROM, "Body": "OK", "MessageSid": written["sid"],
    }  # fmt: skip
    assert (written["code"], written["replies"]) == (204, [])
    assert simulator.messages() == []
    simulator.text(TO, "OK", url=receiver.url, forged=True)
    assert not receiver.posted[-1].is_genuine(AUTH_TOKEN)
