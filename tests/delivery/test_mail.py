"""E-mail: what is in it, and SMTP's two kinds of no."""

import socket
from collections.abc import Callable
from datetime import timedelta
from email import message_from_string, policy
from email.header import decode_header, make_header
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import AuthResult
from django.conf import settings

from notifier.console.launch import free_port
from notifier.delivery.deliver import deliver
from notifier.delivery.models import Lane, Message, MessageState
from notifier.delivery.transports.base import Result
from notifier.delivery.transports.smtp.transport import SmtpTransport
from notifier.simulator.client import Simulator
from tests.delivery.letters import LETTER, MAILBOX, a_round

pytestmark = pytest.mark.django_db

Mail = Callable[..., Message]
TimePasses = Callable[[Message, timedelta], None]


def test_a_mail_is_multipart_with_our_own_message_id(provider: Simulator, mail: Mail) -> None:
    message = mail()
    deliver(Lane.URGENT)
    (got,) = provider.mails()
    assert got["to"] == [MAILBOX]
    assert got["subject"] == "Delle : accident"
    assert got["plain"].strip() == LETTER.body
    assert "<p>Delle</p>" in got["html"]
    parsed = message_from_string(got["raw"], policy=policy.default)
    assert parsed["Message-ID"] == f"<alerte-{message.pk}@gendarmerie.example>"
    assert parsed["Auto-Submitted"] == "auto-generated"
    assert parsed["Importance"] == "high"
    message.refresh_from_db()
    assert (message.state, message.due_at) == (MessageState.ACCEPTED, None)
    assert message.ended_at is not None


@pytest.mark.parametrize(
    "subject",
    [
        "Bay : situation aggravée, dégradation d’un bâtiment ou d’un local",
        "Beaujeu-Saint-Vallier-Pierrejux-et-Quitteur : intervention terminée, vol d’un bâton",
        "Beaujeu-Saint-Vallier-Pierrejux-et-Quitteur : accident de la route (voiture), le matin",
        "é" * 200,
    ],
)
def test_a_long_subject_is_read_word_for_word(
    provider: Simulator, mail: Mail, subject: str
) -> None:
    """Folded and encoded by hand: the library loses spaces between words that have accents."""
    mail(subject=subject)
    deliver(Lane.URGENT)
    (got,) = provider.mails()
    raw = message_from_string(got["raw"], policy=policy.compat32)["Subject"]
    unfolded = "".join(raw.splitlines())
    assert str(make_header(decode_header(unfolded))) == subject
    assert got["subject"] == subject
    assert all(len(line) <= 78 for line in raw.splitlines())


def test_a_subject_of_two_lines_is_refused_for_good(mail: Mail) -> None:
    outcome = SmtpTransport.from_settings().send(mail(subject="Delle\nBcc: x@example.org"))
    assert outcome.result is Result.PERMANENT


def test_a_routine_mail_is_not_marked_important(provider: Simulator, mail: Mail) -> None:
    mail(lane=Lane.ROUTINE)
    deliver(Lane.ROUTINE)
    assert message_from_string(provider.mails()[0]["raw"])["Importance"] is None


@pytest.mark.parametrize("fault", ["smtp_451", "smtp_451_data", "smtp_down"])
def test_a_temporary_no_is_tried_again(
    provider: Simulator, mail: Mail, time_passes: TimePasses, fault: str
) -> None:
    provider.fault(fault)
    message = mail()
    deliver(Lane.URGENT)
    message.refresh_from_db()
    assert message.state == MessageState.PENDING
    provider.clear_faults()
    time_passes(message, timedelta(minutes=5))
    deliver(Lane.URGENT)
    assert len(provider.mails()) == 1


def test_a_permanent_no_ends_it(provider: Simulator, mail: Mail) -> None:
    provider.fault("smtp_550")
    message = mail()
    deliver(Lane.URGENT)
    message.refresh_from_db()
    assert (message.state, message.error_code) == (MessageState.FAILED, "550")


