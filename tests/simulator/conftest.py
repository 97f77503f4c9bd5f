"""One real simulator process, emptied before each test, and Twilio's own library to call it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from notifier.simulator.client import Simulator
from tests.simulator.receiver import Receiver

ACCOUNT_SID = "AC" + "5" * 32
AUTH_TOKEN = "opens nothing"


@pytest.fixture(scope="session")
def _process() -> Iterator[Simulator]:
    with Simulator.start(ACCOUNT_SID, AUTH_TOKEN) as simulator:
        yield simulator


@pytest.fixture
def simulator(_process: Simulator) -> Simulator:
    """The simulator with empty phones and boxes and no faults."""
    _process.reset()
    return _process


@pytest.fixture
def connect(simulator: Simulator) -> Callable[..., Client]:
    """Makes a client of Twilio's library that talks to the simulator."""

    def make(token: str = AUTH_TOKEN, timeout: float = 20.0) -> Client:
        client = Client(ACCOUNT_SID, token, http_client=TwilioHttpClient(timeout=timeout))
        client.api.base_url = simulator.http
        return client

    return make


@pytest.fixture
def twilio(connect: Callable[..., Client]) -> Client:
    """Twilio's library with the right credentials."""
    return connect()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server to be called back on."""
    with Receiver() as server:
        yield server
