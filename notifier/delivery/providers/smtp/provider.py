"""Hand an e-mail to the SMTP server.

SMTP cannot be asked what it has. A connection that is cut after DATA leaves the state unknown, and
a second attempt may double the mail: it is made all the same, with the same Message-ID, because
most mailboxes show such a pair once, and a lost alert is worse than a doubled mail.
"""

import smtplib
from dataclasses import replace
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

from django.conf import settings

from notifier.delivery.models import Lane, Message, Result
from notifier.delivery.providers.base import Found, Outcome, ProviderUnreachableError, Receipt
from notifier.delivery.providers.smtp.headers import Sender, Subject
from notifier.delivery.providers.smtp.replies import refusal, refused_us
from notifier.delivery.providers.trust import tls_context
from notifier.environment import is_loopback
from notifier.mailbox import Mailbox, encode_domain

TIMEOUT_S = 10.0
# Every server on the way takes it: no byte beyond ASCII, no line too long, and the space after the
# two dashes that begin a signature (RFC 3676, 4.3) is kept.
ENCODING = "quoted-printable"


def message_id_of(message: Message) -> str:
    """Return the mail's name in its Message-ID: the same for all its attempts, and never reused."""
    return f"alerte-{message.pk}-{message.token}"


class SmtpProvider:
    """Send mails, each on a connection of its own. Thread-safe."""

    name = "smtp"
    has_receipts = False

    def __init__(self, url: str, sender: str) -> None:
        self._url = url
        self._parts = urlsplit(url)
        self._sender = Mailbox.parse(sender)

    @classmethod
    def from_settings(cls) -> "SmtpProvider":
        return cls(
            settings.ENVIRONMENT.EMAIL_URL.get_secret_value(), settings.ENVIRONMENT.EMAIL_FROM
        )

    @property
    def accepted_by(self) -> str:
        """In French, for the journal; a simulated mail is not taken for a real one."""
        is_simulated = settings.ENVIRONMENT.SIMULATOR
        return "remis au simulateur" if is_simulated else "remis au serveur de courriel"

    def send(self, message: Message) -> Outcome:
        try:
            mail = self._mail(message)
        except ValueError as error:
            # An invalid header: it would be so at every attempt, while the next person waits.
            return Outcome(Result.PERMANENT, detail=f"courriel impossible ({type(error).__name__})")
        try:
            server = self.connect()
        except smtplib.SMTPResponseException as error:
            return replace(refusal(error.smtp_code, error.smtp_error), is_common=True)
        except (OSError, smtplib.SMTPException) as error:
            detail = f"serveur injoignable ({type(error).__name__})"
            return Outcome(Result.RETRY, detail=detail, is_common=True)
        try:
            with server:
                server.send_message(mail, self._sender.address, [str(mail["To"])])
        except smtplib.SMTPRecipientsRefused as error:
            return refusal(*next(iter(error.recipients.values())))
        except smtplib.SMTPSenderRefused as error:
            if error.smtp_code < 500:
                return refusal(error.smtp_code, error.smtp_error)
            return refused_us(error.smtp_code)
        except smtplib.SMTPResponseException as error:
            return refusal(error.smtp_code, error.smtp_error)
        except smtplib.SMTPNotSupportedError:
            # Found out before anything was sent.
            return Outcome(
                Result.PERMANENT, detail="le serveur ne connaît pas les lettres de l’adresse"
            )
        except (OSError, smtplib.SMTPException) as error:
            detail = f"ligne coupée ({type(error).__name__})"
            return Outcome(Result.UNKNOWN, detail=detail, is_common=True)
        return Outcome(Result.ACCEPTED, provider_id=message_id_of(message))

    def try_recipient(self, address: str) -> None:
        """Ask whether the server would take a mail of ours to this address; send none.

        Raises OSError or smtplib.SMTPException.
        """
        with self.connect() as server:
            server.ehlo_or_helo_if_needed()
            code, words = server.mail(self._sender.address)
            if code != 250:
                raise smtplib.SMTPSenderRefused(code, words, self._sender.address)
            code, words = server.rcpt(encode_domain(address))
            if code not in (250, 251):
                raise smtplib.SMTPRecipientsRefused({address: (code, words)})
            server.rset()

    def find(self, message: Message) -> Found:  # noqa: ARG002 - the providers' common form
        """Return nothing: SMTP cannot be asked."""
        return Found()

    def ask(self, message: Message) -> Receipt:  # noqa: ARG002 - the providers' common form
        raise ProviderUnreachableError("SMTP has no receipts to ask for")

    def connect(self) -> smtplib.SMTP:
        """Open an encrypted (except on loopback) and logged-in connection.

        Raises OSError or smtplib.SMTPException.
        """
        host = self._parts.hostname or ""
        context = tls_context()
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
        """Compose the mail. Raises ValueError for what cannot be a header."""
        domain = self._sender.address.rpartition("@")[2]
        mail = EmailMessage()
        mail["Subject"] = Subject(message.subject)
        mail["From"] = Sender(self._sender)
        mail["To"] = encode_domain(message.address)
        mail["Message-ID"] = f"<{message_id_of(message)}@{domain}>"
        mail["Date"] = format_datetime(message.created_at)
        mail["Auto-Submitted"] = "auto-generated"
        if message.lane == Lane.URGENT:
            mail["Importance"] = "high"
        mail.set_content(message.body.replace("\n--\n", "\n-- \n"), cte=ENCODING)
        if message.html:
            mail.add_alternative(message.html, subtype="html", cte=ENCODING)
        return mail
