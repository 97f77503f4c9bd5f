"""How long a session lasts."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

SESSION_LASTS = timedelta(hours=8)
# A board that refreshes itself is in use: nobody is to log in again in the middle of a night.
IDLE_LASTS = timedelta(hours=1)
# Not each request is worth a statement.
_NOTED_EVERY_S = 60
_OPENED, _SEEN = "opened_at", "seen_at"


@receiver(user_logged_in)
def begin(request: HttpRequest, **_: Any) -> None:
    """Note when the session began."""
    request.session[_OPENED] = request.session[_SEEN] = time.time()


def is_over(request: HttpRequest) -> bool:
    """Return whether the session has ended; note else that it is in use."""
    now = time.time()
    opened, seen = request.session.get(_OPENED, 0.0), request.session.get(_SEEN, 0.0)
    if now - opened > SESSION_LASTS.total_seconds() or now - seen > IDLE_LASTS.total_seconds():
        return True
    if now - seen > _NOTED_EVERY_S:
        request.session[_SEEN] = now
    return False
