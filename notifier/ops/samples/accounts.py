"""One account per role, with proofs that nobody knows but who started the trial.

Password and second factors follow from the trial's own SECRET_KEY, which is made at random for its
folder: what is printed here opens nothing elsewhere.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass


@dataclass(frozen=True)
class SampleAccount:
    """A person of a role. Without `where`, of the platform."""

    username: str
    first_name: str
    last_name: str
    can: str
    """In French, for whoever starts the trial."""
    role: str = ""
    where: str = ""
    """A département's code, or an organisation: `commune:90033`."""
    has_second_factor: bool = True

    @property
    def name(self) -> str:
        """As the journal names the person."""
        return f"{self.first_name} {self.last_name}"

    @property
    def email(self) -> str:
        """An address of those kept for examples."""
        return f"{self.username}@alerte-maires.example"


DISPATCHER = SampleAccount(
    "operateur", "Claude", "Loriot", "opérateur du Territoire de Belfort",
    role="operateur", where="90", has_second_factor=False,
)  # fmt: skip
OFFICE = SampleAccount(
    "groupement", "Camille", "Sorbier", "administre le Territoire de Belfort",
    role="groupement", where="90",
)  # fmt: skip
ACCOUNTS = (
    SampleAccount("plateforme", "Dominique", "Charme", "exploite la plateforme"),
    OFFICE,
    SampleAccount(
        "delle", "Alix", "Verdier", "administre la commune de Delle",
        role="organisme", where="commune:90033",
    ),
    DISPATCHER,
    SampleAccount(
        "auditeur", "Morgane", "Alisier", "lit le journal et les chiffres du département",
        role="auditeur", where="90", has_second_factor=False,
    ),
)  # fmt: skip


def password(secret_key: str) -> str:
    """Return the password of all sample accounts."""
    words = base64.b32encode(_derive(secret_key, "password")).decode().lower()
    return f"essai-{words[:4]}-{words[4:8]}-{words[8:12]}"


def totp_secret(secret_key: str, account: SampleAccount) -> str:
    """Return the base32 secret of the account's authenticator application."""
    return base64.b32encode(_derive(secret_key, account.username)[:20]).decode()


def _derive(secret_key: str, what: str) -> bytes:
    return hmac.digest(secret_key.encode(), f"samples {what}".encode(), hashlib.sha256)
