"""The link by which one person answers one alert: short, unguessable, the same in all its texts.

The secret in it is a keyed hash of incident, organisation and person: whoever plans a text makes it
without asking the database, and a text that is planned anew has the same one. The database holds a
hash of the secret. Where texts are shown to others, `without_secrets` takes it out.
"""

from __future__ import annotations

import hashlib
import re

from django.conf import settings
from django.utils.crypto import salted_hmac

from notifier.directory.models import OrganisationRef

# Letters and digits that a person can read aloud, without those that look alike.
_ALPHABET = "23456789abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
# 69 bits: with ten guesses a second, one in a thousand years is right of a million open links.
SECRET_LENGTH = 12
# In a text that is nobody's yet: as long as every secret, and none.
NO_SECRET = "0" * SECRET_LENGTH
_LINK = re.compile(rf"(/r/)[0-9A-Za-z]{{{SECRET_LENGTH}}}(?![0-9A-Za-z])")
_SALT = "notifier.alerting.answer_link"


def answer_secret(incident_id: int, organisation: OrganisationRef, recipient: str) -> str:
    """Return the secret by which this recipient answers this alert."""
    of_whom = f"{incident_id}:{organisation}:{recipient}"
    number = int.from_bytes(salted_hmac(_SALT, of_whom, algorithm="sha256").digest())
    letters = []
    for _ in range(SECRET_LENGTH):
        number, index = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[index])
    return "".join(letters)


def secret_hash(secret: str) -> str:
    """Return what the database holds of a secret, as `Notification.answer_hash`."""
    return hashlib.sha256(f"{_SALT}:{secret}".encode()).hexdigest()[:32]


def is_secret(text: str) -> bool:
    """Return whether the text has the form of a secret."""
    return len(text) == SECRET_LENGTH and set(text) <= set(_ALPHABET)


def answer_url(secret: str = NO_SECRET) -> str:
    """Return the address that opens the alert for whoever has this secret."""
    env = settings.ENVIRONMENT
    return f"{env.ANSWER_URL or env.PUBLIC_URL}/r/{secret}"


def with_secret(text: str, secret: str) -> str:
    """Return a text that was composed for nobody with its reader's link."""
    return text.replace(answer_url(), answer_url(secret))


def without_secrets(text: str) -> str:
    """Return the text as others may see it: nobody answers in its reader's place."""
    return _LINK.sub(r"\1…", text)
