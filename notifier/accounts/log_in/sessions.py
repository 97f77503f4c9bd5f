"""How long a session lasts."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set
from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from notifier.accounts.log_in.client import client_address, is_address
from notifier.accounts.models import User

SESSION_LASTS = timedelta(hours=8)
# A board that refreshes itself is in use: nobody is to log in again in the middle of a night.
IDLE_LASTS = timedelta(hours=1)
# Not each request is worth a statement.
_NOTED_EVERY_S = 60
_OPENED, _SEEN = "opened_at", "seen_at"


def end_sessions(user: User, *, but: str | None = None) -> int:
    """End the account's sessions on every device, but the one of this key; return how many."""
    sessions = UserSession.objects.filter(user=user).exclude(session_key=but)
    keys = list(sessions.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    sessions.delete()
    return len(keys)


def open_sessions(user: User) -> list[UserSession]:
    """Return the account's sessions that have not ended, the latest first."""
    now = timezone.now()
    alive = Session.objects.filter(expire_date__gt=now).values("session_key")
    begun = UserSession.objects.filter(user=user, created_at__gt=now - SESSION_LASTS)
    return list(begun.filter(session_key__in=alive).order_by("-created_at"))


@receiver([password_changed, password_set, password_reset])
def end_others(user: User, request: HttpRequest, **_: Any) -> None:
    """End the other sessions of an account that got a new password."""
    end_sessions(user, but=request.session.session_key)


@receiver(user_logged_in)
def begin(user: User, request: HttpRequest, **_: Any) -> None:
    """Note when the session began, and for whom, so that it can be ended from elsewhere."""
    request.session[_OPENED] = request.session[_SEEN] = time.time()
    if is_address(client_address(request)):
        UserSession.objects.create_from_request(request, user=user)


def is_over(request: HttpRequest) -> bool:
    """Return whether the session has ended; note else that it is in use."""
    now = time.time()
    opened, seen = request.session.get(_OPENED, 0.0), request.session.get(_SEEN, 0.0)
    if now - opened > SESSION_LASTS.total_seconds() or now - seen > IDLE_LASTS.total_seconds():
        return True
    if now - seen > _NOTED_EVERY_S:
        request.session[_SEEN] = now
    return False


def forget_ended() -> None:
    """Delete what is left of sessions that have ended and of old failures to log in.

    May run anywhere, any number of times at once.
    """
    now = timezone.now()
    Session.objects.filter(expire_date__lt=now).delete()
    UserSession.objects.filter(created_at__lt=now - 2 * SESSION_LASTS).delete()
    # An attempt counts for a quarter of an hour; the address in it is kept no longer than needed.
    AccessAttempt.objects.filter(attempt_time__lt=now - settings.AXES_COOLOFF_TIME).delete()
