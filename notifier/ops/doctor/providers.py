"""Check the providers by the same connections as texts and mails, without sending anything."""

from __future__ import annotations

import smtplib
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from django.conf import settings
from django.db import DatabaseError

from notifier.delivery import routing
from notifier.delivery.address import mask
from notifier.delivery.models import Result
from notifier.delivery.providers.base import AccountRefusedError, ProviderUnreachableError
from notifier.delivery.providers.ovh.provider import OvhAccount, OvhProvider
from notifier.delivery.providers.ovh.webhook import callback_url
from notifier.delivery.providers.registry import LABELS
from notifier.delivery.providers.smtp.provider import SmtpProvider
from notifier.delivery.providers.smtp.replies import refusal
from notifier.delivery.providers.twilio.provider import Account, TwilioProvider
from notifier.intake.models import Source
from notifier.mailbox import Mailbox
from notifier.ops.doctor.findings import Finding, bad, good, warning

CLOCK_DRIFT_S = 30.0
# A department's worst night takes some hundreds.
FEW_CREDITS = 500
CERTIFICATES = (
    "le certificat n’est signé par aucune autorité connue d’ici : installer ca-certificates, ou "
    "donner dans CA_FILE celle du mandataire ou du serveur"
)


def check_twilio() -> Iterator[Finding]:
    """Check that the account exists, the token is valid, and it may send."""
    given = settings.ENVIRONMENT
    if not (given.TWILIO_ACCOUNT_SID and given.TWILIO_AUTH_TOKEN):
        return
    try:
        account = TwilioProvider.from_settings().account()
    except AccountRefusedError as error:
        if error.status in (401, 403, 404):
            yield bad(
                f"Twilio : identifiants refusés ({error.status})",
                "vérifier TWILIO_ACCOUNT_SID et TWILIO_AUTH_TOKEN dans la console Twilio",
            )
        else:
            yield bad(f"Twilio : réponse {error.status}", "voir status.twilio.com, puis relancer")
        return
    except ProviderUnreachableError as error:
        yield bad(
            f"Twilio : injoignable ({error})",
            CERTIFICATES
            if "CERTIFICATE_VERIFY_FAILED" in str(error)
            else "vérifier le réseau, le pare-feu, HTTPS_PROXY et TWILIO_API_URL "
            f"({given.twilio_api})",
        )
        return
    yield from _check_account(account)
    yield from _check_clock(account.date)


def _check_account(account: Account) -> Iterator[Finding]:
    if account.status != "active":
        yield bad(f"Twilio : compte « {account.status} »", "le réactiver dans la console Twilio")
        return
    yield good("Twilio : compte actif, identifiants acceptés")
    if account.type == "Trial":
        yield warning(
            "Twilio : compte d’essai, il n’envoie qu’aux numéros vérifiés",
            "passer à un compte payant avant la mise en service",
        )


def _check_clock(date: str | None) -> Iterator[Finding]:
    drift = parsedate_to_datetime(date).timestamp() - time.time() if date else 0.0
    if abs(drift) > CLOCK_DRIFT_S:
        yield bad(
            f"Horloge : {drift:+.0f} s d’écart avec celle du prestataire",
            "activer la synchronisation (NTP) : un envoi incertain se cherche par son heure",
        )


def check_ovh() -> Iterator[Finding]:
    """Check that the account may send by our sender, and brings its receipts here."""
    if not settings.ENVIRONMENT.OVH_APPLICATION_KEY:
        return
    provider = OvhProvider.from_settings()
    try:
        account, sender = provider.account(), provider.sender_status()
    except AccountRefusedError as error:
        yield bad(
            f"OVHcloud : identifiants refusés ({error.status})",
            "vérifier OVH_APPLICATION_KEY, OVH_APPLICATION_SECRET, OVH_CONSUMER_KEY et "
            "OVH_SERVICE_NAME, et les droits de la clé (docs/configuration.md)",
        )
        return
    except ProviderUnreachableError as error:
        yield bad(
            f"OVHcloud : injoignable ({error})",
            CERTIFICATES
            if "CERTIFICATE_VERIFY_FAILED" in str(error)
            else "vérifier le réseau, le pare-feu, HTTPS_PROXY et OVH_API_URL "
            f"({settings.ENVIRONMENT.ovh_api})",
        )
        return
    yield from _check_ovh_account(account)
    yield from _check_ovh_sender(sender)
    yield from _check_clock(account.date)


