"""The mailboxes, driven with smtplib, and every fault of a mail server."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from urllib.parse import urlsplit

import pytest

from notifier.simulator.client import Simulator

TO, OTHER = "mairie@delle.example", "mairie@beaucourt.example"


def connect(simulator: Simulator, timeout: float = 10.0) -> smtplib.SMTP:
    address = urlsplit(simulator.smtp)
    assert address.hostname is not None
    return smtplib.SMTP(address.hostname, address.port or 0, timeout=timeout)


def mail(*to: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Alerte Maires <alertes@gendarmerie.example>"
    message["To"] = ", ".join(to or (TO,))
    message["Subject"] = "Delle : incendie d’habitation"
    message["Message-ID"] = "<alerte-1@gendarmerie.example>"
    message.set_content("Incendie à Delle, rue de Déridé.\n")
    message.add_alternative("<p>Incendie à <b>Delle</b></p>\n", subtype="html")
    return message


def send(simulator: Simulator, message: EmailMessage | None = None, timeout: float = 10.0) -> None:
    with connect(simulator, timeout) as server:
        server.send_message(message or mail())


def test_a_mail_is_kept_as_its_reader_sees_it(simulator: Simulator) -> None:
    send(simulator, mail(TO, OTHER))
    [kept] = simulator.mails()
    assert kept["from"] == "Alerte Maires <alertes@gendarmerie.example>"
    assert kept["envelope_from"] == "alertes@gendarmerie.example"
    assert kept["to"] == [TO, OTHER]
    assert kept["subject"] == "Delle : incendie d’habitation"
    assert kept["plain"] == "Incendie à Delle, rue de Déridé.\n"
    assert kept["html"] == "<p>Incendie à <b>Delle</b></p>\n"
    assert kept["message_id"] == "<alerte-1@gendarmerie.example>"
    assert "multipart/alternative" in kept["raw"]
    assert simulator.mails(OTHER) == [kept]


@pytest.mark.parametrize(("kind", "code"), [("smtp_451", 451), ("smtp_550", 550)])
def test_a_recipient_is_refused(simulator: Simulator, kind: str, code: int) -> None:
    simulator.fault(kind, to=TO.upper())
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(simulator)
    assert refused.value.recipients[TO][0] == code
    assert simulator.mails() == []

    send(simulator, mail(OTHER))
    assert [kept["to"] for kept in simulator.mails()] == [[OTHER]]


def test_smtp_451_data_keeps_nothing(simulator: Simulator) -> None:
    simulator.fault("smtp_451_data", times=1)
    with pytest.raises(smtplib.SMTPDataError) as refused:
        send(simulator)
    assert refused.value.smtp_code == 451
    assert simulator.mails() == []
    send(simulator)
    assert len(simulator.mails()) == 1


def test_smtp_cut_after_data_keeps_the_mail_without_an_answer(simulator: Simulator) -> None:
    simulator.fault("smtp_cut_after_data")
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        send(simulator)
    assert len(simulator.mails()) == 1


def test_smtp_slow_keeps_the_mail_and_answers_later(simulator: Simulator) -> None:
    simulator.fault("smtp_slow", seconds=60, times=1)
    with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
        send(simulator, timeout=0.3)
    assert len(simulator.mails()) == 1

    simulator.fault("smtp_slow", seconds=0.05)
    send(simulator)
    assert len(simulator.mails()) == 2


def test_smtp_down_refuses_to_connect_and_drops_who_is_connected(simulator: Simulator) -> None:
    with connect(simulator) as standing:
        standing.ehlo()
        simulator.fault("smtp_down")
        with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
            standing.send_message(mail())
    with pytest.raises(ConnectionRefusedError):
        connect(simulator)
    assert simulator.mails() == []

    simulator.clear_faults()
    send(simulator)
    assert len(simulator.mails()) == 1
