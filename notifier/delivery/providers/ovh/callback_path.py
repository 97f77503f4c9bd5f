"""The secret path at which OVHcloud brings the receipts of an SMS account."""

from django.utils.crypto import salted_hmac

_SALT = "notifier.delivery.providers.ovh"


def callback_path(secret_key: str, service_name: str) -> str:
    """Return the path; who does not know SECRET_KEY cannot guess it."""
    return f"/api/v1/callbacks/ovh/{callback_secret(secret_key, service_name)}"


def callback_secret(secret_key: str, service_name: str) -> str:
    """Return what is secret in it."""
    keyed = salted_hmac(_SALT, service_name, secret=secret_key, algorithm="sha256")
    return keyed.hexdigest()[:40]
