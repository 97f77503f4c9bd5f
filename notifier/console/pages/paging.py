"""Ids in addresses and forms, and lists that page by them: never by offset, never counted."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls.converters import IntConverter

PAGE_SIZE = 50
# What a bigint holds of either database, whatever the digits.
_MAX_DIGITS = 18
M = TypeVar("M", bound=Model)


class IdConverter(IntConverter):
    """An id within an address; longer numbers are of no row, and lead to no page."""

    regex = f"[0-9]{{1,{_MAX_DIGITS}}}"


def id_of(text: str) -> int | None:
    """Return the id that a browser gave; None for what cannot be one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else None


def key_of(request: HttpRequest, name: str = "avant") -> int | None:
    """Return the key of the last row that was shown; None on the first page."""
    return id_of(request.GET.get(name, ""))


def page_before(
    rows: QuerySet[M], request: HttpRequest, size: int = PAGE_SIZE
) -> tuple[list[M], Any]:
    """Return the newest rows before the key of the request, and the key of the next page."""
    key = key_of(request)
    found = list((rows if key is None else rows.filter(pk__lt=key)).order_by("-pk")[: size + 1])
    return found[:size], found[size - 1].pk if len(found) > size else None


def page_after(
    rows: QuerySet[M], request: HttpRequest, size: int = PAGE_SIZE
) -> tuple[list[M], Any]:
    """Return the oldest rows after the key of the request (`apres`), and that of the next page."""
    key = key_of(request, "apres")
    found = list((rows if key is None else rows.filter(pk__gt=key)).order_by("pk")[: size + 1])
    return found[:size], found[size - 1].pk if len(found) > size else None
