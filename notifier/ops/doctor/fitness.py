"""Check what works today but is not fit for service: plain text, weak secrets, files, processes."""

from __future__ import annotations

import os
import pwd
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.utils import timezone

from notifier.alerting.administrators import mailboxes_of_platform
from notifier.alerting.canary import runs
from notifier.alerting.canary.watch import reason_of
from notifier.environment import LOOPBACK
from notifier.intake.models import Source
from notifier.jobs.heartbeat import (
    BEAT,
    WORKER,
    is_beat_running,
    seconds_since_heartbeat,
    unserved_queues,
)
from notifier.moments import written_moment
from notifier.ops.doctor.findings import Finding, bad, good, warning

# Modes of libpq under which a connection is never in plain text.
ENCRYPTED = {"require", "verify-ca", "verify-full"}
# 50 random characters cannot be compressed; a word or a row of digits, repeated, shrinks below.
MIN_COMPRESSED_KEY = 45
# AF2M's charter on alphanumeric senders ("OADC"): 3 to 11 letters and digits, no generic name.
GENERIC_SENDERS = {
    "alert", "alerte", "alertes", "avis", "client", "contact", "info", "infos", "mairie",
    "message", "notif", "notification", "promo", "rappel", "rdv", "service", "sms", "test",
    "urgence", "urgent",
}  # fmt: skip
PROCESSES = "systemctl status 'alerte-maires-*', et leurs journaux"


def check_network() -> Iterator[Finding]:
    """Check that nothing leaves this machine in plain text, and that host names are restricted."""
    given = settings.ENVIRONMENT
    if _is_plain_database(given.DATABASE_URL.get_secret_value()):
        yield warning(
            "DATABASE_URL : la base est sur une autre machine, et la connexion peut être en clair",
            "y ajouter ?sslmode=verify-full",
        )
    broker = urlsplit(given.BROKER_URL.get_secret_value())
    if broker.scheme == "redis" and broker.hostname not in LOOPBACK:
        yield warning(
            "BROKER_URL : le courtier est sur une autre machine, et la connexion est en clair",
            "écrire rediss://, avec un serveur qui parle TLS",
        )
    if "*" in (host.strip() for host in given.ALLOWED_HOSTS.split(",")):
        yield warning(
            "ALLOWED_HOSTS : « * » admet tout nom de machine",
            "y mettre les seuls noms du service ; celui de PUBLIC_URL est admis d’office",
        )


