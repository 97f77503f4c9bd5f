"""A bad end whose follow-up fails each time is tried again, and holds up no other."""

from collections.abc import Callable

import pytest
from django.dispatch import Signal

from notifier.delivery.follow_up import follow_up_failed
from notifier.delivery.models import Message, MessageState
from notifier.delivery.providers.twilio.provider import TwilioProvider
from notifier.delivery.receipts.reconcile import reconcile_unknown

pytestmark = pytest.mark.django_db

Post = Callable[..., Message]


class Listener:
    """Notes what ended badly, and fails for the messages that it is given as poison."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        self.poison: set[int] = set()

    def __call__(self, message: Message, **_: object) -> None:
        self.heard.append(message.pk)
        if message.pk in self.poison:
            raise RuntimeError("poisoned")


@pytest.fixture
def listener(receivers_of_failure: Signal) -> Listener:
    hear = Listener()
    receivers_of_failure.connect(hear, weak=False)
    return hear


@pytest.mark.parametrize("poisoned", [(0, 1), (1, 2)])
def test_a_follow_up_that_fails_goes_behind_the_others_and_is_repeated(
    post: Post, listener: Listener, caplog: pytest.LogCaptureFixture, poisoned: tuple[int, ...]
) -> None:
    messages = [post().pk for n in range(3)]
    Message.objects.update(state=MessageState.FAILED, due_at=None)
    listener.poison = {messages[n] for n in poisoned}
    follow_up_failed(most=2)
    follow_up_failed(most=2)
    assert set(listener.heard) == set(messages)
    failures = [line.getMessage() for line in caplog.records if line.levelname == "ERROR"]
    assert len(failures) == sum(heard in listener.poison for heard in listener.heard)
    assert all(any(f"'message': {pk}" in line for line in failures) for pk in listener.poison)
    listener.poison = set()
    follow_up_failed(most=2)
    assert not Message.objects.filter(is_followed_up=False).exists()
    assert set(Message.objects.values_list("due_at", flat=True)) == {None}


def test_an_answer_that_nobody_can_read_holds_up_no_other_question(
    post: Post, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[int] = []

    def find(_: TwilioProvider, message: Message) -> list[object]:
        asked.append(message.pk)
        if len(asked) == 1:
            raise ValueError("no date")
        return []

    monkeypatch.setattr(TwilioProvider, "find", find)
    messages = {post().pk for n in range(2)}
    Message.objects.update(state=MessageState.UNKNOWN)
    reconcile_unknown()
    assert set(asked) == messages
    assert f"'message': {asked[0]}" in caplog.text
