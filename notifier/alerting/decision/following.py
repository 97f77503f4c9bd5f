"""What comes after an alert: to whom it goes, and why it reaches or rings nobody."""

from collections.abc import Sequence

from notifier.alerting.kinds import Kind
from notifier.alerting.models import Notification
from notifier.alerting.notification.planned import AlertText, PlannedNotification, merged, rings
from notifier.alerting.notification.recipients import concerned_by, to_ring, told_at_once
from notifier.alerting.policy.categories import Category
from notifier.delivery.models import Channel
from notifier.directory.recipients import Person


def plan_following(
    kind: Kind,
    text: AlertText,
    notifications: Sequence[Notification],
    category: Category,
    people: Sequence[Person],
    *,
    anew: bool,
) -> tuple[list[PlannedNotification], list[Notification]]:
    """Address it to those who got what came before, where they are reached now; and who has left.

    Only an end may be told to nobody. `people` are the commune's of now. Of an alert taken up
    again, only those count who were told since: a mayor of then is not of now. `anew` also tells
    those who would be told at first: what was next door is now in the commune. News that is urgent
    rings a telephone.
    """
    since = [n for n in notifications if n.revision >= text.alert.opened_revision]
    earlier = concerned_by(kind, since)
    planned = text.for_recipients_of(earlier, people)
    gone = [one for one in earlier if not text.for_recipients_of([one], people)]
    if kind.closes:
        return planned, gone
    if anew or not planned:
        first = text.for_people(told_at_once(people, category), category.channels)
        planned = merged(planned, first)
    if category.is_urgent and not rings(planned):
        planned = merged(planned, text.for_people(to_ring(people, earlier), [Channel.SMS]))
    return planned, gone


def why_unreached(
    kind: Kind,
    category: Category,
    planned: Sequence[PlannedNotification],
    gone: Sequence[Notification],
) -> str | None:
    """Say why the duty officer is told that these reach nobody, or ring nobody for an urgent alert.

    In French; None where they do. An end rings nobody, and is told to nobody where nobody waits for
    it; `gone` are the earlier notifications whose recipients have left.
    """
    if kind.closes:
        if planned or not gone:
            return None
        return "ceux qui avaient reçu l’alerte ne sont plus dans l’annuaire, nul n’en lit la fin"
    if not planned:
        return "aucun contact joignable dans l’annuaire"
    if category.is_urgent and not rings(planned):
        return "aucun contact n’y a de mobile, il n’est parti que des courriels"
    return None
