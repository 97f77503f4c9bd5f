"""Where a source's software may be told of answers: by https, at an address that is public.

Whoever manages sources in the console writes the address; what this machine can reach behind the
firewall (its broker, its database, a cloud's metadata) is not theirs to knock at. The software of
many centres stands in a private network all the same: the operator names it in WEBHOOK_NETWORKS.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from notifier.environment import LOOPBACK

MAX_LENGTH = 300
# An IPv4 address within IPv6 (RFC 6052).
_NAT64 = IPv6Network("64:ff9b::/96")
# Of IPv6, what is assigned to be public (RFC 4291). Not all of the rest is known to `ipaddress` as
# internal: the former site-local fec0::/10, a network's own NAT64 64:ff9b:1::/48, ::a.b.c.d.
_PUBLIC = IPv6Network("2000::/3")


class WebhookAddressError(Exception):
    """Nothing is posted there. The message is French, for whoever gives the address."""


def check_webhook_address(url: str) -> str:
    """Return the address as it is stored, without outer spaces. Raises WebhookAddressError.

    A host that is a name is looked up only when something is posted: it may lead elsewhere by then.
    """
    url = url.strip()
    parts = _split(url)
    host = parts.hostname or ""
    is_trial = host in LOOPBACK and settings.ENVIRONMENT.SIMULATOR
    if parts.scheme != "https" and not (is_trial and parts.scheme == "http"):
        raise WebhookAddressError("l’adresse doit commencer par https://")
    if not host:
        raise WebhookAddressError("l’adresse n’a pas d’hôte ; attendu : https://hote.example/…")
    if parts.username is not None or parts.password is not None:
        raise WebhookAddressError(
            "pas de mot de passe dans l’adresse : les envois sont signés, il n’en faut pas"
        )
    if parts.fragment:
        raise WebhookAddressError("ôtez ce qui suit le « # » : il n’est jamais envoyé")
    if host == "localhost" and not is_trial:
        raise WebhookAddressError(_refusal("localhost"))
    if (address := _literal(host)) and not is_allowed_address(address):
        raise WebhookAddressError(_refusal(host))
    return url


def is_allowed_address(address: IPv4Address | IPv6Address) -> bool:
    """Return whether something may be posted to this address."""
    inner = _embedded(address)
    if inner is not None:
        address = inner
    if any(
        address in network for network in settings.ENVIRONMENT.webhook_networks
        if network.version == address.version
    ):  # fmt: skip
        return True
    if address.is_loopback:
        return settings.ENVIRONMENT.SIMULATOR
    if isinstance(address, IPv6Address) and address not in _PUBLIC:
        return False
    return address.is_global and not address.is_multicast


def _refusal(host: str) -> str:
    return (
        f"{host} est une adresse interne : l’exploitant doit d’abord admettre son réseau "
        "(WEBHOOK_NETWORKS)"
    )


def _embedded(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 one leads to, if it does."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _split(url: str) -> SplitResult:
    if len(url) > MAX_LENGTH:
        raise WebhookAddressError(f"l’adresse a plus de {MAX_LENGTH} caractères")
    if not url.isascii() or any(char <= " " or char == "\\" for char in url):
        raise WebhookAddressError("l’adresse contient un espace ou un caractère qui n’y va pas")
    try:
        parts = urlsplit(url)
        _ = parts.port  # which raises where it is none
    except ValueError:
        raise WebhookAddressError("n’a pas la forme d’une adresse ; attendu : https://…") from None
    return parts
