"""Mails that come back: the notices of several servers, those that only look like one, forgery."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command

from notifier.delivery.models import Lane, Message, MessageState
from notifier.delivery.providers.smtp.provider import message_id_of
from notifier.delivery.receipts.bounces import read_bounce
from notifier.delivery.sending.sender import deliver
from notifier.journal.models import Entry, Step
from notifier.simulator.client import Simulator
from tests.harness.live import Live

pytestmark = pytest.mark.django_db

Mail = Callable[..., Message]

POSTFIX = """\
Return-Path: <>
From: MAILER-DAEMON@relais.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: alertes@gendarmerie.example
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Description: Notification
Content-Type: text/plain; charset=utf-8

I'm sorry to have to inform you that your message could not be delivered.

--B
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; relais.example
Arrival-Date: Sat, 28 Nov 2026 10:03:00 +0100 (CET)

Final-Recipient: rfc822; maire@delle.example
Original-Recipient: rfc822;maire@delle.example
Action: {action}
Status: {status}
Remote-MTA: dns; mx.delle.example
Diagnostic-Code: smtp; 550 5.1.1 No such mailbox

--B
Content-Description: Undelivered Message
Content-Type: {kind}

From: alertes@gendarmerie.example
To: maire@delle.example
Subject: Delle
Message-ID: <{number}@gendarmerie.example>

{body}
--B--
"""
# Exchange names the mail in the notice's own headers, and returns nothing of it.
EXCHANGE = """\
From: postmaster@delle.example
To: alertes@gendarmerie.example
In-Reply-To: <{number}@gendarmerie.example>
References: <{number}@gendarmerie.example>
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/html

<p>Undeliverable
--B
Content-Type: message/delivery-status

Reporting-MTA: dns;mail.delle.example

Final-recipient: RFC822;maire@delle.example
Action: FAILED
Status: 5.1.10

--B--
"""
OUT_OF_OFFICE = """\
From: maire@delle.example
Subject: Absence
In-Reply-To: <{number}@gendarmerie.example>
Auto-Submitted: auto-replied
Content-Type: text/plain

De retour lundi. Status: 5.1.1 Action: failed
"""


def notice(
    number: str,
    action: str = "failed",
    status: str = "5.1.1",
    kind: str = "message/rfc822",
    body: str = "",
) -> bytes:
    return POSTFIX.format(
        number=number, action=action, status=status, kind=kind, body=body
    ).encode()


def bring(raw: bytes, monkeypatch: pytest.MonkeyPatch) -> str:
    """The command, given the mail as a mail server gives it; what it says."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
    said = io.StringIO()
    call_command("bounce", stdout=said)
    return said.getvalue()


@pytest.fixture
def sent(provider: Simulator, mail: Mail) -> Message:
    """A mail that its server has taken."""
    message = mail()
    deliver(Lane.URGENT)
    message.refresh_from_db()
    assert message.state == MessageState.ACCEPTED
    return message


def state(message: Message) -> tuple[str, str]:
    message.refresh_from_db()
    return message.state, message.error_code


