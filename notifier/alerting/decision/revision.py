"""Plan the later texts of an alert: who gets them, and why one reaches nobody."""

from collections.abc import Sequence

from notifier.alerting.kinds import Kind
from notifier.alerting.models import Notification
from notifier.alerting.notification.planned import AlertText, PlannedNotification, has_sms, merged
from notifier.alerting.notification.recipients import (
    first_recipients,
    needing_revision,
    sms_recipients,
)
from notifier.alerting.policy.categories import Category
from notifier.delivery.models import Channel
from notifier.directory.recipients import Person


def plan_revision(
    kind: Kind,
    text: AlertText,
    notifications: Sequence[Notification],
    category: Category,
    people: Sequence[Person],
    *,
    to_first_recipients: bool,
) -> tuple[list[PlannedNotification], list[Notification]]:
    """Address the text to those who got earlier ones; also return the notifications of departed.

    `notifications` are the alert's so far. Only those since it was last opened count: a mayor of
    then is not one of now. `people` are the commune's present contacts. `to_first_recipients` adds
    those who would get a first text, for what was next door is now in the commune. An end may go to
    nobody; urgent news goes to a telephone.
    """
    since_opened = [n for n in notifications if n.revision >= text.alert.opened_revision]
    earlier = needing_revision(kind, since_opened)
    planned = text.for_recipients_of(earlier, people)
    departed = [n for n in earlier if not text.for_recipients_of([n], people)]
    if kind.closes:
        return planned, departed
    if to_first_recipients or not planned:
        first = text.for_people(first_recipients(people, category), category.channels)
        planned = merged(planned, first)
    if category.is_urgent and not has_sms(planned):
        planned = merged(planned, text.for_people(sms_recipients(people, earlier), [Channel.SMS]))
    return planned, departed


def why_unreached(
    kind: Kind,
    category: Category,
    planned: Sequence[PlannedNotification],
    departed: Sequence[Notification],
) -> str | None:
    """Say in French why these notifications reach nobody, or no telephone in an urgent alert.

    None where they do. An end needs no telephone, and nobody where nobody waits for it; `departed`
    are the earlier notifications whose recipients have left.
    """
    if kind.closes:
        if planned or not departed:
            return None
        return "ceux qui avaient reçu l’alerte ne sont plus dans l’annuaire, nul n’en lit la fin"
    if not planned:
        return "aucun contact joignable dans l’annuaire"
    if category.is_urgent and not has_sms(planned):
        return "aucun contact n’y a de mobile, il n’est parti que des courriels"
    return None
