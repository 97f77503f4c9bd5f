"""Where a source's own software is told of answers, and the secret that signs what it is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from notifier.intake.access.signature import new_signing_secret
from notifier.intake.access.sources import note_source
from notifier.intake.access.webhook_address import WebhookAddressError, check_webhook_address
from notifier.intake.models import Source
from notifier.intake.sealing import seal

FORMATS = ("json", "edxl")
_NOTHING = {
    "webhook_url": "",
    "sealed_webhook_secret": "",
    "previous_sealed_webhook_secret": "",
    "webhook_overlap_until": None,
}


class WebhookRefusedError(Exception):
    """The webhook cannot be set so. The message is French, for whoever sets it."""


@dataclass(frozen=True)
class RotatedSecret:
    """A new secret, which is shown only here."""

    secret: str
    until: datetime
    """Until when what is posted is signed with the one before as well."""


def set_webhook(source: Source, url: str, webhook_format: str, by: str) -> str:
    """Tell its software there, in this format; return the secret where it gets its first one.

    Another address keeps the secret: `rotate_webhook_secret` replaces it. Raises
    WebhookRefusedError, and nothing is changed then.
    """
    if webhook_format not in FORMATS:
        raise WebhookRefusedError(f"format inconnu : {' ou '.join(FORMATS)}")
    try:
        url = check_webhook_address(url)
    except WebhookAddressError as refused:
        raise WebhookRefusedError(str(refused)) from None
    secret = new_signing_secret()
    with transaction.atomic():
        stored = Source.objects.select_for_update().get(pk=source.pk)
        changed = {
            name: value
            for name, value in {"webhook_url": url, "webhook_format": webhook_format}.items()
            if getattr(stored, name) != value
        }
        if is_first := not stored.sealed_webhook_secret:
            changed["sealed_webhook_secret"] = seal(secret)
        if not changed:
            return ""
        _change(source, changed)
        # Not the address itself: some hold a token that opens a door.
        what = "dotée d’une adresse de retours"
        if stored.webhook_url:
            is_elsewhere = "webhook_url" in changed
            what = (
                "dotée d’une autre adresse de retours"
                if is_elsewhere
                else (f"dotée d’un autre format de retours ({webhook_format})")
            )
        note_source(source, what, by)
    return secret if is_first else ""


def stop_webhook(source: Source, by: str) -> bool:
    """Tell its software nothing any more; return False where it was told nothing before."""
    told = Source.objects.filter(pk=source.pk).exclude(webhook_url="")
    with transaction.atomic():
        is_stopped = bool(told.update(**_NOTHING))
        if is_stopped:
            source.refresh_from_db()
            note_source(source, "privée de retours", by)
    return is_stopped


def rotate_webhook_secret(source: Source, overlap: timedelta, by: str) -> RotatedSecret:
    """Replace the secret; what is posted is signed with both for `overlap`.

    Raises WebhookRefusedError where it is told nothing, or got another secret meanwhile.
    """
    secret, until = new_signing_secret(), timezone.now() + overlap
    before = source.sealed_webhook_secret
    with transaction.atomic():
        same = Source.objects.filter(pk=source.pk, sealed_webhook_secret=before)
        is_replaced = before and same.update(
            sealed_webhook_secret=seal(secret),
            previous_sealed_webhook_secret=before if overlap else "",
            webhook_overlap_until=until if overlap else None,
        )
        if not is_replaced:
            raise WebhookRefusedError(
                "pas de secret à remplacer, ou il vient de l’être : rien n’est changé"
            )
        kept = f"le précédent signe aussi jusqu’au {timezone.localtime(until):%d/%m/%Y à %H:%M}"
        after = f" ({kept})" if overlap else ""
        note_source(source, f"dotée d’un autre secret de retours{after}", by)
    return RotatedSecret(secret, until)


def _change(source: Source, changed: dict[str, str]) -> None:
    Source.objects.filter(pk=source.pk).update(**changed)
    for name, value in changed.items():
        setattr(source, name, value)
