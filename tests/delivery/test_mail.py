"""E-mail: what is in it, and SMTP's two kinds of no."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes, message_from_string, policy
from email.header import decode_header, make_header
from email.utils import getaddresses
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP, AuthResult, Envelope
from django.conf import settings

from notifier.delivery.models import Lane, Message, MessageState, Result
from notifier.delivery.providers.smtp.provider import SmtpProvider, message_id_of
from notifier.delivery.sending.sender import deliver
from notifier.ops.local.stack import free_port
from notifier.simulator.client import Simulator
from tests.delivery.samples import MAILBOX, OUTGOING, run_round

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("what is in a mail, and what SMTP answers, is no matter of SQL"),
]

Mail = Callable[..., Message]
TimePasses = Callable[[Message, timedelta], None]


def test_a_mail_is_multipart_with_our_own_message_id(provider: Simulator, mail: Mail) -> None:
    message = mail()
    deliver(Lane.URGENT)
    (got,) = provider.mails()
    assert got["to"] == [MAILBOX]
    assert got["subject"] == "Delle : accident"
    assert got["plain"].strip() == OUTGOING.body
    assert "<p>Delle</p>" in got["html"]
    parsed = message_from_string(got["raw"], policy=policy.default)
    assert parsed["Message-ID"] == f"<{message_id_of(message)}@gendarmerie.example>"
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
        "Gendarmerie\u00a0– Saint-Rémy\u00a0: violences urbaines graves (22/11 à 3\u00a0h\u00a016)",
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
    outcome = SmtpProvider.from_settings().send(mail(subject="Delle\nBcc: x@example.org"))
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
        outcome = SmtpProvider(url, "a@b.example").send(message)
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
    said = SmtpProvider("smtp://127.0.0.1:25", "a@b.example").accepted_by
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
    run_round()
    assert {got["message_id"] for got in provider.mails()} == {
        f"<{message_id_of(message)}@gendarmerie.example>"
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
    provider: Simulator, mail: Mail, failed_ids: list[int]
) -> None:
    """So that the next in order is told now, and not when the message has outlived its use."""
    message = mail(address='"\n"@delle.example')
    deliver(Lane.URGENT)
    message.refresh_from_db()
    assert provider.mails() == []
    assert (message.state, message.due_at) == (MessageState.FAILED, None)
    assert failed_ids == [message.pk]


@contextmanager
def mail_server(handler: object, **options: Any) -> Iterator[str]:
    """A real SMTP server on loopback; its address."""
    running = Controller(handler, hostname="127.0.0.1", port=free_port(), **options)
    running.start()
    try:
        yield f"smtp://127.0.0.1:{running.port}"
    finally:
        running.stop()


class _Keeps:
    """A server without SMTPUTF8 or 8BITMIME that keeps what it is given."""

    def __init__(self) -> None:
        self.kept: list[Envelope] = []

    async def handle_DATA(self, _server: SMTP, _session: object, envelope: Envelope) -> str:  # noqa: N802
        self.kept.append(envelope)
        return "250 kept"


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("maire@mairie-orléans.example", "xn--mairie-orlans-khb.example"),
        ("maire@MAIRIE-ORLÉANS.example", "xn--mairie-orlans-khb.example"),
        # Written with an e and an accent of its own, as a Mac does.
        ("maire@mairie-orle\u0301ans.example", "xn--mairie-orlans-khb.example"),
        ("maire@œuvre.example", "xn--uvre-f4a.example"),
    ],
)
def test_a_domain_with_accents_is_written_as_every_server_takes_it(
    mail: Mail, address: str, domain: str
) -> None:
    keeps = _Keeps()
    with mail_server(keeps, enable_SMTPUTF8=False) as url:
        outcome = SmtpProvider(url, "a@préfecture.example").send(mail(address=address))
    assert outcome.result is Result.ACCEPTED
    (envelope,) = keeps.kept
    assert envelope.rcpt_tos == [f"maire@{domain}"]
    assert envelope.mail_from == "a@xn--prfecture-c4a.example"
    parsed = message_from_bytes(envelope.original_content, policy=policy.default)
    assert parsed["To"].addresses[0].addr_spec == f"maire@{domain}"
    assert parsed["Message-ID"].endswith("@xn--prfecture-c4a.example>")


@pytest.mark.usefixtures("provider")
def test_a_mailbox_in_letters_that_the_server_does_not_know_ends_at_once(mail: Mail) -> None:
    with mail_server(Sink(), enable_SMTPUTF8=False) as url:
        outcome = SmtpProvider(url, "a@b.example").send(mail(address="mairé@delle.example"))
    assert outcome.result is Result.PERMANENT


@pytest.mark.parametrize("domain", ["délle..example", "é" * 80 + ".example", "-é.example"])
def test_a_domain_that_is_none_ends_at_once(mail: Mail, domain: str) -> None:
    with mail_server(Sink()) as url:
        outcome = SmtpProvider(url, "a@b.example").send(mail(address=f"maire@{domain}"))
    assert outcome.result is Result.PERMANENT


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("a@b.fr", ""),
        ("Alertes <a@b.fr>", "Alertes"),
        ("Alerte – Préfecture, Belfort <a@b.fr>", "Alerte – Préfecture, Belfort"),
        ('"Alerte – Préfecture, Belfort" <a@b.fr>', "Alerte – Préfecture, Belfort"),
        ("Prefecture, Belfort; CORG (90) <a@b.fr>", "Prefecture, Belfort; CORG (90)"),
        ('Alerte "90" <a@b.fr>', 'Alerte "90"'),
        ("x@y.fr <a@b.fr>", "x@y.fr"),
        ("Préfecture du Territoire de Belfort, Gendarmerie, " + "é" * 80 + " <a@b.fr>",
         "Préfecture du Territoire de Belfort, Gendarmerie, " + "é" * 80),
        ("\u200bAlertes <a@\u200bb.fr\ufeff>", "Alertes"),
    ],
)  # fmt: skip
def test_a_mail_has_one_sender_by_the_name_that_was_given(
    mail: Mail, written: str, name: str
) -> None:
    keeps = _Keeps()
    with mail_server(keeps, enable_SMTPUTF8=False) as url:
        assert SmtpProvider(url, written).send(mail()).result is Result.ACCEPTED
    (envelope,) = keeps.kept
    assert envelope.mail_from == "a@b.fr"
    raw = message_from_bytes(envelope.original_content, policy=policy.compat32)["From"]
    (pair,) = getaddresses(["".join(raw.splitlines())])
    assert (str(make_header(decode_header(pair[0]))), pair[1]) == (name, "a@b.fr")
    (one,) = message_from_bytes(envelope.original_content, policy=policy.default)["From"].addresses
    assert one.addr_spec == "a@b.fr"
    assert all(len(line) <= 78 for line in raw.splitlines())


def test_a_message_number_is_nobody_elses_even_after_a_restore(
    provider: Simulator, mail: Mail, time_passes: TimePasses
) -> None:
    """The same at each try; the message that bears its row's number later has another."""
    provider.fault("smtp_cut_after_data", times=1)
    message = mail()
    deliver(Lane.URGENT)
    time_passes(message, timedelta(minutes=1))
    run_round()
    first, second = [got["message_id"] for got in provider.mails()]
    assert first == second
    restored = Message(pk=message.pk)
    assert message_id_of(restored).startswith(f"alerte-{message.pk}-")
    assert message_id_of(restored) != message_id_of(message)
    message.refresh_from_db()
    assert message_id_of(message) == message.provider_id and len(message.token) == 32


