"""Two workers at the same campaign ask each person once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import time_machine
from django.db import connection

from notifier.alerting.confirmations import send_due
from tests.alerting.house import dispatch_centre
from tests.alerting.test_confirmations import MAIL, MOBILE, TUESDAY, campaign, sent
from tests.directory.people import organisation, somebody


@pytest.mark.usefixtures("real_commits")
def test_two_workers_ask_once(rules) -> None:
    with time_machine.travel(TUESDAY, tick=True):
        dispatch_centre()
        somebody(organisation(), "Noyer", "maire", mobile=MOBILE, email=MAIL)
        campaign()
        together = Barrier(2)

        def one(_: int) -> None:
            try:
                together.wait(10)
                send_due()
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as threads:
            list(threads.map(one, range(2)))
        assert sorted(sent()) == [("email", MAIL), ("sms", MOBILE)]
