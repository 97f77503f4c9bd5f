"""What comes after an alert: to whom it goes, and why it reaches or rings nobody."""

from collections.abc import Sequence

from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert
from notifier.alerting.notification.history import everyone_told
from notifier.alerting.notification.messages import Envelope, added, rings
from notifier.alerting.notification.recipients import concerned_by, to_ring, told_at_once
from notifier.alerting.policy.categories import Category
from notifier.delivery.models import Channel, Message
from notifier.delivery.outbox import OutgoingMessage
from notifier.directory.recipients import Person


def letters_to_follow(
    kind: Kind,
    envelope: Envelope,
    alert: Alert,
    category: Category,
    people: Sequence[Person],
    *,
    anew: bool,
) -> tuple[list[OutgoingMessage], list[Message]]:
    """To those who got what came before, where they are reached now, and those who have left.

    Only an end may be told to nobody. `people` are the commune's of now. Of an alert taken up
    again, only those count who were told since: a mayor of then is not of now. `anew` also tells
    those who would be told at first: what was next door is now in the commune. News that is urgent
    rings a telephone.
    """
    since = [m for m in everyone_told(str(alert.pk)) if m.revision >= alert.opened_revision]
    earlier = concerned_by(kind, since)
    letters = envelope.for_told(earlier, people)
    gone = [message for message in earlier if not envelope.for_told([message], people)]
    if kind.closes:
        return letters, gone
    if anew or not letters:
        first = envelope.for_people(told_at_once(people, category), category.channels)
        letters = added(letters, first)
    if category.is_urgent and not rings(letters):
        letters = added(letters, envelope.for_people(to_ring(people, earlier), [Channel.SMS]))
    return letters, gone


def why_unreached(
    kind: Kind, category: Category, letters: list[OutgoingMessage], gone: Sequence[Message]
) -> str | None:
    """Why the duty is told that these letters reach nobody, or ring nobody for an urgent alert.

    In French; None where they do. An end rings nobody, and is told to nobody where nobody waits for
    it; `gone` are the earlier messages whose readers have left.
    """
    if kind.closes:
        if letters or not gone:
            return None
        return "ceux qui avaient reçu l’alerte ne sont plus dans l’annuaire, nul n’en lit la fin"
    if not letters:
        return "aucun contact joignable dans l’annuaire"
    if category.is_urgent and not rings(letters):
        return "aucun contact n’y a de mobile, il n’est parti que des courriels"
    return None
