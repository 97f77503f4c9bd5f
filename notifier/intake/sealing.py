"""Encrypt the stored signing secrets, so that the database alone cannot forge a signature.

Fernet, with a key derived from SECRET_KEY; SECRET_KEY_FALLBACKS still open what former keys sealed.
"""

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

# Sets these keys apart from whatever else is ever derived from SECRET_KEY.
PURPOSE = b"alerte-maires signing secrets"


class SealBrokenError(Exception):
    """A secret was sealed under a key that is neither SECRET_KEY nor one of its fallbacks."""


def seal(secret: str) -> str:
    """Return the secret as it is stored; never the same twice."""
    return _fernet(_secret_keys()).encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """Return the secret that was sealed. Raises SealBrokenError."""
    try:
        return _fernet(_secret_keys()).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise SealBrokenError(
            "a signing secret cannot be opened: SECRET_KEY was changed; "
            "put the former one into SECRET_KEY_FALLBACKS"
        ) from None


def _secret_keys() -> tuple[str, ...]:
    return (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet(Fernet(_derive(key)) for key in keys)


def _derive(key: str) -> bytes:
    derived = HKDF(SHA256(), length=32, salt=None, info=PURPOSE).derive(key.encode())
    return base64.urlsafe_b64encode(derived)
