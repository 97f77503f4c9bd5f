"""The process itself: its ports, its ready line, its end; the page; waiting."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
import requests
from twilio.rest import Client

from notifier.simulator.client import Simulator, SimulatorError
from notifier.simulator.faults import KINDS, LISTENERS

from .test_inbox import mail
from .test_inbox import send as send_mail
from .test_twilio_api import OTHER, TO, send


def test_every_port_is_on_loopback(simulator: Simulator) -> None:
    listening = [
        connection.laddr
        for connection in psutil.Process(simulator.pid).net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) == 4
    assert {address.ip for address in listening} == {"127.0.0.1"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "notifier.simulator", "--account-sid=AC1"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TWILIO_AUTH_TOKEN": "t"},
    ) as process:
        assert process.stdout is not None
        simulator = Simulator.attach(process.stdout.readline())
        assert simulator.pid == process.pid
        simulator.fault("down")
        os.kill(process.pid, number)
        rest, complaints = process.communicate(timeout=10)
    assert (process.returncode, rest, complaints) == (0, "", "")


def test_its_secret_is_on_no_command_line() -> None:
    with Simulator.start("AC1", "a secret of this test") as simulator:
        assert "secret" not in " ".join(psutil.Process(simulator.pid).cmdline())


def test_a_simulator_that_cannot_start_says_so(simulator: Simulator) -> None:
    port = int(simulator.control.rsplit(":", 1)[1])
    with pytest.raises(SimulatorError, match="ended with code 1"):
        Simulator.start("AC1", "t", control_port=port)


def test_waiting_ends_when_the_text_arrives(twilio: Client, simulator: Simulator) -> None:
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(simulator.wait, sms=1, mails=1, timeout=30)
        send(twilio)
        send_mail(simulator)
        waiting.result()


def test_waiting_in_vain_says_what_had_arrived(twilio: Client, simulator: Simulator) -> None:
    send(twilio)
    with pytest.raises(TimeoutError, match='"sms": 1'):
        simulator.wait(sms=2, timeout=0.1)


def test_a_reset_empties_everything(twilio: Client, simulator: Simulator) -> None:
    simulator.fault("answer_500", to=OTHER)
    simulator.fault("down")
    simulator.fault("smtp_down")
    simulator.reset()
    send(twilio, to=OTHER)
    send_mail(simulator)

    simulator.reset()
    assert simulator.messages() == simulator.mails() == simulator.callbacks() == []
    assert simulator.requests() == 0
    assert twilio.messages.list() == []


def test_the_page_shows_phones_and_mailboxes_and_that_nothing_was_sent(
    twilio: Client, simulator: Simulator
) -> None:
    send(twilio, "Incendie <script>alert(1)</script>", to=TO)
    send_mail(simulator, mail())
    simulator.wait(sms=1, mails=1, settled=True)
    simulator.fault("answer_429", to=OTHER)
    simulator.fault("smtp_down")

    answer = requests.get(simulator.control, timeout=10)
    answer.encoding = "utf-8"
    page = answer.text
    assert "SIMULATEUR&nbsp;: rien n’a été réellement envoyé" in page
    assert "06 39 98 12 01" in page.replace("\N{NO-BREAK SPACE}", " ")
    assert "Incendie &lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "1&nbsp;segment" in page
    assert '<span class="state delivered">remis</span>' in page
    assert "Delle : incendie d’habitation" in page
    assert "Incendie à Delle, rue de Déridé." in page
    assert '<iframe sandbox srcdoc="&lt;p&gt;Incendie' in page
    assert "répond 429" in page
    assert "hors service&nbsp;: SMTP" in page
    assert re.findall(r'(?:src|href)="([^"]*)"', page) == ["/page.js"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert requests.get(simulator.control + "/page.js", timeout=10).ok


def test_the_page_names_every_fault_in_french(simulator: Simulator) -> None:
    for kind in sorted(KINDS - LISTENERS):
        simulator.fault(kind, seconds=1)
    assert requests.get(simulator.control, timeout=10).ok
