"""The mailboxes: an SMTP server that keeps every mail, parsed as a mail reader shows it."""

from __future__ import annotations

import asyncio
import email
import email.policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session

from .faults import SMTP_DATA, SMTP_RCPT, Faults
from .record import Mail, Record

_REFUSALS = {
    "smtp_451": "451 4.3.0 Temporary failure, try again later",
    "smtp_550": "550 5.1.1 No such mailbox",
}


class Inbox:
    """The SMTP server's handling of recipients and mails (an aiosmtpd handler)."""

    def __init__(self, record: Record, faults: Faults) -> None:
        self._record = record
        self._faults = faults
        self._transports: set[asyncio.BaseTransport] = set()

    def protocol(self) -> SMTP:
        """Return the protocol of a new connection."""
        # Named here, because aiosmtpd would otherwise ask the resolver for this machine's name.
        return _Connection(self._transports, self)

    def drop_connections(self) -> None:
        """Drop every open connection."""
        for transport in list(self._transports):
            _abort(transport)

    async def handle_RCPT(  # noqa: N802, the name is aiosmtpd's
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Accept a recipient, unless a fault refuses it."""
        if fault := self._faults.take(SMTP_RCPT, address):
            return _REFUSALS[fault.kind]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802, the name is aiosmtpd's
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep the mail, unless a fault refuses it, and answer as the fault says."""
        fault = self._faults.take(SMTP_DATA, *envelope.rcpt_tos)
        kind = fault.kind if fault else None
        if kind == "smtp_451_data":
            return "451 4.3.0 Temporary failure, try again later"
        self._record.keep(_read(envelope))
        if kind == "smtp_cut_after_data" and server.transport is not None:
            _abort(server.transport)
            # aiosmtpd cancels this handler as soon as it notices that the line is gone.
            await asyncio.Event().wait()
        if fault and kind == "smtp_slow":
            await asyncio.sleep(fault.seconds)
        return "250 2.0.0 OK: kept"


class _Connection(SMTP):
    def __init__(self, transports: set[asyncio.BaseTransport], handler: Inbox) -> None:
        super().__init__(
            handler,
            hostname="simulateur.localhost",
            ident="Simulateur",
            enable_SMTPUTF8=True,
            loop=asyncio.get_running_loop(),
        )
        self._transports = transports
        self._own: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._own = transport
        self._transports.add(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._own is not None:
            self._transports.discard(self._own)
        super().connection_lost(error)


def _abort(transport: asyncio.BaseTransport) -> None:
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


def _read(envelope: Envelope) -> Mail:
    raw = envelope.original_content or b""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    return Mail(
        envelope_from=envelope.mail_from or "",
        to=list(envelope.rcpt_tos),
        sender=str(message.get("From", "")),
        subject=str(message.get("Subject", "")),
        plain=_part(message, "plain"),
        html=_part(message, "html"),
        message_id=str(message.get("Message-ID", "")),
        raw=raw.decode(errors="replace"),
    )


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return ""
    try:
        return str(part.get_content()).replace("\r\n", "\n")
    except LookupError:
        # A charset that Python does not know: shown as it came rather than lost.
        return str(part.get_payload())
