"""Seal the secrets of second factors anew, after a change of SECRET_KEY."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.db import transaction

from notifier.intake.sealing import seal, unseal

_SEALED = ("secret", "seed")


def reseal_factors() -> int:
    """Seal every secret under the current SECRET_KEY; return how many. Raises SealBrokenError."""
    done = 0
    for found in Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN):
        with transaction.atomic():
            factor = Authenticator.objects.select_for_update().filter(pk=found.pk).first()
            names = [name for name in _SEALED if factor is not None and name in factor.data]
            if factor is not None and names:
                factor.data |= {name: seal(unseal(factor.data[name])) for name in names}
                factor.save(update_fields=["data"])
                done += len(names)
    return done