def test_any_server_and_any_mail_reader_takes_the_text(mail: Mail) -> None:
    keeps = _Keeps()
    body = "Une intervention\N{NO-BREAK SPACE}: " + "é" * 2000 + "\n\n--\nPréfecture\n"
    with mail_server(keeps, enable_SMTPUTF8=False) as url:
        SmtpProvider(url, "a@b.example").send(mail(body=body, html="<p>" + "é" * 2000))
    (envelope,) = keeps.kept
    assert envelope.original_content.isascii()
    assert max(map(len, envelope.original_content.splitlines())) <= 78
    parsed = message_from_bytes(envelope.original_content, policy=policy.default)
    read = parsed.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert read == body.replace("\n--\n", "\n-- \n")


class _Refuses:
    """Refuses with these words at this command."""

    def __init__(self, command: str, words: str) -> None:
        async def refuse(*_: object) -> str:
            return words

        setattr(self, f"handle_{command}", refuse)


AGAINST_US = [
    "553 5.7.1 <a@b.example>: Sender address rejected: not owned by user x",
    "554 5.7.1 <maire@delle.example>: Relay access denied",
    "553 5.7.1 <a@b.example>: Sender address rejected: not logged in",
    "550 5.7.1 Client host rejected: cannot find your hostname",
    "550 5.7.26 Unauthenticated email is not accepted due to DMARC",
    "550 5.1.8 <a@b.example>: Sender address rejected: Domain not found",
    "450 4.1.8 <a@b.example>: Sender address rejected: Domain not found",
    "530 5.7.0 Must issue a STARTTLS command first",
    "530 Authentication required",
    "550 relay not permitted",
]
AGAINST_THE_READER = [
    "550 5.1.1 No such mailbox",
    "550 No such user here",
    "552 5.2.2 Mailbox full",
    "554 5.7.17 Mailbox owner has changed",
    "550 5.7.2 Mailing list expansion prohibited",
]


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
@pytest.mark.parametrize("words", AGAINST_US)
def test_what_a_server_has_against_us_is_not_the_readers_failure(
    mail: Mail, caplog: pytest.LogCaptureFixture, command: str, words: str
) -> None:
    with mail_server(_Refuses(command, words)) as url:
        outcome = SmtpProvider(url, "a@b.example").send(mail())
    assert (outcome.result, outcome.is_common, outcome.code) == (Result.RETRY, True, words[:3])
    (line,) = [line.getMessage() for line in caplog.records if line.levelname == "ERROR"]
    assert "refuses us" in line and words[:3] in line and "delle" not in line