def _check_ovh_account(account: OvhAccount) -> Iterator[Finding]:
    left = f"{account.credits_left:.0f} crédits"
    if not account.is_enabled:
        yield bad("OVHcloud : compte SMS désactivé", "le réactiver dans l’espace client")
    elif account.credits_left < 1:
        yield bad("OVHcloud : plus de crédit SMS", "en acheter, et activer leur rechargement")
    elif account.credits_left < FEW_CREDITS:
        yield warning(
            f"OVHcloud : il ne reste que {left}",
            "en acheter, et activer leur rechargement automatique",
        )
    else:
        yield good(f"OVHcloud : compte actif, {left}")
    if account.callback_url != callback_url():
        yield warning(
            "OVHcloud : ses accusés ne reviennent pas ici, ils sont demandés après deux minutes",
            "dans l’espace client (SMS, Options, « URL de callback changements d’état »), mettre "
            f"{callback_url()}",
        )


def _check_ovh_sender(status: str) -> Iterator[Finding]:
    sender = settings.ENVIRONMENT.OVH_SENDER
    if status == "enable":
        yield good(f"OVHcloud : expéditeur « {sender} » validé")
        return
    why = {"waitingValidation": "pas encore validé", "refused": "refusé", "disable": "désactivé"}
    yield bad(
        f"OVHcloud : expéditeur « {sender} » {why.get(status, 'inconnu du compte')}",
        "le déclarer dans l’espace client (SMS, Expéditeurs), ou corriger OVH_SENDER",
    )


def check_routing() -> Iterator[Finding]:
    """Check that the orders of sources name providers that may send, and who is set aside."""
    configured = settings.ENVIRONMENT.configured_sms_providers
    for source in Source.objects.filter(revoked_at=None).order_by("name"):
        unknown = [name for name in source.sms_providers if name not in configured]
        if unknown:
            named = ", ".join(LABELS.get(name, name) for name in unknown)
            yield warning(
                f"Source « {source.name} » : {named} dans l’ordre de ses opérateurs, mais pas dans "
                "la configuration",
                f'le configurer, ou notifier source set "{source.name}" --sms-providers aucun',
            )
    for row in routing.set_aside():
        yield warning(
            f"{LABELS[row.provider]} : mis de côté, ses SMS passent par l’autre ({row.reason})",
            "rien s’il revient de lui-même ; sinon voir la ligne de cet opérateur",
        )


def check_smtp() -> Iterator[Finding]:
    """Check that the server accepts connection, log-in, sender and a recipient; send no mail."""
    if not settings.ENVIRONMENT.EMAIL_URL or not settings.ENVIRONMENT.EMAIL_FROM:
        return
    reader = _test_recipient()
    try:
        SmtpProvider.from_settings().try_recipient(reader)
    except smtplib.SMTPAuthenticationError as error:
        yield bad(
            f"Courriel : identifiants refusés ({error.smtp_code})",
            "vérifier l’utilisateur et le mot de passe dans EMAIL_URL",
        )
    except smtplib.SMTPSenderRefused as error:
        yield _sender_refused(error.smtp_code)
    except smtplib.SMTPRecipientsRefused as error:
        yield _recipient_refused(reader, *next(iter(error.recipients.values())))
    except (OSError, smtplib.SMTPException) as error:
        yield bad(
            f"Courriel : serveur injoignable ({error})",
            CERTIFICATES
            if "CERTIFICATE_VERIFY_FAILED" in str(error)
            else "vérifier EMAIL_URL et le pare-feu",
        )
    else:
        yield good("Courriel : le serveur accepte la connexion, l’expéditeur et un destinataire")


def _test_recipient() -> str:
    """Return a real recipient: a source's duty officer, else the sender."""
    try:
        duty = Source.objects.exclude(duty_email="").order_by("id").first()
    except DatabaseError:  # said by the check of the database
        duty = None
    return duty.duty_email if duty else Mailbox.parse(settings.ENVIRONMENT.EMAIL_FROM).address


def _sender_refused(code: int) -> Finding:
    return bad(
        f"Courriel : le serveur refuse notre expéditeur ({code})",
        "vérifier EMAIL_FROM, et que l’utilisateur d’EMAIL_URL a le droit d’écrire sous ce nom",
    )


def _recipient_refused(reader: str, code: int, words: bytes) -> Finding:
    outcome = refusal(code, words)
    if outcome.is_common:
        return _sender_refused(code)
    if outcome.result is Result.PERMANENT:
        return bad(
            f"Courriel : {mask(reader)} est refusée par le serveur ({code})",
            "corriger cette adresse ; si elle est juste, voir ce que le serveur en dit",
        )
    return warning(
        f"Courriel : {mask(reader)} est remise à plus tard par le serveur ({code})",
        "relancer dans quelques minutes ; si cela dure, voir ce que le serveur en dit",
    )
