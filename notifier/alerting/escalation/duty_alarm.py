"""Alarm a source's duty officer about one alert: by mail, and by a call where that is possible.

In the caller's transaction; once for each key.
"""

from __future__ import annotations

import re
from enum import StrEnum

from notifier.alerting.models import Alert, NotificationKind
from notifier.alerting.notification.duty_officer import duty_call, duty_mail
from notifier.alerting.notification.store import queue_duty_mails
from notifier.alerting.notification.text_facts import parse_facts
from notifier.alerting.policy.current import composer
from notifier.directory.availability import makes_calls
from notifier.intake.models import Source


class Want(StrEnum):
    """For want of what the duty officer is alarmed about an alert."""

    UNANSWERED = "unanswered"
    """Nobody answered, and nobody is left to be told."""
    ENDED = "ended"
    """It expired before anybody answered."""
    CONTESTED = "contested"
    """A reader says that it is elsewhere, and nobody has decided."""


_KEY = re.compile(rf"({'|'.join(Want)})-(\d+)-(\d+)(?:-|$)")


def alarm_key(want: Want, alert: Alert) -> str:
    """Return under what the duty officer is told of it; more may follow after a hyphen."""
    return f"{want}-{alert.pk}-{alert.opened_revision}"


def parse_alarm_key(key: str) -> tuple[Want, int, int] | None:
    """Return what `alarm_key` was made of: the want, the alert's id, and when it was opened."""
    found = _KEY.match(key)
    return (Want(found[1]), int(found[2]), int(found[3])) if found else None


def alarm_duty(alert: Alert, why: str, dedup_key: str, *, whom: str = "") -> None:
    """Tell the duty officer `why`, in French, somebody has to act; ever once for this key.

    `whom` to call, as in a sentence; where nothing is said, whoever of the organisation.
    """
    subject, body = composer().unanswered(parse_facts(alert.facts), why, whom)
    mail = duty_mail(
        NotificationKind.DUTY,
        alert.incident.source,
        dedup_key=dedup_key,
        incident_id=alert.incident_id,
        revision=alert.revision,
        subject=subject,
        body=body,
    )
    queue_duty_mails([mail])
    call_duty(alert, why, f"{dedup_key}-call", whom=whom)


def call_duty(alert: Alert, why: str, dedup_key: str, *, whom: str = "") -> None:
    """Call the duty officer, if it can be called, to say `why`; ever once for this key."""
    call = duty_call(
        alert.incident.source,
        dedup_key=dedup_key,
        incident_id=alert.incident_id,
        revision=alert.revision,
        body=composer().unanswered_call(parse_facts(alert.facts), why, whom),
    )
    queue_duty_mails([call] if call else [])


def can_be_alarmed(source: Source) -> bool:
    """Return whether the source has a duty officer whom a mail or a call reaches."""
    return bool(source.duty_email or (source.duty_phone and makes_calls()))
