"""Delivery against a real simulator process; receipts are given by the tests themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from notifier.simulator.client import Simulator
from tests.harness.variables import changed

# A conftest is read before Django is set up, so what needs models is imported where it is used.
if TYPE_CHECKING:
    from django.dispatch import Signal

    from notifier.delivery.models import Message

ACCOUNT, TOKEN = "AC" + "1" * 32, "a token of these tests"


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    with Simulator.start(ACCOUNT, TOKEN) as running:
        yield running


@pytest.fixture
def provider(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """The simulator as the configured provider, empty and without faults."""
    from django.conf import settings

    from notifier.delivery.providers import registry

    simulator.reset()
    monkeypatch.setattr(
        settings,
        "ENVIRONMENT",
        changed(
            settings.ENVIRONMENT,
            TWILIO_ACCOUNT_SID=ACCOUNT,
            TWILIO_AUTH_TOKEN=TOKEN,
            TWILIO_API_URL=simulator.http,
            EMAIL_URL=simulator.smtp,
        ),
    )
    registry.provider_named.cache_clear()
    yield simulator
    registry.provider_named.cache_clear()


@pytest.fixture
def both(provider: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """Twilio first and OVHcloud beside it, both simulated."""
    from django.conf import settings

    from notifier.delivery import routing
    from notifier.delivery.providers import registry
    from notifier.simulator.ovh_account import variables

    ovh = variables(provider.ovh, TOKEN)
    both_of_them = changed(settings.ENVIRONMENT, SMS_PROVIDERS="twilio,ovh", **ovh)
    monkeypatch.setattr(settings, "ENVIRONMENT", both_of_them)
    registry.provider_named.cache_clear()
    routing.forget()
    yield provider
    routing.forget()


@pytest.fixture
def post() -> Callable[..., Message]:
    """Enqueue a message (an SMS to the mayor unless told otherwise) and return its row."""

    from django.utils import timezone

    from notifier.delivery.outbox import enqueue_messages
    from tests.delivery.samples import OUTGOING

    def post(**changes: Any) -> Message:
        letter = replace(OUTGOING, expires_at=timezone.now() + timedelta(hours=1))
        letter = replace(letter, **changes)
        (message,) = enqueue_messages([letter])
        return message

    return post


@pytest.fixture
def mail(post: Callable[..., Message]) -> Callable[..., Message]:
    """The same, as an e-mail."""
    from notifier.delivery.models import Channel
    from tests.delivery.samples import MAILBOX

    usual = {
        "channel": Channel.EMAIL,
        "address": MAILBOX,
        "subject": "Delle : accident",
        "html": "<p>Delle</p>",
    }
    return lambda **changes: post(**{**usual, **changes})


@pytest.fixture
def receivers_of_failure() -> Iterator[Signal]:
    """`delivery_failed` without those who listen to it in the service."""
    from notifier.delivery.signals import delivery_failed

    listeners, delivery_failed.receivers = delivery_failed.receivers, []
    yield delivery_failed
    delivery_failed.receivers = listeners
    delivery_failed.sender_receivers_cache.clear()


@pytest.fixture
def failed_ids(receivers_of_failure: Signal) -> list[int]:
    """The messages that ended badly, as a listener is told of them."""
    heard: list[int] = []

    def hear(message: Message, **_: object) -> None:
        heard.append(message.pk)

    receivers_of_failure.connect(hear, weak=False)
    return heard


@pytest.fixture
def time_passes() -> Callable[[Message, timedelta], None]:
    """Let time pass for one message: all its instants move into the past."""
    from notifier.delivery.models import Message

    def time_passes(message: Message, how_long: timedelta) -> None:
        message.refresh_from_db()
        moved = {
            name: value - how_long
            for name in ("created_at", "due_at", "claimed_at", "accepted_at", "blocked_since")
            if (value := getattr(message, name)) is not None
        }
        Message.objects.filter(pk=message.pk).update(**moved)

    return time_passes
