"""Two providers of SMS: who carries a text, who is set aside, and what moves to the other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notifier.delivery import routing
from notifier.delivery.intervals import LISTED_WITHIN
from notifier.delivery.models import Channel, Lane, Message, MessageState, ProviderHealth
from notifier.delivery.providers.base import Receipt
from notifier.delivery.providers.ovh.provider import OvhProvider
from notifier.delivery.receipts import reconcile
from notifier.delivery.receipts.apply import ReceiptResult, apply_receipt
from notifier.delivery.routing import Route, route
from notifier.delivery.sending import moving
from notifier.delivery.sending.blocked import blocked_channels
from notifier.delivery.sending.sender import deliver
from notifier.journal.models import Entry
from notifier.simulator.client import Simulator
from tests.delivery.samples import PHONE, run_round
from tests.harness.variables import changed

pytestmark = pytest.mark.django_db

Post = Callable[..., Message]
TimePasses = Callable[[Message, timedelta], None]
OTHER = "+33639980002"


def by(simulator: Simulator) -> list[tuple[str, str]]:
    return [(sms["provider"], sms["to"]) for sms in simulator.messages()]


def due(message: Message) -> Message:
    Message.objects.filter(pk=message.pk).update(due_at=timezone.now())
    deliver(Lane.URGENT)
    message.refresh_from_db()
    return message


def set_aside(provider: str, for_s: float = 60.0) -> None:
    now = timezone.now()
    ProviderHealth.objects.update_or_create(
        provider=provider,
        defaults={
            "failures": routing.FAILURES,
            "failing_since": now,
            "set_aside_until": now + timedelta(seconds=for_s),
        },
    )
    routing.forget()


def failing(provider: str) -> tuple[int, bool]:
    row = ProviderHealth.objects.get(provider=provider)
    return row.failures, row.set_aside_until is not None and row.set_aside_until > timezone.now()


def test_a_text_takes_the_order_of_its_source_else_the_service_s(both: Simulator) -> None:
    assert route(Channel.SMS) == Route("twilio", "twilio,ovh")
    assert route(Channel.SMS, ["ovh", "twilio"]) == Route("ovh", "ovh,twilio")
    assert route(Channel.SMS, ["ovh"]) == Route("ovh")
    assert route(Channel.EMAIL, ["ovh"]) == Route("smtp")
    set_aside("twilio")
    assert route(Channel.SMS) == Route("ovh", "twilio,ovh")
    assert route(Channel.SMS, ["twilio"]) == Route("twilio")
    set_aside("ovh")
    assert route(Channel.SMS) == Route("twilio", "twilio,ovh")


def test_what_is_not_configured_counts_as_not_there(
    both: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = changed(settings.ENVIRONMENT, OVH_CONSUMER_KEY="", SMS_PROVIDERS="twilio")
    monkeypatch.setattr(settings, "ENVIRONMENT", without)
    assert route(Channel.SMS, ["ovh", "twilio"]) == Route("twilio")
    assert route(Channel.SMS, ["ovh"]) == Route("twilio")


def test_choosing_costs_no_statement_while_what_is_known_is_fresh(
    both: Simulator, post: Post
) -> None:
    routing.refresh()
    with CaptureQueriesContext(
        connection,
    ) as asked:
        route(Channel.SMS)
        routing.note_results([])
    assert len(asked) == 0
    post()
    with CaptureQueriesContext(connection) as sent:
        deliver(Lane.URGENT)
    assert not [q for q in sent.captured_queries if "providerhealth" in q["sql"]]


def test_the_next_attempt_of_what_never_left_is_the_other_s(both: Simulator, post: Post) -> None:
    both.fault("down")
    message = post()
    deliver(Lane.URGENT)
    message.refresh_from_db()
    assert (message.state, message.provider) == (MessageState.PENDING, "ovh")
    due(message)
    assert by(both) == [("ovh", PHONE)]
    assert message.provider_id == both.messages()[0]["sid"]
    assert Entry.objects.filter(text__contains="l’essai suivant passe par OVHcloud").exists()
    assert Entry.objects.filter(text__contains="remis au simulateur (OVHcloud)").exists()


def test_three_failures_in_a_row_set_a_provider_aside_and_it_comes_back(
    both: Simulator, post: Post
) -> None:
    began = datetime.now(UTC)
    with time_machine.travel(began, tick=True) as clock:
        both.fault("down")
        for _ in range(routing.FAILURES):
            assert not routing.is_set_aside("twilio")
            post()
            deliver(Lane.URGENT)
        assert failing("twilio") == (routing.FAILURES, True)
        assert post().provider == "ovh"
        # It is asked shortly before its minute is over, and stays aside while it is silent.
        clock.shift(routing.SHORTEST - routing.ASKED_BEFORE / 2)
        routing.ask_set_aside(routing.set_aside())
        assert failing("twilio") == (routing.FAILURES, True)
        assert routing.is_set_aside("twilio")
        both.clear_faults()
        clock.shift(routing.SHORTEST - routing.ASKED_BEFORE / 2)
        routing.ask_set_aside(routing.set_aside())
        assert failing("twilio") == (routing.FAILURES - 1, False)
        assert post().provider == "twilio"
        deliver(Lane.URGENT)
        assert failing("twilio") == (0, False)


def test_one_more_failure_after_it_came_back_sets_it_aside_for_as_long_as_it_has_failed(
    both: Simulator, post: Post
) -> None:
    since = timezone.now() - timedelta(minutes=4)
    ProviderHealth.objects.create(
        provider="twilio", failures=routing.FAILURES - 1, failing_since=since
    )
    routing.forget()
    both.fault("down")
    post()
    deliver(Lane.URGENT)
    row = ProviderHealth.objects.get(provider="twilio")
    assert row.set_aside_until is not None
    held = row.set_aside_until - timezone.now()
    assert timedelta(minutes=3, seconds=50) < held < timedelta(minutes=5)


def test_slow_answers_count_as_failures(
    both: Simulator, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing, "SLOW_AFTER", timedelta(seconds=0.2))
    both.fault("slow", seconds=0.4, provider="twilio")
    for _ in range(routing.FAILURES):
        post()
    deliver(Lane.URGENT)
    assert failing("twilio") == (routing.FAILURES, True)
    assert {provider for provider, _ in by(both)} == {"twilio"}
    post(address=OTHER)
    deliver(Lane.URGENT)
    assert by(both)[-1] == ("ovh", OTHER)


def test_a_success_in_between_begins_the_count_anew(both: Simulator, post: Post) -> None:
    for _ in range(2):
        both.fault("answer_500", times=routing.FAILURES - 1)
        for _ in range(routing.FAILURES):
            post()
            deliver(Lane.URGENT)
    assert failing("twilio") == (0, False)


def test_what_a_number_is_refused_for_is_no_failure_of_the_provider(
    both: Simulator, post: Post
) -> None:
    both.fault("reject", error_code=21211)
    for _ in range(routing.FAILURES):
        post()
    deliver(Lane.URGENT)
    assert not ProviderHealth.objects.exists()


def test_what_one_may_have_accepted_is_asked_about_there_and_sent_by_no_other(
    both: Simulator, post: Post, time_passes: TimePasses
) -> None:
    both.fault("accept_then_cut", times=1)
    both.fault("lookup_500")
    message = post()
    deliver(Lane.URGENT)
    set_aside("twilio", for_s=3_600)
    for _ in range(3):
        time_passes(message, LISTED_WITHIN)
        run_round()
        message.refresh_from_db()
        assert (message.state, message.provider) == (MessageState.UNKNOWN, "twilio")
    both.clear_faults()
    time_passes(message, LISTED_WITHIN)
    run_round()
    message.refresh_from_db()
    assert message.provider_id == both.messages()[0]["sid"]
    assert by(both) == [("twilio", PHONE)]


def test_once_the_provider_says_that_it_lacks_it_the_other_sends_it(
    both: Simulator, post: Post, time_passes: TimePasses
) -> None:
    both.fault("answer_500", times=1)
    message = post()
    deliver(Lane.URGENT)
    set_aside("twilio", for_s=3_600)
    time_passes(message, LISTED_WITHIN)
    run_round()
    assert by(both) == [("ovh", PHONE)]


def test_what_waits_at_a_provider_that_is_set_aside_moves_urgent_texts_at_once(
    both: Simulator, post: Post
) -> None:
    both.fault("answer_429", retry_after=300)
    urgent = post()
    routine = post(lane=Lane.ROUTINE, address=OTHER)
    own = post(sms_providers=("twilio",))
    for lane in Lane:
        deliver(lane)
    both.clear_faults()
    set_aside("twilio")
    assert moving.move_waiting(routing.set_aside()) == 2
    for message in (urgent, routine, own):
        message.refresh_from_db()
    assert [m.provider for m in (urgent, routine, own)] == ["ovh", "ovh", "twilio"]
    assert urgent.due_at is not None and routine.due_at is not None
    assert urgent.due_at <= timezone.now() < routine.due_at
    assert moving.move_waiting(routing.set_aside()) == 0
    deliver(Lane.URGENT)
    assert by(both) == [("ovh", PHONE)]


def test_with_both_set_aside_nothing_moves_and_the_first_is_tried(
    both: Simulator, post: Post
) -> None:
    both.fault("down")
    both.fault("ovh_down")
    for provider in ("twilio", "ovh"):
        set_aside(provider)
    message = post()
    deliver(Lane.URGENT)
    message.refresh_from_db()
    assert (message.state, message.provider) == (MessageState.PENDING, "twilio")
    assert moving.move_waiting(routing.set_aside()) == 0
    both.clear_faults()
    due(message)
    assert by(both) == [("twilio", PHONE)]


def test_a_receipt_of_the_one_that_had_it_after_all_keeps_the_other_from_sending(
    both: Simulator, post: Post
) -> None:
    message = post()
    Message.objects.filter(pk=message.pk).update(provider="ovh", attempt_count=1)
    receipt = Receipt("SM1", MessageState.DELIVERED, provider="twilio")
    assert apply_receipt(message.pk, receipt) is ReceiptResult.APPLIED
    message.refresh_from_db()
    assert (message.provider, message.provider_id) == ("twilio", "SM1")
    deliver(Lane.URGENT)
    assert by(both) == []


def test_only_one_worker_asks_a_provider_that_is_set_aside(
    both: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_aside("ovh", for_s=1)
    asked: list[str] = []

    def ask(row: ProviderHealth, _until: datetime) -> None:
        asked.append(row.provider)
        routing.ask_set_aside(routing.set_aside())

    monkeypatch.setattr(routing, "_ask", ask)
    routing.ask_set_aside(routing.set_aside())
    assert asked == ["ovh"]


def test_a_first_that_answers_no_question_holds_up_none_of_the_other_s(
    both: Simulator, post: Post, time_passes: TimePasses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "MAX_UNANSWERED_S", 0.0001)
    both.fault("accept_then_cut", times=2)
    mute = [post(), post(address=OTHER)]
    deliver(Lane.URGENT)
    both.fault("accept_then_cut", provider="ovh", times=1)
    asked = post(address=OTHER, body="par l’autre", sms_providers=("ovh",))
    deliver(Lane.URGENT)
    both.fault("lookup_500", provider="twilio")
    for message in (*mute, asked):
        time_passes(message, LISTED_WITHIN)
    Message.objects.filter(pk=asked.pk).update(due_at=timezone.now())  # the last to be asked about
    run_round()
    states = [Message.objects.get(pk=m.pk).state for m in (*mute, asked)]
    assert states[:2] == [MessageState.UNKNOWN] * 2
    assert states[2] in (MessageState.ACCEPTED, MessageState.DELIVERED)


def test_questions_without_an_answer_set_a_provider_aside_and_block_nothing(
    both: Simulator, post: Post, time_passes: TimePasses
) -> None:
    """Its text waits for its word, while all others leave: nobody is to pick up the telephone."""
    both.fault("accept_then_cut", times=1)
    both.fault("lookup_500", provider="twilio")
    message = post()
    deliver(Lane.URGENT)
    for _ in range(routing.FAILURES):
        time_passes(message, LISTED_WITHIN + timedelta(minutes=1))
        run_round()
    assert routing.is_set_aside("twilio")
    assert blocked_channels() == {}
    set_aside("ovh")
    assert list(blocked_channels()) == ["sms"]


def test_a_provider_that_is_no_longer_configured_is_asked_nothing(
    both: Simulator, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_aside("twilio", for_s=1)
    without = changed(settings.ENVIRONMENT, SMS_PROVIDERS="ovh", TWILIO_AUTH_TOKEN="")
    monkeypatch.setattr(settings, "ENVIRONMENT", without)
    routing.ask_set_aside(routing.set_aside())
    assert routing.set_aside() == []
    post()
    run_round()
    assert by(both) == [("ovh", PHONE)]


def test_a_client_that_raises_when_asked_keeps_its_provider_aside(
    both: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_self: object) -> bool:
        raise RuntimeError("an answer of no known form")

    monkeypatch.setattr(OvhProvider, "is_available", fail)
    set_aside("ovh", for_s=1)
    routing.ask_set_aside(routing.set_aside())
    row = ProviderHealth.objects.get(provider="ovh")
    assert row.set_aside_until is not None
    assert row.set_aside_until > timezone.now() + timedelta(seconds=50)
