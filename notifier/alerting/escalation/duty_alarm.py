"""Alarm a source's duty officer about one alert: by mail, and by a call where that is possible.

In the caller's transaction; once for each key.
"""

from __future__ import annotations

from notifier.alerting.models import Alert, NotificationKind
from notifier.alerting.notification.duty_officer import duty_call, duty_mail
from notifier.alerting.notification.store import queue_duty_mails
from notifier.alerting.notification.text_facts import parse_facts
from notifier.alerting.policy.current import composer


def alarm_duty(alert: Alert, why: str, dedup_key: str, *, whom: str = "") -> None:
    """Tell the duty officer `why`, in French, somebody has to act; ever once for this key.

    `whom` to call, as in a sentence; where nothing is said, whoever of the organisation.
    """
    source, facts = alert.incident.source, parse_facts(alert.facts)
    subject, body = composer().unanswered(facts, why, whom)
    mail = duty_mail(
        NotificationKind.DUTY,
        source,
        dedup_key=dedup_key,
        incident_id=alert.incident_id,
        revision=alert.revision,
        subject=subject,
        body=body,
    )
    call = duty_call(
        source,
        dedup_key=f"{dedup_key}-call",
        incident_id=alert.incident_id,
        revision=alert.revision,
        body=composer().unanswered_call(facts, why, whom),
    )
    queue_duty_mails([mail, *([call] if call else [])])
