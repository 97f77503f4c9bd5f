"""Two requests at once change one thing of one's own, and one text tells of it."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.test import Client

from notifier.delivery.models import Message
from notifier.directory.models import Address
from tests.alerting.house import number
from tests.console.test_own_preferences import now, own, page

__all__ = ["now", "page"]
MAIL = "maire@delle.example"


@pytest.mark.usefixtures("real_commits")
@pytest.mark.parametrize(
    ("whats", "statuses", "told"),
    [
        (("stop", "stop"), [303, 303], [MAIL, number(1)]),
        # Of two removals that would leave nobody to be told one is refused.
        (("retirer", "retirer"), [303, 422], [MAIL, number(1)]),
        (("canaux", "canaux"), [303, 303], [MAIL, number(1)]),
        (("calme", "calme"), [303, 303], [MAIL, number(1)]),
    ],
)
def test_of_two_at_once_one_is_told(
    now, page, whats: tuple[str, str], statuses: list[int], told: list[str]
) -> None:
    before = set(Message.objects.values_list("pk", flat=True))
    found = re.search(r'name="lu" value="([^"]+)"', Client().get(page).content.decode())
    assert found
    now.shift(5)
    addresses = (own(number(1)), own(MAIL if whats[0] == "retirer" else number(1)))
    chosen = {"channels": "email", "quiet_from": "22:00", "quiet_until": "7:00"}
    together = Barrier(2)

    def act(what: str, address: Address) -> int:
        try:
            together.wait(10)
            body = {"lu": found[1], "faire": what, "adresse": str(address.pk), **chosen}
            return Client().post(page, body).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(act, whats, addresses)) == statuses
    rows = Message.objects.exclude(pk__in=before)
    assert sorted(rows.values_list("address", flat=True)) == sorted(told)
