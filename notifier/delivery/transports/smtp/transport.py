"""Hand an e-mail to the SMTP server.

SMTP cannot be asked what it has. A line that is cut after DATA leaves the fate unknown, and a
second try may double the mail: it is made all the same, with the same Message-ID, because most
mailboxes show such a pair once, and a lost alert is worse than a doubled mail.
"""

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

import structlog
from django.conf import settings

from notifier.delivery.models import Lane, Message
from notifier.delivery.transports.base import (
    Fate,
    Found,
    Outcome,
    ProviderUnreachableError,
    Result,
)
from notifier.delivery.transports.smtp.subject import Subject
from notifier.environment import is_loopback

log = structlog.get_logger(__name__)

TIMEOUT_S = 10.0


class SmtpTransport:
    """Thread-safe: a connection for each mail."""

    has_receipts = False

    def __init__(self, url: str, sender: str) -> None:
        self._url = url
        self._parts = urlsplit(url)
        self._sender = sender

    @classmethod
    def from_settings(cls) -> "SmtpTransport":
        return cls(settings.ENVIRONMENT.EMAIL_URL, settings.ENVIRONMENT.EMAIL_FROM)

    @property
    def accepted_by(self) -> str:
        """In French, for the journal: nobody may take a simulated mail for a real one."""
        is_simulated = settings.ENVIRONMENT.SIMULATOR
        return "remis au simulateur" if is_simulated else "remis au serveur de courriel"

    def send(self, message: Message) -> Outcome:
        try:
            mail = self._mail(message)
        except ValueError as error:
            # A header that is none: it would be so at every try, while the next in order waits.
            return Outcome(Result.PERMANENT, detail=f"courriel impossible ({type(error).__name__})")
        try:
            server = self.connect()
        except smtplib.SMTPResponseException as error:
            return _refused_us(error)
        except (OSError, smtplib.SMTPException) as error:
            detail = f"serveur injoignable ({type(error).__name__})"
            return Outcome(Result.RETRY, detail=detail, is_common=True)
        try:
            with server:
                server.send_message(mail)
        except smtplib.SMTPRecipientsRefused as error:
            return _answer(next(iter(error.recipients.values()))[0])
        except smtplib.SMTPSenderRefused as error:
            return _refused_us(error)
        except smtplib.SMTPResponseException as error:
            return _answer(error.smtp_code)
        except smtplib.SMTPNotSupportedError:
            # Found out before anything was sent.
            return Outcome(
                Result.PERMANENT, detail="le serveur ne connaît pas les lettres de l’adresse"
            )
        except (OSError, smtplib.SMTPException) as error:
            detail = f"ligne coupée ({type(error).__name__})"
            return Outcome(Result.UNKNOWN, detail=detail, is_common=True)
        return Outcome(Result.ACCEPTED, provider_id=self._message_id(message))

    def find(self, message: Message) -> Found:  # noqa: ARG002 - the transports' common form
        """Nothing, ever: SMTP has no such question."""
        return Found()

    def ask(self, message: Message) -> Fate:  # noqa: ARG002 - the transports' common form
        raise ProviderUnreachableError("SMTP has no receipts to ask for")

    def connect(self) -> smtplib.SMTP:
        """An open, encrypted (but on loopback) and logged-in connection.

        Raises OSError or smtplib.SMTPException."""
        host = self._parts.hostname or ""
        context = ssl.create_default_context()
        server: smtplib.SMTP
        if self._parts.scheme == "smtps":
            server = smtplib.SMTP_SSL(
                host, self._parts.port or 465, timeout=TIMEOUT_S, context=context
            )
        else:
            server = smtplib.SMTP(host, self._parts.port or 587, timeout=TIMEOUT_S)
            if not is_loopback(self._url):
                server.starttls(context=context)
        if self._parts.username:
            server.login(unquote(self._parts.username), unquote(self._parts.password or ""))
        return server

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["Subject"] = Subject(message.subject)
        mail["From"] = self._sender
        mail["To"] = message.address
        mail["Message-ID"] = self._message_id(message)
        mail["Date"] = format_datetime(message.created_at)
        mail["Auto-Submitted"] = "auto-generated"
        if message.lane == Lane.URGENT:
            mail["Importance"] = "high"
        mail.set_content(message.body)
        if message.html:
            mail.add_alternative(message.html, subtype="html")
        return mail

    def _message_id(self, message: Message) -> str:
        domain = self._sender.rpartition("@")[2].rstrip(">")
        return f"<alerte-{message.pk}@{domain}>"


def _refused_us(error: smtplib.SMTPResponseException) -> Outcome:
    """Our login or our sender, not the reader: every mail will fare alike until it is mended.

    So it is tried again within its lifetime, whatever the server says of ever after.
    """
    if error.smtp_code < 500:
        return _answer(error.smtp_code)
    log.error("the mail server refuses us", code=error.smtp_code, error=type(error).__name__)
    detail = f"le serveur refuse notre accès ou notre expéditeur ({error.smtp_code})"
    return Outcome(Result.RETRY, code=str(error.smtp_code), detail=detail, is_common=True)


def _answer(code: int) -> Outcome:
    # The server's own words may repeat the address; its code says enough.
    if 500 <= code < 600:
        return Outcome(Result.PERMANENT, code=str(code), detail=f"refusé par le serveur ({code})")
    return Outcome(
        Result.RETRY, code=str(code), detail=f"remis à plus tard par le serveur ({code})"
    )
