"""What follows from an answer: who is waited for still, who took it, who is told or asked next.

In the transaction of the answer, under the incident's lock.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from notifier.alerting.escalation.duty_alarm import Want, alarm_duty, alarm_key, call_duty
from notifier.alerting.escalation.failed_people import agreeing, with_article
from notifier.alerting.escalation.failover import store_throttled
from notifier.alerting.escalation.one_more import plan_for, wait_for_answer
from notifier.alerting.escalation.taken import tell_taken
from notifier.alerting.escalation.undecided import wait_for_decision
from notifier.alerting.models import Alert, AnswerKind, answers_to
from notifier.alerting.notification.history import notifications_of
from notifier.alerting.notification.journal import alert_entry, recipients_in_words
from notifier.alerting.review.contest import contest, contest_in_words, what_to_decide
from notifier.intake.models import Report
from notifier.journal.models import Step
from notifier.journal.write import write_entries

# With these somebody knows; the others send the alert on, or back.
COUNTED_KINDS = (AnswerKind.NOTED, AnswerKind.TAKEN, AnswerKind.CALL_ME)
TAKEN_FIELDS = ("taken_at", "taken_by", "taken_title")


def count(alert: Alert) -> None:
    """Wait no longer once as many people know as are wanted; one is enough for the duty officer."""
    if alert.duty_due_at is not None:
        Alert.objects.filter(pk=alert.pk).update(duty_due_at=None)
    if 0 < alert.answers_wanted <= _number_of_people(alert):
        waiting = Alert.objects.filter(pk=alert.pk, answered_at=None)
        waiting.update(answered_at=timezone.now(), answer_due_at=None)


def _number_of_people(alert: Alert) -> int:
    """Count the people who know, without who has handed it over since."""
    rows = answers_to(alert).order_by("at", "pk").values_list("recipient", "kind")
    last = {person: kind for person, kind in rows if kind != AnswerKind.NOT_MINE}
    return sum(kind in COUNTED_KINDS for kind in last.values())


def take(alert: Alert, recipient: str, title: str) -> bool:
    """Let the first who takes it have it, and return whether this is the first.

    Everyone else whom it told learns by whom.
    """
    free = Alert.objects.filter(pk=alert.pk, taken_at=None)
    if not free.update(taken_at=timezone.now(), taken_by=recipient, taken_title=title):
        return False
    alert.refresh_from_db(fields=TAKEN_FIELDS)
    tell_taken(alert)
    return True


def ask_for_call(alert: Alert, recipient: str, title: str) -> None:
    """Have the duty officer call back, once for each person."""
    key = f"call-me-{alert.pk}-{alert.opened_revision}-{recipient}"
    who = with_article(title)
    alarm_duty(alert, f"{who} demande à être rappelé{agreeing(title)}", key, whom=who)


def hand_over(alert: Alert, title: str, mandate_id: int | None) -> str:
    """Tell the person of this mandate as if it were their turn; None: the next in order.

    Returns the function. Raises NotTellableError where nobody can be told so.
    """
    more = plan_for(alert, mandate_id)
    what = f"transmis par {title}, au tour de {recipients_in_words(more.planned)}"
    entry = alert_entry(alert, Step.DECIDED, what, alert=alert.pk, rule="handed_over")
    write_entries([entry])
    if _number_of_people(alert) < alert.answers_wanted:
        # Whoever noted it, and then handed it over, is no longer who sees to it.
        Alert.objects.filter(pk=alert.pk).update(answered_at=None)
    wait_for_answer(alert, more.category)
    store_throttled(more.planned, notifications_of(alert.pk))
    return more.person.title


def send_back(alert: Alert, title: str, reports: Sequence[Report]) -> None:
    """Ask a person where it is; until then nobody else is told of the alert for want of answers."""
    who = with_article(title)
    why = contest_in_words(alert, who)
    is_asked = contest(reports, f"{alert.organisation_name} : {why}")
    Alert.objects.filter(pk=alert.pk).update(answer_due_at=None)
    if not _somebody_knows(alert):
        wait_for_decision(alert)
    number = answers_to(alert).filter(kind=AnswerKind.NOT_MINE).count()
    # Nobody else is told until somebody decides: a mail may lie unread at night.
    if is_asked or number == 1:
        key = f"{alarm_key(Want.CONTESTED, alert)}-{number}"
        call_duty(alert, f"{why}, {what_to_decide(alert)}", key, whom=who)


def _somebody_knows(alert: Alert) -> bool:
    """Return whether somebody knows of it, and did not send it back or hand it over since."""
    rows = answers_to(alert).order_by("at", "pk").values_list("recipient", "kind")
    return any(kind in COUNTED_KINDS for kind in dict(rows).values())
