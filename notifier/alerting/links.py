"""Addresses of the console's pages, for what administrators read by mail."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse


def console_url(page: str, *parts: str, **query: str) -> str:
    """Return the whole address of a page; "" where the service does not know its own."""
    base: str = settings.ENVIRONMENT.PUBLIC_URL
    if not base:
        return ""
    address = f"{base.rstrip('/')}{reverse(page, args=parts)}"
    return f"{address}?{urlencode(query)}" if query else address
