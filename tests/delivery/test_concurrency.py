"""What two workers do to one message at once, in real transactions."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connection, transaction
from django.utils import timezone

from notifier.delivery.models import Lane, Message, MessageState, Result
from notifier.delivery.outbox import cancel_superseded
from notifier.delivery.providers.base import Outcome, SendResult
from notifier.delivery.sending.claim import claim_due
from notifier.delivery.sending.record import record

Post = Callable[..., Message]


def test_a_failure_recorded_while_the_newer_text_is_committed_is_not_tried_again(
    real_commits: None, post: Post
) -> None:
    first = post()
    (claimed,) = claim_due(Lane.URGENT)
    now = timezone.now()
    result = SendResult(claimed, Outcome(Result.RETRY, detail="débit dépassé"), now, now)
    with ThreadPoolExecutor(1) as worker:
        with transaction.atomic():
            cancel_superseded([first.pk])
            post(body="Fin")
            recording = worker.submit(record_in_thread, result)
        recording.result(30)
    first.refresh_from_db()
    assert first.state == MessageState.CANCELLED
    assert first.attempts.get().detail.endswith("un texte plus récent le remplace")


def record_in_thread(result: SendResult) -> None:
    try:
        record([result])
    finally:
        connection.close()
