"""The providers, asked without sending anything."""

from __future__ import annotations

import base64
import json
import smtplib
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from django.conf import settings

from notifier.console.doctor.findings import Finding, bad, good, warning
from notifier.delivery.transports.smtp.transport import SmtpTransport

TIMEOUT_S = 10.0
CLOCK_DRIFT_S = 30.0


def twilio() -> Iterator[Finding]:
    """The account exists, the token opens it, and it may send."""
    given = settings.ENVIRONMENT
    if not (given.TWILIO_ACCOUNT_SID and given.TWILIO_AUTH_TOKEN):
        return
    account = f"{given.twilio_api}/2010-04-01/Accounts/{given.TWILIO_ACCOUNT_SID}"
    # The simulator plays messages only.
    url = f"{account}/Messages.json?PageSize=1" if given.SIMULATOR else f"{account}.json"
    pair = f"{given.TWILIO_ACCOUNT_SID}:{given.TWILIO_AUTH_TOKEN}".encode()
    headers = {"Authorization": "Basic " + base64.b64encode(pair).decode()}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  # https or loopback: settings
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310  # as above
            facts = json.load(answer)
            date = answer.headers.get("Date")
    except urllib.error.HTTPError as error:
        if error.code in (401, 403, 404):
            yield bad(
                f"Twilio : identifiants refusés ({error.code})",
                "vérifier TWILIO_ACCOUNT_SID et TWILIO_AUTH_TOKEN dans la console Twilio",
            )
        else:
            yield bad(f"Twilio : réponse {error.code}", "voir status.twilio.com, puis relancer")
        return
    except (OSError, ValueError) as error:
        yield bad(
            f"Twilio : injoignable ({getattr(error, 'reason', error)})",
            f"vérifier le réseau, le pare-feu et TWILIO_API_URL ({given.twilio_api})",
        )
        return
    yield from _account(facts)
    yield from _clock(date)


def _account(facts: dict[str, object]) -> Iterator[Finding]:
    if settings.ENVIRONMENT.SIMULATOR:
        yield good("SMS : le simulateur répond")
        return
    if facts.get("status") != "active":
        yield bad(
            f"Twilio : compte « {facts.get('status')} »", "le réactiver dans la console Twilio"
        )
        return
    yield good("Twilio : compte actif, identifiants acceptés")
    if facts.get("type") == "Trial":
        yield warning(
            "Twilio : compte d’essai, il n’envoie qu’aux numéros vérifiés",
            "passer à un compte payant avant la mise en service",
        )


def _clock(date: str | None) -> Iterator[Finding]:
    drift = parsedate_to_datetime(date).timestamp() - time.time() if date else 0.0
    if abs(drift) > CLOCK_DRIFT_S:
        yield bad(
            f"Horloge : {drift:+.0f} s d’écart avec celle du prestataire",
            "activer la synchronisation (NTP) : un envoi incertain se cherche par son heure",
        )


def smtp() -> Iterator[Finding]:
    """The server takes our connection, its encryption and our login; no mail is sent."""
    if not settings.ENVIRONMENT.EMAIL_URL:
        return
    try:
        with SmtpTransport.from_settings().connect() as server:
            server.ehlo_or_helo_if_needed()
    except smtplib.SMTPAuthenticationError as error:
        yield bad(
            f"Courriel : identifiants refusés ({error.smtp_code})",
            "vérifier l’utilisateur et le mot de passe dans EMAIL_URL",
        )
    except (OSError, smtplib.SMTPException) as error:
        yield bad(
            f"Courriel : serveur injoignable ({error})",
            "vérifier EMAIL_URL, le pare-feu et le certificat du serveur",
        )
    else:
        yield good("Courriel : le serveur accepte la connexion")
