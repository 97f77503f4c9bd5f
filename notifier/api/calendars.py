"""The door of calendar programs: what they read at a secret address, without any log-in."""

from __future__ import annotations

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from notifier.directory.on_call.calendar_out import to_icalendar
from notifier.directory.on_call.feeds import read_feed

log = structlog.get_logger(__name__)

# Calendar programs come every hour, or when somebody looks.
MAX_AGE_S = 900


@require_safe
def calendar(request: HttpRequest, secret: str) -> HttpResponseBase:
    """Answer the calendar of a secret; 404, always the same, for whatever opens nothing."""
    now = timezone.now()
    try:
        feed = read_feed(secret, now)
    except (OperationalError, InterfaceError) as error:
        log.error("calendar cannot be read", error=type(error).__name__)
        return _plain("base de données injoignable : réessayez plus tard", 503)
    if feed is None:
        return _plain("aucun calendrier à cette adresse : elle a pu être remplacée", 404)
    tag = f'"{feed.tag}"'
    response = get_conditional_response(request, etag=tag)
    if response is None:
        response = HttpResponse(
            to_icalendar(feed.name, feed.entries, feed.zone, now),
            content_type="text/calendar; charset=utf-8",
            headers={"Content-Disposition": 'inline; filename="astreintes.ics"'},
        )
    response.headers["ETag"] = tag
    # Names are in it: kept by who asked alone, and by no search engine.
    response.headers["Cache-Control"] = f"private, max-age={MAX_AGE_S}"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _plain(message: str, status: int) -> HttpResponse:
    headers = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
    return HttpResponse(
        f"{message}\n", status=status, content_type="text/plain; charset=utf-8", headers=headers
    )
