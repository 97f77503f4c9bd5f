"""Several workers and clocks at once start one end-to-end test, and mail an outage once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from notifier.alerting.canary import watch
from notifier.alerting.canary.runs import start_if_due
from notifier.alerting.models import CanaryRun
from notifier.intake.models import Incident
from tests.harness.variables import changed

AT_ONCE = 4


def together(work: Callable[[], object]) -> None:
    """Do it in several threads at the same moment, each with a connection of its own."""
    barrier = Barrier(AT_ONCE)

    def one(_: int) -> None:
        try:
            barrier.wait(10)
            work()
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(one, range(AT_ONCE)))


@pytest.mark.usefixtures("real_commits", "rules")
def test_one_test_and_one_mail(settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ENVIRONMENT = changed(
        settings.ENVIRONMENT, CANARY_PHONE="+33639980001", ALARM_EMAIL="exploitant@example.fr"
    )
    mails: list[str] = []
    monkeypatch.setattr(watch, "mail_now", lambda _to, subject, _body: mails.append(subject) or 1)
    together(start_if_due)
    run = CanaryRun.objects.get()
    assert Incident.objects.get().reference == f"ESSAI-{run.pk}"
    CanaryRun.objects.update(sent_at=run.sent_at - timedelta(minutes=6))
    together(watch.look)
    assert len(mails) == 1