def _is_plain_database(url: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        return False
    options = parse_qs(parts.query)
    host = parts.hostname or options.get("host", ["/"])[0]
    is_here = host in LOOPBACK or host.startswith("/")
    return not is_here and options.get("sslmode", [""])[0] not in ENCRYPTED


def check_secrets_and_senders() -> Iterator[Finding]:
    """Check that secrets are random, the account is real, and the sender is allowed in France."""
    given = settings.ENVIRONMENT
    key = given.SECRET_KEY.get_secret_value().encode()
    if key and len(zlib.compress(key, 9)) < MIN_COMPRESSED_KEY:
        yield bad(
            "SECRET_KEY : se devine (motif répété)",
            "python3 -c 'import secrets; print(secrets.token_urlsafe(50))' en affiche une",
        )
    if given.TWILIO_ACCOUNT_SID and not given.TWILIO_ACCOUNT_SID.removeprefix("AC").strip("0"):
        yield bad(
            "TWILIO_ACCOUNT_SID : fait de zéros, celui du modèle",
            "le relever dans la console Twilio",
        )
    for name in ("TWILIO_FROM", "OVH_SENDER"):
        if why := _sender_refusal(getattr(given, name)):
            yield warning(
                f"{name} : les opérateurs français refusent cet expéditeur ({why})",
                "3 à 11 lettres et chiffres, sans espace, un nom qui désigne le service : "
                "Gendarmerie",
            )


def check_calls() -> Iterator[Finding]:
    """Check that there is a number to call from, and that calls by machines may come from it."""
    caller = settings.ENVIRONMENT.caller
    if not caller:
        yield warning(
            "Appels vocaux : aucun numéro d’appelant, personne n’est appelé",
            "TWILIO_VOICE_FROM=+33… : un numéro Twilio qui appelle ; sans lui, qui n’a qu’un fixe "
            "n’est pas joint, et qui ne répond pas à un SMS n’est pas appelé",
        )
    elif caller.startswith(("+336", "+337")):
        yield warning(
            "Appels vocaux : un automate n’a pas le droit d’appeler d’un 06 ou d’un 07",
            "TWILIO_VOICE_FROM : un numéro fixe ou polyvalent français (plan de numérotation de "
            "l’Arcep)",
        )
    else:
        yield good(f"appels depuis {caller}")


def _sender_refusal(sender: str) -> str:
    """Return why French operators refuse the sender, in French; "" if they do not."""
    if sender.startswith(("+336", "+337")):
        return f"un numéro en {'06' if sender.startswith('+336') else '07'}"
    if not sender or sender.startswith("+"):
        return ""
    if " " in sender:
        return "un espace"
    if not 3 <= len(sender) <= 11:
        return "3 à 11 caractères attendus"
    return "un nom générique" if sender.casefold() in GENERIC_SENDERS else ""


def check_sources() -> Iterator[Finding]:
    """Check that every source has a phone for mayors, and an address for undeliverable alerts."""
    active = Source.objects.filter(revoked_at=None)
    for name in active.filter(duty_phone="").values_list("name", flat=True):
        yield warning(
            f"Source « {name} » : aucun téléphone, ses textes ne disent pas qui appeler",
            f'notifier source set "{name}" --duty-phone NUMÉRO',
        )
    for name in active.filter(duty_email="").values_list("name", flat=True):
        yield warning(
            f"Source « {name} » : aucune adresse de permanence",
            f'notifier source set "{name}" --duty-email ADRESSE : elle est prévenue quand une '
            "commune est à vérifier ou que personne n’y a pu être joint",
        )


def check_files() -> Iterator[Finding]:
    """Check that the service's user can read its files, and others not its database."""
    given = settings.ENVIRONMENT
    file: Path | None = settings.SQLITE_FILE
    if file is not None and file.exists() and file.stat().st_mode & 0o077:
        yield warning(f"Base SQLite : d’autres comptes lisent {file}", f"chmod 600 {file}")
    user = _service_user()
    named = (given.CATEGORIES_FILE, given.TEMPLATES_DIR, given.REFLEXES_DIR, given.CA_FILE)
    for path in filter(None, named):
        if not _can_read(user, path):
            yield bad(
                f"Fichier illisible pour le compte « {user} » : {path}",
                f"chgrp {user} {path} && chmod g+rX {path}, et de même ses dossiers",
            )


def _service_user() -> str:
    """Return who runs the service: DATA_DIR's owner for root, else the current user."""
    folder = settings.ENVIRONMENT.DATA_DIR
    uid = folder.stat().st_uid if os.geteuid() == 0 and folder.exists() else os.geteuid()
    return pwd.getpwuid(uid).pw_name


def _can_read(user: str, path: Path) -> bool:
    """Return whether this user may read the path, by its mode and those of its parents."""
    path = path.absolute()
    if not path.exists():
        return False
    if user == pwd.getpwuid(os.geteuid()).pw_name:
        return os.access(path, os.R_OK)
    bits = stat.S_IROTH | (stat.S_IXOTH if path.is_dir() else 0)
    return _has_rights(user, path, bits) and all(
        _has_rights(user, parent, stat.S_IXOTH) for parent in path.parents
    )


def _has_rights(user: str, path: Path, bits: int) -> bool:
    """Return whether the user has these rights, given as those of others."""
    facts = path.stat()
    account = pwd.getpwnam(user)
    if facts.st_uid == account.pw_uid:
        bits <<= 6
    elif facts.st_gid in os.getgrouplist(user, account.pw_gid):
        bits <<= 3
    return facts.st_mode & bits == bits


def check_processes() -> Iterator[Finding]:
    """Check that each queue has a running worker, and that beat runs."""
    if unserved := unserved_queues():
        yield bad(
            f"Travailleur : aucun ne sert {', '.join(unserved)}{_last_seen(WORKER)}", PROCESSES
        )
    else:
        yield good("Travailleur : en marche pour chaque file")
    if is_beat_running():
        yield good("Horloge des rattrapages (beat) : en marche")
    else:
        yield bad(f"Horloge des rattrapages (beat) : arrêtée{_last_seen(BEAT)}", PROCESSES)


def _last_seen(role: str) -> str:
    ago = seconds_since_heartbeat(role)
    return "" if ago is None else f" (vu il y a {ago:.0f} s)"


def check_canary() -> Iterator[Finding]:
    """Check that end-to-end tests are on, come back, and that somebody hears when they do not."""
    given = settings.ENVIRONMENT
    if not runs.is_on():
        yield warning(
            "Essais de bout en bout : arrêtés, faute de numéro d’essai",
            "mettre dans CANARY_PHONE un mobile du service (docs/deploiement.md, « Surveiller »)",
        )
    elif outage := runs.find_outage():
        why = reason_of(outage)
        yield bad(
            f"Essais de bout en bout : {why[0].lower()}{why[1:]}",
            "regarder les points précédents ; puis notifier canary, qui en envoie un et attend",
        )
    elif last := runs.last_returned():
        at = written_moment(timezone.localtime(last.sent_at))
        yield good(f"Essais de bout en bout : le dernier, {at}, est revenu")
    else:
        yield warning("Essais de bout en bout : aucun n’est encore revenu", "notifier canary")
    if not (given.alarm_emails or mailboxes_of_platform()):
        yield warning(
            "Panne : personne n’en recevrait le courriel",
            "mettre une adresse dans ALARM_EMAIL, ou dans un compte d’administrateur du service",
        )
    if not given.HEARTBEAT_URL:
        yield warning(
            "Surveillance extérieure : aucune, une machine arrêtée ne le dirait à personne",
            "mettre dans HEARTBEAT_URL l’adresse que donne un service de surveillance",
        )
