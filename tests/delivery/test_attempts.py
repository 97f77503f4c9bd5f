"""Every attempt is a row, whatever came of it."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from notifier.delivery.models import Attempt, Lane, Message, MessageState, Result
from notifier.delivery.sending.sender import deliver
from notifier.journal.models import Entry, Step
from notifier.simulator.client import Simulator

pytestmark = pytest.mark.django_db

Post = Callable[..., Message]


@pytest.mark.parametrize(
    ("fault", "result", "code", "detail", "state"),
    [
        (None, Result.ACCEPTED, "", "remis au simulateur", MessageState.ACCEPTED),
        ("answer_429", Result.RETRY, "20429", "à réessayer : débit dépassé", MessageState.PENDING),
        ("reject", Result.PERMANENT, "21211", "refusé : numéro invalide", MessageState.FAILED),
        (
            "answer_500",
            Result.UNKNOWN,
            "20500",
            "sort inconnu : panne de l’opérateur (500)",
            MessageState.UNKNOWN,
        ),
    ],
)
def test_an_attempt_and_what_came_of_it(
    provider: Simulator,
    post: Post,
    failed_ids: list[int],
    fault: str | None,
    result: Result,
    code: str,
    detail: str,
    state: MessageState,
) -> None:
    if fault:
        provider.fault(fault, times=1)
    message = post()
    deliver(Lane.URGENT)
    message.refresh_from_db()
    (attempt,) = message.attempts.all()
    assert message.state == state
    assert (attempt.number, attempt.result, attempt.code) == (1, result, code)
    assert attempt.detail == detail
    assert attempt.provider_id == message.provider_id
    assert bool(attempt.provider_id) == (result is Result.ACCEPTED)
    assert message.claimed_at is not None
    assert message.claimed_at <= attempt.started_at <= attempt.ended_at
    assert f"essai 1 : {detail}." in Entry.objects.get(step=Step.ATTEMPT).text


def test_each_attempt_of_a_message_has_its_number(
    provider: Simulator, post: Post, time_passes: Callable[[Message, timedelta], None]
) -> None:
    message, other = post(), post(address="+33639980102")
    provider.fault("answer_429", times=1, to=message.address)
    deliver(Lane.URGENT)
    time_passes(message, timedelta(seconds=2))
    deliver(Lane.URGENT)
    found = Attempt.objects.order_by("message", "number").values_list("message", "number", "result")
    assert list(found) == [
        (message.pk, 1, Result.RETRY),
        (message.pk, 2, Result.ACCEPTED),
        (other.pk, 1, Result.ACCEPTED),
    ]


def test_a_message_names_its_provider(post: Post, mail: Post) -> None:
    assert [post().provider, mail().provider] == ["twilio", "smtp"]