@pytest.mark.parametrize("words", AGAINST_THE_READER)
def test_what_a_server_has_against_the_reader_ends_it(
    mail: Mail, caplog: pytest.LogCaptureFixture, words: str
) -> None:
    with mail_server(_Refuses("RCPT", words)) as url:
        outcome = SmtpProvider(url, "a@b.example").send(mail())
    assert (outcome.result, outcome.is_common) == (Result.PERMANENT, False)
    assert [line for line in caplog.records if line.levelname == "ERROR"] == []


def test_greylisting_is_nobodys_fault(mail: Mail, caplog: pytest.LogCaptureFixture) -> None:
    with mail_server(_Refuses("RCPT", "450 4.7.1 Greylisted, see you in 300 s")) as url:
        outcome = SmtpProvider(url, "a@b.example").send(mail())
    assert (outcome.result, outcome.is_common) == (Result.RETRY, False)
    assert [line for line in caplog.records if line.levelname == "ERROR"] == []


@pytest.mark.parametrize("believed", [False, True])
def test_the_mail_server_s_certificate_is_judged_as_twilio_s(
    mail: Mail, certificate: Path, monkeypatch: pytest.MonkeyPatch, believed: bool
) -> None:
    keeps = _Keeps()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if believed:
        own = settings.ENVIRONMENT.model_copy(update={"CA_FILE": certificate})
        monkeypatch.setattr(settings, "ENVIRONMENT", own)
    with mail_server(keeps, ssl_context=context) as url:
        outcome = SmtpProvider(url.replace("smtp:", "smtps:"), "a@b.example").send(mail())
    assert outcome.result is (Result.ACCEPTED if believed else Result.RETRY)
    assert len(keeps.kept) == believed
