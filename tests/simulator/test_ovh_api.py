"""OVHcloud's SMS API as its own library meets it: signatures, jobs, receipts, the night."""

from __future__ import annotations

import time
from collections.abc import Iterator

import ovh
import pytest
from ovh.exceptions import APIError, BadParametersError, InvalidCredential, ResourceNotFoundError

from notifier.simulator.client import Simulator
from notifier.simulator.ovh_account import APPLICATION_KEY, SERVICE_NAME
from tests.simulator.receiver import Receiver

from .conftest import AUTH_TOKEN

TO = "+33639980001"
ACCOUNT = f"/sms/{SERVICE_NAME}"


@pytest.fixture
def client(simulator: Simulator) -> Iterator[ovh.Client]:
    made = connect(simulator)
    yield made
    made.put(ACCOUNT, callBack=None)


def connect(simulator: Simulator, consumer_key: str = AUTH_TOKEN) -> ovh.Client:
    client = ovh.Client("ovh-eu", APPLICATION_KEY, AUTH_TOKEN, consumer_key)
    client._endpoint = simulator.ovh
    return client


def send(client: ovh.Client, **changes: object) -> dict[str, object]:
    job = {
        "message": "Delle : accident",
        "receivers": [TO],
        "sender": "Gendarmerie",
        "noStopClause": True,
        "tag": "one",
    } | changes
    report: dict[str, object] = client.post(f"{ACCOUNT}/jobs", **job)
    return report


def test_a_job_is_a_text_under_a_number_and_listed_by_it(
    client: ovh.Client, simulator: Simulator
) -> None:
    report = send(client)
    [number] = report["ids"]
    assert report["validReceivers"] == [TO]
    assert [(s["sid"], s["provider"]) for s in simulator.messages()] == [(str(number), "ovh")]
    assert client.get(f"{ACCOUNT}/outgoing", tag="one") == [number]
    assert client.get(f"{ACCOUNT}/outgoing", receiver="+33639980002") == []
    assert client.get(f"{ACCOUNT}/outgoing/{number}")["message"] == "Delle : accident"
    assert client.get(f"{ACCOUNT}/jobs") == []


def test_at_night_only_what_has_a_stop_clause_is_held(
    client: ovh.Client, simulator: Simulator
) -> None:
    simulator.fault("ovh_night")
    [held] = send(client, noStopClause=False)["ids"]
    [sent] = send(client)["ids"]
    assert client.get(f"{ACCOUNT}/jobs") == [held]
    assert client.get(f"{ACCOUNT}/jobs/{held}")["message"].endswith("STOP 36111")
    assert client.get(f"{ACCOUNT}/outgoing") == [sent]
    with pytest.raises(ResourceNotFoundError):
        client.get(f"{ACCOUNT}/outgoing/{held}")


def test_what_is_not_signed_by_the_account_is_refused(simulator: Simulator) -> None:
    with pytest.raises(InvalidCredential):
        send(connect(simulator, consumer_key="another"))
    stranger = connect(simulator)
    stranger._application_secret = "another"
    with pytest.raises(BadParametersError, match="Invalid signature"):
        send(stranger)
    late = connect(simulator)
    late._time_delta = -3_600
    with pytest.raises(BadParametersError, match="out of time"):
        send(late)
    assert simulator.messages() == []


def test_a_receiver_that_is_no_number_is_named(client: ovh.Client, simulator: Simulator) -> None:
    report = send(client, receivers=["0639980001"])
    assert (report["ids"], report["invalidReceivers"]) == ([], ["0639980001"])
    assert simulator.messages() == []


@pytest.mark.parametrize("job", [{"sender": "Inconnu"}, {"class": "loud"}, {"sendAt": "now"}])
def test_a_job_that_ovhcloud_would_refuse(
    client: ovh.Client, simulator: Simulator, job: dict[str, object]
) -> None:
    with pytest.raises(APIError):
        send(client, **job)
    assert simulator.messages() == []


def test_receipts_go_where_the_account_says(
    client: ovh.Client, simulator: Simulator, receiver: Receiver
) -> None:
    client.put(ACCOUNT, callBack=f"{receiver.base}/receipts")
    [number] = send(client)["ids"]
    simulator.wait(settled=True)
    brought = [
        (one.form["id"], one.form["ptt"], one.form["description"]) for one in receiver.posted
    ]
    assert brought == [(str(number), "3", "4"), (str(number), "4", "1")]
    shown = client.get(f"{ACCOUNT}/outgoing/{number}")
    assert (shown["deliveryReceipt"], shown["ptt"]) == (1, 4)


def test_faults_strike_the_provider_that_they_name(
    client: ovh.Client, simulator: Simulator
) -> None:
    simulator.fault("answer_500", provider="twilio")
    send(client)
    simulator.fault("answer_500", provider="ovh")
    with pytest.raises(APIError):
        send(client)
    assert abs(client.get("/auth/time") - time.time()) < 5
