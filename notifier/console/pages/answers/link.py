"""What every page behind the link of a text asks and says: no account, a secret in its address.

Opening acknowledges nothing, whoever opens: mail filters, previews and prefetching GET every link.
What changes something is a POST, with a stamp of the page that was read and the value of the button
that was pressed. The secret proves who answers, and no cookie does: so there is nothing for a
forged form to borrow, Django's protection against it is off, and browsers within other programs,
which refuse cookies, answer too. A filter that submits a form presses no button, or presses it
faster than anyone reads: then it is asked once more, and stamped anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import wraps
from ipaddress import IPv6Address, ip_address, ip_network
from zoneinfo import ZoneInfo

import structlog
from django.core import signing
from django.core.cache import cache
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from notifier.accounts.log_in.client import client_address
from notifier.alerting.answer_link import secret_hash
from notifier.alerting.answers.find import OpenedAlert, find_by_secret
from notifier.alerting.models import AnswerKind

log = structlog.get_logger(__name__)

# Links that opened nothing, of one address within a minute: then it opens none until the next.
MAX_MISSES = 60
_MINUTE_S = 60
_RETRY_AFTER_S = 5
# Nobody reads and chooses in less.
MIN_READING_S = 1.0
_SALT = "notifier.console.answers"
# A browser may keep the page to show it again without a network or on going back, and asks first
# whether it is still so. `no-store` would take it from a reader whose network is gone, who knows
# the address already; whoever holds that telephone holds the text as well.
_HEADERS = {
    "Cache-Control": "private, no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}

View = Callable[[HttpRequest, str, OpenedAlert], HttpResponse]


def behind_link(view: View) -> Callable[[HttpRequest, str], HttpResponse]:
    """Open the alert of the secret for a view; what opens nothing has one answer, whatever it was.

    Times are those of the alert's commune.
    """

    @csrf_exempt
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def respond(request: HttpRequest, secret: str) -> HttpResponse:
        try:
            response = _respond(request, secret, view)
        except (OperationalError, InterfaceError) as error:
            log.warning("link not served: database unreachable", error=repr(error))
            response = _unavailable(request)
        for name, value in _HEADERS.items():
            response.headers[name] = value
        return response

    return respond


def _respond(request: HttpRequest, secret: str, view: View) -> HttpResponse:
    if cache.get(misses := _misses_key(request), 0) >= MAX_MISSES:
        return render(request, "answer/too_many.html", status=429)
    opened = find_by_secret(secret)
    if opened is None:
        cache.set(misses, cache.get(misses, 0) + 1, 2 * _MINUTE_S)
        return _closed(request)
    with timezone.override(ZoneInfo(opened.alert.facts["time_zone"])):
        try:
            return view(request, secret, opened)
        except Http404:
            return _closed(request)


def _unavailable(request: HttpRequest) -> HttpResponse:
    """Say that what was answered may not be kept, and give it again by one press: it counts once.

    Of what was posted only an answer is carried on, as the page's own form sends it.
    """
    posted, to_whom = request.POST, request.POST.get("a", "")
    given = posted.get("reponse", "")
    context = {
        "path": request.path,
        "is_change": request.method == "POST",
        "kind": AnswerKind(given) if given in AnswerKind.values else None,
        "stamp": posted.get("lu", ""),
        "to_whom": to_whom if to_whom.isdecimal() else "",
    }
    response = render(request, "answer/unavailable.html", context, status=503)
    response.headers["Retry-After"] = str(_RETRY_AFTER_S)
    return response


def _closed(request: HttpRequest) -> HttpResponse:
    return render(request, "answer/closed.html", status=404)


def new_stamp(secret: str) -> str:
    """Return what a form of a page behind this link carries: that it was read, and when."""
    return signing.dumps([secret_hash(secret), time.time()], salt=_SALT)


def was_read(posted: Mapping[str, str], secret: str) -> bool:
    """Return whether a form comes from a page of this link that somebody had the time to read."""
    try:
        of, at = signing.loads(posted.get("lu", ""), salt=_SALT)
    except (signing.BadSignature, ValueError):
        return False
    return bool(of == secret_hash(secret)) and time.time() - at >= MIN_READING_S


def _misses_key(request: HttpRequest) -> str:
    """Count by address and minute; of IPv6 by what one customer is given, a /64."""
    seen = ip_address(client_address(request).strip("[]") or "::")
    where = ip_network((seen, 64), strict=False) if isinstance(seen, IPv6Address) else seen
    return f"answers:misses:{where}:{int(time.time() // _MINUTE_S)}"
