"""Check what the service depends on: environment, database, broker, public address, clock."""

from __future__ import annotations

import http.client
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from notifier.delivery.providers.trust import tls_context
from notifier.environment import is_loopback
from notifier.jobs.broker import broker_client
from notifier.ops.doctor.findings import Finding, bad, good, warning

TIMEOUT_S = 2.0
PUBLIC_TIMEOUT_S = 10.0
CLOCK_DRIFT_S = 5.0
# What a server in front answers when what is behind it does not.
BEHIND_IS_SILENT = (502, 504)
TABLE = "docs/configuration.md"


def check_environment() -> Iterator[Finding]:
    """Check that every required variable is set; settings have already refused wrong ones."""
    missing = settings.ENVIRONMENT.missing()
    for name in missing:
        yield bad(
            f"Variable {name.replace(' or ', ' ou ')} : absente", f"la définir (table dans {TABLE})"
        )
    if not missing:
        yield good("Variables d’environnement : complètes")
    if settings.ENVIRONMENT.SIMULATOR:
        yield warning(
            "Prestataire SIMULÉ : rien ne part vraiment",
            "en production, retirer SIMULATOR et donner les accès du vrai prestataire",
        )


def check_database() -> Iterator[Finding]:
    """Check that it answers, and has every migration."""
    name = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}.get(
        connection.vendor, connection.vendor
    )
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        reason = str(error).strip().splitlines()[0]
        remedy = (
            f"notifier migrate, qui crée la base ; {settings.SQLITE_PLACE} doit pouvoir s’écrire"
            if settings.SQLITE_FILE is not None
            else "vérifier DATABASE_URL et le serveur"
        )
        yield bad(f"Base {name} : injoignable ({reason})", remedy)
        return
    yield good(f"Base {name} : joignable")
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        yield bad(f"Migrations : {len(plan)} à appliquer", "notifier migrate")
    else:
        yield good("Migrations : toutes appliquées")
    url = settings.ENVIRONMENT.PUBLIC_URL
    if connection.vendor == "sqlite" and url and not is_loopback(url):
        yield warning("SQLite convient à un essai", "en production : DATABASE_URL=postgresql://…")


def check_broker() -> Iterator[Finding]:
    """Check that it answers within two seconds, never evicts, and survives a restart."""
    try:
        with broker_client(TIMEOUT_S) as client:
            client.ping()
            facts = client.info()
    except (redis.RedisError, ValueError) as error:
        yield bad(
            f"Courtier : injoignable ({_first_line(error)})",
            "vérifier BROKER_URL et le serveur Redis ou Valkey ; rien ne part sans lui, "
            "mais rien n’est perdu : tout repart à son retour",
        )
        return
    name = "Valkey" if facts.get("server_name") == "valkey" else "Redis"
    version = facts.get("valkey_version") or facts.get("redis_version")
    yield good(f"Courtier : {name} {version}, joignable")
    if facts.get("maxmemory_policy") == "noeviction":
        yield good("Courtier : n’oublie rien faute de mémoire (noeviction)")
    else:
        yield bad(
            f"Courtier : maxmemory-policy vaut {facts.get('maxmemory_policy')}",
            "régler maxmemory-policy noeviction : sinon des tâches disparaissent sans bruit",
        )
    if facts.get("aof_enabled"):
        yield good("Courtier : écrit sur disque (appendonly)")
    else:
        yield warning(
            "Courtier : n’écrit pas sur disque",
            "régler appendonly yes ; sans cela un redémarrage retarde ce qui attendait",
        )


def check_public_url() -> Iterator[Finding]:
    """Check that this service answers there; settings have made sure of https."""
    url = settings.ENVIRONMENT.PUBLIC_URL
    host = urlsplit(url).hostname
    if not host:
        return
    try:
        socket.getaddrinfo(host, None)
    except OSError as error:
        yield bad(
            f"PUBLIC_URL : le nom {host} ne se résout pas ({error})",
            "corriger PUBLIC_URL ou le DNS : les accusés de réception y sont envoyés",
        )
        return
    if is_loopback(url) and not settings.ENVIRONMENT.SIMULATOR:
        yield bad(
            f"PUBLIC_URL : {url} n’est joignable que d’ici",
            "donner l’adresse https publique : le prestataire y envoie ses accusés de réception",
        )
        return
    yield from _check_answer(url)


def _check_answer(url: str) -> Iterator[Finding]:
    try:
        with urllib.request.urlopen(  # noqa: S310  # https or loopback: settings
            f"{url}/healthz", timeout=PUBLIC_TIMEOUT_S, context=tls_context()
        ) as answer:
            said = answer.read(100)
    except urllib.error.HTTPError as error:
        if error.code in BEHIND_IS_SILENT:
            yield bad(
                f"PUBLIC_URL : nginx répond {error.code} à {url}, le service ne lui répond pas",
                "lancer notifier web, ou lire son journal ; nginx doit viser son --bind",
            )
            return
        said = str(error.code).encode()
    except (OSError, http.client.HTTPException) as error:
        yield bad(
            f"PUBLIC_URL : {url} ne répond pas ({getattr(error, 'reason', error)})",
            "lancer notifier web, et devant lui nginx ; puis vérifier DNS, pare-feu et certificat",
        )
        return
    if said == b"ok":
        yield good(f"PUBLIC_URL : le service répond à {url}")
    else:
        yield bad(
            f"PUBLIC_URL : autre chose que ce service répond à {url}",
            "vérifier que nginx y transmet à notifier web, dont l’adresse est dans --bind",
        )


def check_clock() -> Iterator[Finding]:
    """Check that it agrees with the broker's and, on PostgreSQL, with the database's."""
    here = time.time()
    others: dict[str, float] = {}
    try:
        with broker_client(TIMEOUT_S) as client:
            seconds, micros = client.time()
            others["du courtier"] = seconds + micros / 1e6
    except (redis.RedisError, ValueError):
        pass  # reported by `broker`
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
            others["de la base"] = cursor.fetchone()[0]
    for whose, theirs in others.items():
        if abs(theirs - here) > CLOCK_DRIFT_S:
            yield bad(
                f"Horloge : {theirs - here:+.0f} s d’écart avec celle {whose}",
                "activer la synchronisation (NTP) : les durées de vie des messages en dépendent",
            )
        else:
            yield good(f"Horloge : d’accord avec celle {whose}")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
