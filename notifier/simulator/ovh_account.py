"""The one SMS account at the simulated OVHcloud, and the variables that name it."""

from __future__ import annotations

APPLICATION_KEY = "simulateur"
SERVICE_NAME = "sms-simulateur-1"
SENDER = "Gendarmerie"
CREDITS = 10_000
PREFIX = "/1.0"


def variables(api_url: str, token: str) -> dict[str, str]:
    """Return the environment of a service that sends by it; both secrets are the one token."""
    return {
        "OVH_API_URL": api_url,
        "OVH_APPLICATION_KEY": APPLICATION_KEY,
        "OVH_APPLICATION_SECRET": token,
        "OVH_CONSUMER_KEY": token,
        "OVH_SERVICE_NAME": SERVICE_NAME,
        "OVH_SENDER": SENDER,
    }
