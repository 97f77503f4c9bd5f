"""Watch over the end-to-end tests: start them, report to an outside monitor, mail who is in charge.

A worker starts them, by the clock and the broker, so that these are tried as well. Whoever has to
say that they do not arrive may depend on none of it: the clock's process looks every INTERVAL_S by
itself, and hands its mail to the mail server directly.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from threading import Lock, Thread

import structlog
from django.conf import settings
from django.db import Error, connection
from django.utils import timezone

from notifier.alerting.administrators import mailboxes_of_platform
from notifier.alerting.canary.heartbeat import send_heartbeat
from notifier.alerting.canary.runs import (
    Outage,
    OutageKind,
    alarms_over,
    find_outage,
    is_on,
    last_returned,
    note_returned,
    period,
    start_if_due,
)
from notifier.alerting.canary_source import LATE_AFTER
from notifier.alerting.models import CanaryRun
from notifier.alerting.policy.current import composer
from notifier.delivery.direct_mail import mail_now
from notifier.jobs.heartbeat import unserved_queues
from notifier.moments import written_moment

log = structlog.get_logger(__name__)

INTERVAL_S = 10.0

_looking = Lock()
_looked_at = float("-inf")


def tick() -> None:
    """Start a test that is due and note what came back; called by the clock, through a worker.

    Without a test number, that it is called and that every queue has a worker is what an outside
    monitor is told.
    """
    if is_on():
        start_if_due()
        _note_returned()
    elif settings.ENVIRONMENT.HEARTBEAT_URL and not unserved_queues():
        send_heartbeat()


def look_from_clock() -> None:
    """Look in a thread of its own, at most every INTERVAL_S; the caller's heartbeat never waits."""
    global _looked_at
    if not is_on() or time.monotonic() - _looked_at < INTERVAL_S:
        return
    if _looking.acquire(blocking=False):
        _looked_at = time.monotonic()
        Thread(target=_look_once, name="canary", daemon=True).start()


def look() -> Outage | None:
    """Mail those in charge where tests do not arrive, once, and once when they do again.

    May run anywhere, any number of times at once; never needs the broker or a worker.
    """
    _note_returned()
    outage = find_outage()
    if outage is None:
        _tell_over()
    else:
        _tell(outage)
    return outage


def _look_once() -> None:
    try:
        look()
    except Error as error:
        log.warning("end-to-end tests cannot be looked at", error=repr(error))
    except Exception:  # whatever it is, the next look is due in a moment
        log.exception("end-to-end tests cannot be looked at")
    finally:
        connection.close()
        _looking.release()


def _note_returned() -> None:
    if note_returned():
        send_heartbeat()


def _tell(outage: Outage) -> None:
    now = timezone.now()
    mine = CanaryRun.objects.filter(pk=outage.run.pk)
    if not mine.filter(alarmed_at=None).update(alarmed_at=now):
        return
    log.error("end-to-end tests do not arrive", why=str(outage))
    if not _mail({"is_over": False, "reason": reason_of(outage), "moment": _moment(outage.since)}):
        # Tried again at the next look.
        mine.filter(alarmed_at=now).update(alarmed_at=None)


def _tell_over() -> None:
    for run in alarms_over():
        mine = CanaryRun.objects.filter(pk=run.pk)
        if not mine.filter(alarmed_at=run.alarmed_at).update(alarmed_at=None):
            continue
        log.warning("end-to-end tests arrive again")
        last = last_returned()
        at = last.message.ended_at if last and last.message else None
        if not _mail({"is_over": True, "reason": "", "moment": _moment(at or timezone.now())}):
            mine.filter(alarmed_at=None).update(alarmed_at=run.alarmed_at)


def _mail(facts: dict[str, object]) -> bool:
    """Mail those in charge; return whether there is nothing more to try."""
    addresses = settings.ENVIRONMENT.alarm_emails or mailboxes_of_platform()
    if not addresses:
        log.error("nobody is in charge: set ALARM_EMAIL, or give the platform's accounts a mailbox")
        return True
    subject, body = composer().canary(facts)
    return mail_now(addresses, subject, body) > 0


def reason_of(outage: Outage) -> str:
    """Say in French why tests do not arrive, as the beginning of a sentence."""
    at = _moment(outage.since)
    match outage.kind:
        case OutageKind.LATE:
            return f"L’essai envoyé {at} n’est pas revenu en {_minutes(LATE_AFTER)}"
        case OutageKind.REFUSED:
            return f"L’essai envoyé {at} n’a pas été remis au numéro d’essai"
        case OutageKind.MISSING:
            return (
                f"Aucun essai n’est parti depuis {at} : un est dû toutes les {_minutes(period())}"
            )


def _moment(at: datetime) -> str:
    return written_moment(timezone.localtime(at))


def _minutes(length: timedelta) -> str:
    minutes = round(length.total_seconds() / 60)
    return f"{minutes} minutes" if minutes > 1 else "minute"
