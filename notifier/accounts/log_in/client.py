"""The address of whoever sends a request."""

from ipaddress import ip_address

from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """Return the address by which attempts are counted.

    `X-Forwarded-For` is trusted from a proxy on this machine alone, and of it only the last
    address, which the proxy has seen itself: the client wrote what stands before it.
    """
    seen: str = request.META.get("REMOTE_ADDR", "")
    if not _is_loopback(seen):
        return seen
    forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return forwarded if is_address(forwarded) else seen


def is_address(text: str) -> bool:
    """Return whether it is an address; a proxy of one's own may write anything."""
    try:
        ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False