@pytest.mark.parametrize("kind", ["message/rfc822", "text/rfc822-headers", "message/global"])
def test_what_comes_back_has_not_arrived_and_is_followed_up(
    sent: Message, failed_ids: list[int], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    raw = notice(message_id_of(sent), kind=kind)
    assert "noté" in bring(raw, monkeypatch)
    assert state(sent) == (MessageState.UNDELIVERED, "5.1.1")
    assert failed_ids == [sent.pk]
    assert "déjà" in bring(raw, monkeypatch)
    line = Entry.objects.get(step=Step.RECEIPT)
    assert "boîte inconnue (5.1.1)" in line.text and "delle.example" in line.text
    assert sent.address not in line.text + str(line.data)


def test_the_mail_as_it_left_comes_back_whole(
    provider: Simulator, sent: Message, failed_ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a real server returns it: below the notice, the very mail that the simulator was given."""
    (kept,) = provider.mails()
    raw = notice("x").decode().split("From: alertes@gendarmerie.example\nTo: maire@")[0]
    bring((raw + kept["raw"] + "\n--B--\n").encode(), monkeypatch)
    assert state(sent) == (MessageState.UNDELIVERED, "5.1.1")
    assert failed_ids == [sent.pk]


def test_exchange_names_it_in_the_notice_itself(
    sent: Message, failed_ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(EXCHANGE.format(number=message_id_of(sent)).encode(), monkeypatch)
    assert state(sent) == (MessageState.UNDELIVERED, "5.1.10")
    assert failed_ids == [sent.pk]


def test_a_server_that_gave_up_trying_is_final_though_it_says_4(
    sent: Message, failed_ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(notice(message_id_of(sent), status="4.4.1"), monkeypatch)
    assert state(sent) == (MessageState.UNDELIVERED, "4.4.1")
    assert failed_ids == [sent.pk]


@pytest.mark.parametrize(
    ("action", "status"),
    [("delayed", "4.4.1"), ("delayed", "5.1.1"), ("relayed", "2.0.0"), ("delivered", "2.0.0"),
     ("expanded", "2.0.0"), ("", "4.2.2")],
)  # fmt: skip
def test_what_is_still_tried_or_has_arrived_changes_nothing(
    sent: Message, failed_ids: list[int], monkeypatch: pytest.MonkeyPatch, action: str, status: str
) -> None:
    assert "ignoré" in bring(notice(message_id_of(sent), action, status), monkeypatch)
    assert (state(sent), failed_ids) == ((MessageState.ACCEPTED, ""), [])


def test_a_forged_notice_changes_nothing(
    sent: Message,
    mail: Mail,
    failed_ids: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The row's number can be guessed; what stands behind it cannot, and is no other mail's."""
    other = mail()
    for number in (
        f"alerte-{sent.pk}",
        f"alerte-{sent.pk}-",
        f"alerte-{sent.pk}-{'0' * 32}",
        f"alerte-{sent.pk}-{sent.token[:-1]}",
        f"alerte-{sent.pk}-{sent.token.upper()}",
        f"alerte-{sent.pk}-{other.token}",
        f"alerte-{'9' * 18}-{sent.token}",
        f"alerte-{'9' * 40}-{sent.token}",
    ):
        assert "ignoré" in bring(notice(number), monkeypatch), number
    assert (state(sent), failed_ids) == ((MessageState.ACCEPTED, ""), [])


def test_no_notice_is_about_an_sms(
    provider: Simulator,
    post: Mail,
    failed_ids: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    message = post()
    deliver(Lane.URGENT)
    assert "ignoré" in bring(notice(message_id_of(message)), monkeypatch)
    assert (state(message), failed_ids) == ((MessageState.ACCEPTED, ""), [])


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff" * 1000,
        b"Content-Type: multipart/report; boundary=B\n\n--B",
        b"Content-Type: message/delivery-status\n\nAction: failed\n",
        b'Content-Type: multipart/report; boundary="\xff"\n\n--B\nContent-Type: \xff/\n\n--B--',
        b"A: " + b"x" * 2_000_000,
    ],
)
def test_a_strangers_mail_is_left_alone(raw: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "ignoré" in bring(raw, monkeypatch)


def test_an_answer_of_a_person_is_no_notice(
    sent: Message, failed_ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(OUT_OF_OFFICE.format(number=message_id_of(sent)).encode(), monkeypatch)
    assert (state(sent), failed_ids) == ((MessageState.ACCEPTED, ""), [])


def test_a_notice_that_comes_before_our_own_record_stands(
    mail: Mail, failed_ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    message = mail()
    bring(notice(message_id_of(message)), monkeypatch)
    assert state(message) == (MessageState.UNDELIVERED, "5.1.1")
    assert failed_ids == [message.pk]


def test_a_server_that_refuses_us_by_its_rules_is_an_operators_matter(
    sent: Message,
    failed_ids: list[int],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    bring(notice(message_id_of(sent), status="5.7.26"), monkeypatch)
    (line,) = [line.getMessage() for line in caplog.records if line.levelname == "ERROR"]
    assert "5.7.26" in line and "delle" not in line
    assert failed_ids == [sent.pk]


def test_a_notice_reads_as_its_server_wrote_it() -> None:
    bounce = read_bounce(notice("alerte-7-" + "a" * 32, status="5.2.2 (mailbox full)"))
    assert bounce is not None
    assert (bounce.message_id, bounce.token, bounce.status) == (7, "a" * 32, "5.2.2")


def test_without_a_database_the_mail_is_to_be_brought_again(
    pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    """Exit code 75, at which fetchmail and Postfix keep the mail."""
    file = tmp_path / "avis.eml"
    file.write_bytes(notice("alerte-7-" + "a" * 32))
    done = subprocess.run(
        [sys.executable, "-m", "notifier", "bounce", file],
        env={"DATA_DIR": str(tmp_path / "nulle-part"), "SIMULATOR": "1",
             "PATH": "/usr/bin", "PYTHONPATH": str(pytestconfig.rootpath)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 75, done.stderr
    assert "Traceback" not in done.stderr


def test_live_a_mail_that_comes_back_calls_the_next_person(live: Live, tmp_path: Path) -> None:
    """The real command, beside a running service: the deputy's mail leaves."""
    live.service.add_contacts(
        "90010;maire;1;Essai;Alix;;maire.revient@belfort.example",
        "90010;adjoint;1;Essai;Camille;;adjoint.suit@belfort.example",
    )
    here = {"insee": "90010", "name": "Belfort", "postal_code": "90000"}
    live.service.push(category="C03.01.01", location=here)
    kept = live.expect_mail(to="maire.revient@belfort.example")
    file = tmp_path / "avis.eml"
    file.write_bytes(notice(kept["message_id"].strip("<>").partition("@")[0]))
    assert live.service.run("bounce", str(file)).returncode == 0
    live.expect_mail(to="adjoint.suit@belfort.example")
