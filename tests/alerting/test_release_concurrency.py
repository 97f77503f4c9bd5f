"""What is held, released by two workers at once, or while a decision about it is being written."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.utils import timezone

from notifier.alerting.models import Alert, NotificationState
from notifier.alerting.notification.history import end_deferred
from notifier.alerting.release.due import release_due
from notifier.delivery.models import Message
from notifier.intake.access.api_keys import add_source
from tests.alerting.conftest import FAMILIES, written
from tests.alerting.house import contact, deferrals, number, push
from tests.alerting.test_storm import ENTRIES, NUISANCE, ROUTINE, STORM


@pytest.fixture
def held(real_commits, operator) -> None:
    """Three texts to the mayor of Delle that are due."""
    operator(STORM + written([ROUTINE, FAMILIES[0]], ENTRIES))
    source = add_source("CORG 90", ["90"], service="S", duty_email="", signed=False).source
    contact(mobile=number(1))
    for n in range(6):
        push(source, f"R{n}", category=NUISANCE)
    deferrals().update(deferred_until=timezone.now())


def release_in_thread() -> None:
    try:
        release_due()
    finally:
        connection.close()


def digests() -> list[str]:
    told = Message.objects.filter(notifications__kind="digest").distinct()
    return list(told.values_list("body", flat=True))


def test_four_workers_tell_it_once(held) -> None:
    together = Barrier(4)

    def release(_: int) -> None:
        together.wait()
        release_in_thread()

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(release, range(4)))
    # Whoever met another's locks left it to the next round.
    release_due()
    assert len(digests()) == 1
    assert set(deferrals().values_list("state", flat=True)) == {NotificationState.QUEUED}


def test_a_cancellation_being_written_is_not_overtaken_by_the_digest(held) -> None:
    with ThreadPoolExecutor(1) as worker:
        with transaction.atomic():
            alert = Alert.objects.select_for_update().get(incident__reference="R4")
            end_deferred(deferrals(alert=alert), NotificationState.CANCELLED)
            releasing = worker.submit(release_in_thread)
            if connection.vendor == "postgresql":
                # It gives way; SQLite has it wait for this transaction's end.
                releasing.result()
                assert digests() == []
        releasing.result()
    release_due()
    (digest,) = digests()
    assert "récapitulatif de 2 interventions" in digest


def test_a_release_that_dies_on_its_way_leaves_everything_as_it_was(held, monkeypatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("notifier.alerting.release.send.enqueue_messages", killed)
        with pytest.raises(KeyboardInterrupt):
            release_due()
    assert set(deferrals().values_list("state", flat=True)) == {NotificationState.DEFERRED}
    release_due()
    assert len(digests()) == 1
