"""Read bounces: notices (RFC 3464) of which mail could not be delivered, and why.

A bounce names the mail by its Message-ID. Nobody can guess one, and whoever has seen one can only
say that the mail did not arrive, so that others are told as well: a forged bounce silences nobody
but, the second time, the mailbox that the forger reads.
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message as Part

import structlog

from notifier.delivery.models import Channel, Message, MessageState
from notifier.delivery.providers.base import Receipt
from notifier.delivery.providers.smtp.replies import explain
from notifier.delivery.receipts.apply import ReceiptResult, apply_receipt

log = structlog.get_logger(__name__)

_NUMBER = re.compile(r"<(alerte-([0-9]{1,18})-([0-9a-f]{32}))@")
_STATUS = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}")


@dataclass(frozen=True)
class Bounce:
    """A mail that will not arrive: its number, its row, the token to match, and the status code."""

    number: str
    message_id: int
    token: str
    status: str

    @property
    def explanation(self) -> str:
        """The reason in French, for the journal."""
        return f"avis de non-remise, {explain(self.status)} ({self.status or 'sans code'})"


def read_bounce(raw: bytes) -> Bounce | None:
    """Read the bounce in a mail; None for any other mail, or one that says that it is retried."""
    mail = email.message_from_bytes(raw)
    status = next(_failures(mail), None)
    if status is None:
        return None
    for text in _message_ids(mail):
        if found := _NUMBER.search(text):
            return Bounce(found[1], int(found[2]), found[3], status)
    return None


def apply_bounce(bounce: Bounce) -> ReceiptResult:
    """Mark the mail as undelivered and follow it up, as an SMS that did not arrive."""
    ours = Message.objects.filter(
        pk=bounce.message_id, token=bounce.token, channel=Channel.EMAIL
    ).exists()
    if not ours:
        log.warning("bounce of a mail that we did not send", message=bounce.message_id)
        return ReceiptResult.UNKNOWN_MESSAGE
    if bounce.status.startswith("5.7."):
        log.error("a recipient's mail server refuses our mails", code=bounce.status)
    receipt = Receipt(
        bounce.number, MessageState.UNDELIVERED, bounce.status, explanation=bounce.explanation
    )
    return apply_receipt(bounce.message_id, receipt)


def _failures(mail: Part) -> Iterator[str]:
    """Yield the status of each recipient that has failed; empty where none is given.

    "failed" is final whatever the status: a server that gave up retrying says 4.4.1.
    """
    for part in mail.walk():
        if part.get_content_type() != "message/delivery-status":
            continue
        blocks = part.get_payload()
        for block in blocks if isinstance(blocks, list) else []:
            if not isinstance(block, Part):
                continue
            action = str(block.get("Action", "")).strip().lower()
            found = _STATUS.search(str(block.get("Status", "")))
            status = found[0] if found else ""
            if action == "failed" or (not action and status.startswith("5")):
                yield status


def _message_ids(mail: Part) -> Iterator[str]:
    """Yield what may hold the Message-ID of the mail that came back, the likeliest first."""
    for part in mail.walk():
        if part is not mail and part.get("Message-ID"):
            yield str(part["Message-ID"])
        if part.get_content_type() == "text/rfc822-headers":
            headers = part.get_payload(decode=True)
            if isinstance(headers, bytes):
                yield str(email.message_from_bytes(headers).get("Message-ID", ""))
    yield from (str(mail.get(name, "")) for name in ("In-Reply-To", "References"))
