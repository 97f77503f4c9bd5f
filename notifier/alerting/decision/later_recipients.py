"""Address the later texts of an alert, to those who got the earlier ones or stand in for them."""

from collections.abc import Sequence

from notifier.alerting.kinds import Kind
from notifier.alerting.models import Notification
from notifier.alerting.notification.planned import AlertText, PlannedNotification, merged, rings
from notifier.alerting.notification.recipients import (
    first_recipients,
    needing_revision,
    sms_recipients,
)
from notifier.alerting.policy.terms import Addressing
from notifier.delivery.models import Channel
from notifier.directory.recipients import Recipient


def address_later_text(
    kind: Kind,
    text: AlertText,
    notifications: Sequence[Notification],
    addressing: Addressing,
    people: Sequence[Recipient],
    *,
    include_first_recipients: bool,
) -> tuple[list[PlannedNotification], list[Notification]]:
    """Address the text to those who got earlier ones; also return the rest of those notifications.

    The rest are those whose recipients are active no more. `notifications` are the alert's so far:
    only those since it was last opened count, as a mayor of then is not one of now. `people` are
    the organisation's active ones. `include_first_recipients` adds those who would get a first
    text, for what was next door is now in the commune. An end may go to nobody; urgent news goes to
    a telephone.
    """
    since_opened = [n for n in notifications if n.revision >= text.alert.opened_revision]
    earlier = needing_revision(kind, since_opened)
    planned = text.for_recipients_of(earlier, people)
    to_former = [n for n in earlier if not text.for_recipients_of([n], people)]
    if kind.closes:
        return planned, to_former
    if include_first_recipients or not planned:
        first = text.for_people(first_recipients(people, addressing), addressing.channels)
        planned = merged(planned, first)
    if addressing.is_urgent and not rings(planned):
        planned = merged(planned, text.for_people(sms_recipients(people, earlier), [Channel.SMS]))
    return planned, to_former
