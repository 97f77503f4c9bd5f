"""Sources and their keys. A key is shown once; the database holds only its hash.

A key is 256 random bits, so a plain SHA-256 is enough: there is nothing to guess from a dictionary.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass

from django.utils import timezone

from notifier.intake.models import Source

KEY_PREFIX = "am_"


class KeyRefusedError(Exception):
    """The key is missing, unknown or revoked. The message is French, for dispatch."""


@dataclass(frozen=True)
class NewSource:
    """A source just made, with the only sight of its key that anybody will have."""

    source: Source
    key: str


def add_source(
    name: str,
    departements: list[str],
    *,
    service: str,
    duty_email: str,
    signed: bool,
    duty_phone: str = "",
    sms_cap: int | None = None,
    reference_pattern: str = "",
    hard_cap: int | None = None,
) -> NewSource:
    """Create a source. Raises django.core.exceptions.ValidationError, in French and by field."""
    key = _new_key()
    source = Source(
        name=name,
        departements=departements,
        service=service,
        duty_email=duty_email,
        duty_phone=duty_phone,
        sms_cap=sms_cap,
        reference_pattern=reference_pattern,
        hard_cap=hard_cap,
        key_hash=_hash(key),
        signing_secret=_new_signing_secret() if signed else "",
    )
    source.full_clean()
    source.save()
    return NewSource(source, key)


def renew_key(source: Source) -> str:
    """Replace the key (also of a revoked source); the old one is refused from now on."""
    key = _new_key()
    Source.objects.filter(pk=source.pk).update(key_hash=_hash(key), revoked_at=None)
    return key


def revoke(source: Source) -> bool:
    """Refuse the source's key from now on; False when it was revoked already."""
    return bool(
        Source.objects.filter(pk=source.pk, revoked_at=None).update(revoked_at=timezone.now())
    )


def source_of(key: str) -> Source:
    """The source that holds this key. One statement. Raises KeyRefusedError."""
    # Written out, for every request asks: Django takes longer to compile it than to read the row.
    found = Source.objects.raw("SELECT * FROM intake_source WHERE key_hash = %s", [_hash(key)])
    source = next(iter(found), None)
    if source is None:
        raise KeyRefusedError("clé inconnue : vérifiez l’en-tête « Authorization: Bearer CLÉ »")
    if source.revoked_at:
        raise KeyRefusedError(
            f"clé révoquée le {source.revoked_at:%d/%m/%Y} : demandez-en une autre"
        )
    return source


def _new_signing_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _new_key() -> str:
    return KEY_PREFIX + secrets.token_urlsafe(32)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
