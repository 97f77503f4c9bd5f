"""Tell what a mail server's refusal concerns: the recipient's mailbox, this moment, or us.

A server that delays its refusals until it knows the recipient (Postfix does by default) says at
RCPT what it has against our sender or our log-in. Source: RFC 3463 and the registry of enhanced
status codes.
"""

import re

import structlog

from notifier.delivery.models import Result
from notifier.delivery.providers.base import AddressFault, Outcome

log = structlog.get_logger(__name__)

_ENHANCED = re.compile(r"[245]\.([0-9]{1,3})\.([0-9]{1,3})\b")
# 530, 534, 535, 538: log in first, or otherwise.
_LOG_IN = {530, 534, 535, 538}
# X.1.7, X.1.8: the sender's address.
_OUR_ADDRESS = {(1, 7), (1, 8)}
# X.7.*: policy and security, all against us but these: a list that takes nothing from outside, a
# mailbox or a domain that changed hands.
_POLICY = 7
_RECIPIENTS_POLICY = {(7, 2), (7, 17), (7, 18)}


# By the longest beginning of a status (RFC 3463, and the registry of enhanced status codes).
_MEANINGS = {
    "5.1.1": "boîte inconnue",
    "5.1.2": "domaine inconnu",
    "5.1.": "adresse refusée",
    "5.2.1": "boîte désactivée",
    "5.2.2": "boîte pleine",
    "5.4.": "serveur du destinataire injoignable",
    "4.4.": "serveur du destinataire injoignable",
    "5.7.": "refusé par les règles du destinataire",
}
# 550, 551, 553 (RFC 5321 § 4.2.3): no such mailbox, moved, no valid name.
_DEAD = ("550", "551", "553", "5.1.", "5.2.1")


def explain(status: str) -> str:
    """Explain a reply code or an enhanced status in French."""
    return next((m for s, m in _MEANINGS.items() if status.startswith(s)), "non remis")


def address_fault(status: str) -> AddressFault | None:
    """Return what a reply code or an enhanced status says of the mailbox; None: nothing."""
    is_dead = status.startswith(_DEAD) and not status.startswith(("5.1.7", "5.1.8"))
    return AddressFault.DEAD if is_dead else None


def refusal(code: int, words: bytes | str) -> Outcome:
    """Return the outcome of a negative reply to any command.

    Only its codes are kept: its words may repeat the address.
    """
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    is_permanent = 500 <= code < 600
    if code in _LOG_IN or _is_against_us(text, is_permanent):
        return refused_us(code)
    if is_permanent:
        return Outcome(Result.PERMANENT, code=str(code), detail=f"refusé par le serveur ({code})")
    return Outcome(
        Result.RETRY, code=str(code), detail=f"remis à plus tard par le serveur ({code})"
    )


def refused_us(code: int) -> Outcome:
    """Return the outcome where our log-in or our sender is refused, so that every mail will be.

    It is retried within its lifetime, even if the server says that this is permanent.
    """
    log.error("the mail server refuses us, an operator must mend it", code=code)
    detail = f"le serveur refuse notre accès ou notre expéditeur ({code})"
    return Outcome(Result.RETRY, code=str(code), detail=detail, is_common=True)


def _is_against_us(text: str, is_permanent: bool) -> bool:
    found = _ENHANCED.match(text.strip())
    if found is None:
        # Exim and others without enhanced codes: "relay not permitted".
        return is_permanent and "relay" in text.lower()
    said = (int(found[1]), int(found[2]))
    if said in _OUR_ADDRESS:
        return True
    # 4.7.*: "come back later" (greylisting), which is no fault of anybody.
    return is_permanent and said[0] == _POLICY and said not in _RECIPIENTS_POLICY
