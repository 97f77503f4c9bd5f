"""Sources and their keys. A key is shown once; the database holds only its hash.

A key is 256 random bits, so a plain SHA-256 is enough: no dictionary can guess it.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from notifier.intake.access.signature import new_signing_secret
from notifier.intake.access.sources import OwnSourceError, about_sources, note_source
from notifier.intake.models import Source
from notifier.intake.sealing import seal, unseal
from notifier.intake.sql import find_source
from notifier.journal.models import Entry, Step

KEY_PREFIX = "am_"


class KeyRefusedError(Exception):
    """The key is missing, unknown or revoked. The message is French, for dispatch."""


@dataclass(frozen=True)
class NewSource:
    """A new source and its key, which is shown only here."""

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
    rate_per_minute: int = 600,
    sms_providers: Sequence[str] = (),
    by: str = "",
) -> NewSource:
    """Create a source; the journal says by whom, if it is said.

    Raises django.core.exceptions.ValidationError, in French and by field.
    """
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
        rate_per_minute=rate_per_minute,
        sms_providers=list(sms_providers),
        key_hash=_hash(key),
        sealed_secret=seal(new_signing_secret()) if signed else "",
    )
    source.full_clean()
    with transaction.atomic():
        source.save()
        _note(source, f"créée pour {', '.join(departements)}", by)
    return NewSource(source, key)


_NEW_KEY = {"new_key": True}
# What a source no longer has once its key is replaced at once, or its overlap taken back.
_NOTHING_BEFORE = {"previous_key_hash": "", "previous_sealed_secret": "", "overlap_until": None}


def renew_key(source: Source, by: str = "") -> str:
    """Replace the key (also of a revoked source); older ones are refused from now on.

    Raises OwnSourceError for the service's own, which has none.
    """
    if source.is_own:
        raise OwnSourceError
    key = _new_key()
    with transaction.atomic():
        Source.objects.filter(pk=source.pk).update(
            key_hash=_hash(key), revoked_at=None, **_NOTHING_BEFORE
        )
        _note(source, "dotée d’une autre clé, la précédente refusée dès maintenant,", by, _NEW_KEY)
    return key


@dataclass(frozen=True)
class RotatedKey:
    """A new key, and a secret if the source signs, which are shown only here."""

    key: str
    secret: str
    until: datetime
    """Until when those before are taken as well."""


def rotate(source: Source, overlap: timedelta, by: str = "") -> RotatedKey:
    """Replace the key and, if the source signs, its secret.

    The previous ones stay valid for `overlap`, those before them no longer. Raises KeyRefusedError
    for a source that is revoked, or was given another key meanwhile; OwnSourceError as `renew_key`.
    """
    if source.is_own:
        raise OwnSourceError
    key, until = _new_key(), timezone.now() + overlap
    secret = new_signing_secret() if source.must_sign else ""
    with transaction.atomic():
        replaced = Source.objects.filter(
            pk=source.pk, key_hash=source.key_hash, revoked_at=None
        ).update(
            key_hash=_hash(key),
            sealed_secret=seal(secret) if secret else "",
            previous_key_hash=source.key_hash,
            previous_sealed_secret=source.sealed_secret,
            overlap_until=until,
        )
        if not replaced:
            raise KeyRefusedError("clé révoquée, ou remplacée à l’instant : rien n’est changé")
        valid = f"valable jusqu’au {timezone.localtime(until):%d/%m/%Y à %H:%M}"
        _note(source, f"dotée d’une autre clé, la précédente {valid},", by, _NEW_KEY)
    return RotatedKey(key, secret, until)


_SEALED = (
    *("sealed_secret", "previous_sealed_secret"),
    *("sealed_webhook_secret", "previous_sealed_webhook_secret"),
)


def reseal() -> int:
    """Seal every signing secret again, under the current SECRET_KEY; return of how many sources.

    Raises SealBrokenError where no key opens one; those before it are done.
    """
    done = 0
    has_a_secret = ~(Q(sealed_secret="") & Q(sealed_webhook_secret=""))
    for source in Source.objects.filter(has_a_secret):
        before = {name: getattr(source, name) for name in _SEALED}
        fresh = {name: seal(unseal(sealed)) for name, sealed in before.items() if sealed}
        done += Source.objects.filter(pk=source.pk, **before).update(**fresh)
    return done


def revoke(source: Source, by: str = "") -> bool:
    """Refuse the source's key from now on; return False when it was revoked already."""
    valid = Source.objects.filter(pk=source.pk, revoked_at=None)
    with transaction.atomic():
        is_revoked = bool(valid.update(revoked_at=timezone.now()))
        if is_revoked:
            _note(source, "révoquée : sa clé est refusée,", by)
    return is_revoked


def source_of(key: str) -> Source:
    """Return the source that holds this key. One statement. Raises KeyRefusedError."""
    hashed = _hash(key)
    source = find_source(hashed)
    if source is None:
        raise KeyRefusedError("clé inconnue : vérifiez l’en-tête « Authorization: Bearer CLÉ »")
    if source.revoked_at:
        raise KeyRefusedError(
            f"clé révoquée le {source.revoked_at:%d/%m/%Y} : demandez-en une autre"
        )
    if source.key_hash != hashed and not source.has_overlap:
        since = timezone.localtime(source.overlap_until)
        raise KeyRefusedError(
            f"clé remplacée, refusée depuis le {since:%d/%m/%Y} : utilisez la nouvelle"
        )
    return source


def key_made_at(source: Source) -> datetime:
    """Return since when the source has its key: the last one the journal tells of, or its first."""
    replaced = Entry.objects.filter(
        about_sources([source.pk]), step=Step.SOURCE, data__new_key=True
    )
    entry = replaced.order_by("-id").first()
    return entry.at if entry else source.created_at


def _note(source: Source, what: str, by: str, data: Mapping[str, bool] | None = None) -> None:
    if by:
        note_source(source, what, by, data)


def _new_key() -> str:
    return KEY_PREFIX + secrets.token_urlsafe(32)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
