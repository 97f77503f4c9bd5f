"""Tell one more person of an organisation that is told already, by the same law or convention."""

from __future__ import annotations

from notifier.alerting.escalation.one_more import (
    NotTellableError,
    plan_for,
    wait_for_answer,
)
from notifier.alerting.manual.action import (
    Actor,
    ManualActionError,
    act,
    locked_alert,
    record,
    send_now,
)
from notifier.alerting.models import ActionKind, Alert
from notifier.alerting.notification.history import notifications_of
from notifier.alerting.notification.journal import alert_entry, recipients_in_words
from notifier.intake.models import Report
from notifier.journal.models import Step
from notifier.journal.write import write_entries


def tell(alert: Alert, mandate_id: int, actor: Actor) -> str:
    """Tell the person of this mandate of the alert, as it stands.

    Returns whom, without a name, and why the text waits if it does.

    Raises ManualActionError where nothing may be told any more, for whoever got it already, under
    whatever function, and where their addresses are somebody's who did.
    """
    pk = alert.pk
    return act(alert.incident_id, actor, lambda reports: _tell(pk, mandate_id, reports, actor))


def _tell(alert_id: int, mandate_id: int, reports: list[Report], actor: Actor) -> str:
    alert = locked_alert(alert_id, reports)
    try:
        more = plan_for(alert, mandate_id)
    except NotTellableError as error:
        raise ManualActionError(str(error)) from error
    whom = recipients_in_words(more.planned)
    what = f"prévenu en plus par {actor.who} : {whom}"
    write_entries([
        alert_entry(alert, Step.DECIDED, what, alert=alert.pk, rule="tell", who=actor.who)
    ])  # fmt: skip
    wait_for_answer(alert, more.category)
    said = send_now(alert, more.planned, notifications_of(alert.pk))
    record(alert.incident_id, ActionKind.TELL, actor, more.person.title)
    return said
