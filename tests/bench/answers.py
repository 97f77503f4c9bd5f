"""Part `answers`: how long an answer by the link needs to reach the centre's own software."""

from __future__ import annotations

import json
import re
import time
from datetime import datetime
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

from tests.bench.counts import EVENTS_A_SECOND
from tests.bench.house import House
from tests.bench.progress import say
from tests.bench.run import Figures, Run, percentiles
from tests.harness.commands import Commands

# Sooner nobody has read the page, and it asks again.
READING_S = 2.0
# It asks for an answer.
FIRE = "C04.01.01"
_LINK = re.compile(r"https?://\S+/r/\w+")
_REFERENCE = re.compile(r"BANC-\d{7}")
_STAMP = re.compile(r'name="lu" value="([^"]+)"')
_open = build_opener(ProxyHandler({})).open


def answers(run: Run) -> Figures:
    """Answers at 5 a second, « bien noté » by the link, all processes running.

    `p50_ms`, `p99_ms`: from the POST's beginning (the bench's clock) to the event's arrival at the
    centre's software (the simulator's clock; both are this machine's). `genuine`: events whose
    signature was right.
    """
    with run.house() as house:
        _set_webhook(house)
        house.start_all()
        house.push(run.counts.answers, per_second=EVENTS_A_SECOND, category=FIRE)
        house.wait_until_told()
        forms = _forms(house)
        time.sleep(READING_S)
        say(f"{len(forms)} réponses à 5 par seconde")
        began = _answer(forms)
        house.simulator.wait(webhooks=len(forms), timeout=60)
        told = [each for each in house.simulator.webhooks() if each["genuine"]]
    times = [
        datetime.fromisoformat(each["at"]).timestamp() - began[reference]
        for each in told
        if (reference := json.loads(each["body"])["data"]["reference"]) in began
    ]
    p50, _, p99 = percentiles(times)
    return {"p50_ms": 1000 * p50, "p99_ms": 1000 * p99, "genuine": float(len(told))}


def _set_webhook(house: House) -> None:
    with Commands(house.environment) as commands:
        url = house.simulator.webhook_url
        printed = commands.require("source", "webhook", "BANC", "--url", url)
    house.simulator.add_webhook_secret(printed.strip().splitlines()[-1])


def _forms(house: House) -> dict[str, tuple[str, str]]:
    """Open the link of each text; return its address and what its form carries, by reference."""
    found = {}
    for sms in house.simulator.messages():
        link, reference = _LINK.search(sms["body"]), _REFERENCE.search(sms["body"])
        if link and reference:
            with _open(link[0], timeout=30) as page:
                stamp = _STAMP.search(page.read().decode())
            if stamp:
                found[reference[0]] = (link[0], stamp[1])
    return found


def _answer(forms: dict[str, tuple[str, str]]) -> dict[str, float]:
    """Answer each at its time; return when each began, in seconds since 1970."""
    began = {}
    start = time.time()
    for place, (reference, (url, stamp)) in enumerate(forms.items()):
        time.sleep(max(0.0, start + place / EVENTS_A_SECOND - time.time()))
        body = urlencode({"lu": stamp, "reponse": "noted"}).encode()
        began[reference] = time.time()
        with _open(Request(url, data=body), timeout=30):  # noqa: S310 - our own service
            pass
    return began
