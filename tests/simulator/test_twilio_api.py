"""Twilio's own library finds in the simulator what it finds at Twilio."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from notifier.simulator.client import Simulator

from .conftest import ACCOUNT_SID, AUTH_TOKEN

TO, OTHER = "+33639981201", "+33639981202"
MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"


def send(twilio: Client, body: str = "Bonjour", to: str = TO, **more: Any) -> Any:
    return twilio.messages.create(to=to, body=body, from_="ALERTE", **more)


def test_a_text_is_created_as_twilio_does(twilio: Client, simulator: Simulator) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    made = send(twilio, "Feu à Delle, le 22/11")

    assert re.fullmatch(r"SM[0-9a-f]{32}", made.sid)
    assert (made.status, made.to, made.from_) == ("queued", TO, "ALERTE")
    assert (made.num_segments, made.error_code, made.date_sent) == ("1", None, None)
    assert before <= made.date_created <= datetime.now(UTC)
    [sms] = simulator.messages()
    assert (sms["sid"], sms["to"], sms["body"]) == (made.sid, TO, "Feu à Delle, le 22/11")
    assert (sms["answered"], sms["copies"], sms["tries"]) == (201, 1, 1)


def test_a_text_walks_to_delivered_without_being_asked(
    twilio: Client, simulator: Simulator
) -> None:
    made = send(twilio)
    simulator.wait(sms=1, settled=True)

    fetched = twilio.messages(made.sid).fetch()
    assert fetched.status == "delivered"
    assert fetched.date_sent >= fetched.date_created
    assert fetched.body == "Bonjour"


def test_a_messaging_service_chooses_its_sender_later(twilio: Client, simulator: Simulator) -> None:
    service = "MG" + "1" * 32
    made = twilio.messages.create(to=TO, body="Bonjour", messaging_service_sid=service)
    assert (made.status, made.from_, made.num_segments) == ("accepted", None, "0")
    assert made.messaging_service_sid == service

    simulator.wait(settled=True)
    fetched = made.fetch()
    assert (fetched.from_, fetched.num_segments) == ("+33639980000", "1")


def test_the_list_is_filtered_by_number_and_newest_first(twilio: Client) -> None:
    sids = [send(twilio, f"texte {number}").sid for number in range(3)]
    send(twilio, to=OTHER)

    assert [found.sid for found in twilio.messages.list(to=TO)] == sids[::-1]
    assert len(twilio.messages.list(from_="ALERTE")) == 4
    assert twilio.messages.list(from_="PERSONNE") == []


def test_the_list_is_paged(twilio: Client) -> None:
    sids = [send(twilio, f"texte {number}").sid for number in range(5)]

    page = twilio.messages.page(to=TO, page_size=2)
    assert len(list(page)) == 2
    assert page.next_page_url is not None
    assert [found.sid for found in twilio.messages.list(to=TO, page_size=2)] == sids[::-1]


def test_the_list_is_filtered_by_the_date_of_sending(twilio: Client, simulator: Simulator) -> None:
    send(twilio)
    simulator.wait(settled=True)
    [listed] = twilio.messages.list()
    sent = listed.date_sent
    minute, day = timedelta(minutes=1), timedelta(days=1)

    def found(**filters: Any) -> int:
        return len(twilio.messages.list(to=TO, **filters))

    assert found(date_sent=sent.date()) == 1
    assert found(date_sent=sent.date() - day) == 0
    assert found(date_sent_after=sent - minute, date_sent_before=sent + minute) == 1
    assert found(date_sent_after=sent + minute) == 0
    assert found(date_sent_before=sent - minute) == 0
    assert found(date_sent_after=sent, date_sent_before=sent) == 1
    address = simulator.http + MESSAGES
    for query, expected in ((f"DateSent>={sent.date()}", 1), (f"DateSent<={sent.date() - day}", 0)):
        answer = requests.get(f"{address}?{query}", auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=10)
        assert len(answer.json()["messages"]) == expected


def test_an_unsent_text_has_no_date_of_sending_to_be_found_by(
    twilio: Client, simulator: Simulator
) -> None:
    simulator.fault("failed")
    made = send(twilio)
    simulator.wait(settled=True)

    assert twilio.messages.list(to=TO, date_sent=datetime.now(UTC).date()) == []
    assert [found.sid for found in twilio.messages.list(to=TO)] == [made.sid]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"To": None}, 21604),
        ({"To": "0639981201"}, 21211),
        ({"To": "+33 6 39 98 12 01"}, 21211),
        ({"Body": None}, 21602),
        ({"Body": ""}, 21602),
        ({"From": None}, 21603),
        ({"From": "BIEN TROP LONG"}, 21212),
        ({"From": "+0639981201"}, 21212),
        ({"Body": "a" * 1601}, 21617),
    ],
)
def test_a_wrong_parameter_is_refused_with_twilios_code(
    simulator: Simulator, change: dict[str, str | None], code: int
) -> None:
    form = {"To": TO, "From": "ALERTE", "Body": "Bonjour"} | change
    answer = requests.post(
        simulator.http + MESSAGES, data=form, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=10
    )

    assert answer.status_code == 400
    problem = answer.json()
    assert (problem["code"], problem["status"]) == (code, 400)
    assert problem["more_info"].endswith(f"/{code}")
    assert simulator.messages() == []


def test_the_longest_text_is_accepted(twilio: Client) -> None:
    assert send(twilio, "a" * 1600).num_segments == "11"


def test_a_wrong_token_is_refused(connect: Callable[..., Client], simulator: Simulator) -> None:
    with pytest.raises(TwilioRestException) as refused:
        send(connect(token="wrong"))
    assert (refused.value.status, refused.value.code) == (401, 20003)
    assert simulator.messages() == []


def test_another_account_is_refused(simulator: Simulator) -> None:
    address = simulator.http + MESSAGES.replace(ACCOUNT_SID, "AC" + "6" * 32)
    answer = requests.get(address, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (401, 20003)


def test_an_unknown_text_is_not_found(twilio: Client) -> None:
    with pytest.raises(TwilioRestException) as missing:
        twilio.messages("SM" + "0" * 32).fetch()
    assert (missing.value.status, missing.value.code) == (404, 20404)


def test_the_same_text_twice_is_seen(twilio: Client, simulator: Simulator) -> None:
    send(twilio, "une fois")
    send(twilio, "deux fois")
    send(twilio, "deux fois")

    assert [sms["copies"] for sms in simulator.messages()] == [1, 2, 2]
    assert simulator.requests() == 3