class _RefusesOurSender:
    async def handle_MAIL(self, *_: object) -> str:  # noqa: N802 # the name is aiosmtpd's
        return "550 5.7.1 sender not allowed"


def _refuse_login(*_: object) -> AuthResult:
    return AuthResult(success=False, handled=False)


@pytest.mark.parametrize(
    ("server", "user", "code"),
    [
        ({"handler": _RefusesOurSender()}, "", "550"),
        (
            {"handler": Sink(), "authenticator": _refuse_login, "auth_require_tls": False},
            "alertes:perime@",
            "535",
        ),
    ],
)
def test_a_server_that_refuses_us_and_not_the_reader_is_tried_again_loudly(
    mail: Mail, caplog: pytest.LogCaptureFixture, server: dict[str, Any], user: str, code: str
) -> None:
    """Every mail fares alike until an operator mends it, who watches the log, not the journal."""
    message = mail()
    running = Controller(**server, hostname="127.0.0.1", port=free_port())
    running.start()
    try:
        url = f"smtp://{user}127.0.0.1:{running.port}"
        outcome = SmtpTransport(url, "a@b.example").send(message)
    finally:
        running.stop()
    assert (outcome.result, outcome.code) == (Result.RETRY, code)
    (line,) = [line for line in caplog.records if line.levelname == "ERROR"]
    assert code in line.getMessage() and MAILBOX not in line.getMessage()


@pytest.mark.parametrize("simulator", [False, True])
def test_nobody_takes_a_simulated_mail_for_a_real_one(
    monkeypatch: pytest.MonkeyPatch, simulator: bool
) -> None:
    changed = settings.ENVIRONMENT.model_copy(update={"SIMULATOR": simulator})
    monkeypatch.setattr(settings, "ENVIRONMENT", changed)
    said = SmtpTransport("smtp://127.0.0.1:25", "a@b.example").accepted_by
    assert said == ("remis au simulateur" if simulator else "remis au serveur de courriel")


def test_a_line_cut_after_data_is_repeated_under_the_same_number(
    provider: Simulator, mail: Mail, time_passes: TimePasses
) -> None:
    """SMTP cannot say whether it has it: twice under one number is better than never."""
    provider.fault("smtp_cut_after_data", times=1)
    message = mail()
    deliver(Lane.URGENT)
    message.refresh_from_db()
    assert message.state == MessageState.PENDING
    time_passes(message, timedelta(minutes=1))
    a_round()
    assert {got["message_id"] for got in provider.mails()} == {
        f"<alerte-{message.pk}@gendarmerie.example>"
    }
    message.refresh_from_db()
    assert message.state == MessageState.ACCEPTED


def test_a_header_cannot_be_smuggled_into_a_mail(provider: Simulator, mail: Mail) -> None:
    message = mail(subject="Delle\nBcc: quelquun@ailleurs.example")
    deliver(Lane.URGENT)
    message.refresh_from_db()
    assert provider.mails() == []
    assert message.state == MessageState.FAILED


def test_a_mail_that_cannot_be_written_ends_at_once(
    provider: Simulator, mail: Mail, bad_ends: list[int]
) -> None:
    """So that the next in order is told now, and not when the message has outlived its use."""
    message = mail(address='"\n"@delle.example')
    deliver(Lane.URGENT)
    message.refresh_from_db()
    assert provider.mails() == []
    assert (message.state, message.due_at) == (MessageState.FAILED, None)
    assert bad_ends == [message.pk]


@pytest.mark.usefixtures("provider")
def test_an_address_in_letters_that_the_server_does_not_know_ends_at_once(mail: Mail) -> None:
    message = mail(address="maire@délle.example")
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        port = line.getsockname()[1]
    server = Controller(Sink(), hostname="127.0.0.1", port=port, enable_SMTPUTF8=False)
    server.start()
    try:
        outcome = SmtpTransport(f"smtp://127.0.0.1:{port}", "a@b.example").send(message)
    finally:
        server.stop()
    assert outcome.result is Result.PERMANENT
