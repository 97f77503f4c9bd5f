"""Who gets a text: at first, afterwards, and who is next when somebody cannot be reached."""

from collections.abc import Iterable, Iterator, Sequence

from notifier.alerting.kinds import Kind
from notifier.alerting.models import Notification
from notifier.alerting.policy.categories import Category
from notifier.delivery.models import FAILED_STATES, MessageState
from notifier.directory.recipients import Person


def told_at_once(people: Sequence[Person], category: Category) -> list[Person]:
    """Return those whose function the category tells at once, in their order.

    Without a mayor, the first deputy stands in (CGCT art. L2122-17); without anybody of those
    functions, whoever comes first is told: a commune that has one contact has one to tell. Where
    none of them has a telephone, an urgent alert is told besides to the first who has.
    """
    wanted = set(category.tell)
    chosen = [person for person in people if person.function in wanted]
    if "maire" in wanted and not any(person.function == "maire" for person in people):
        deputies = [p for p in people if p.function == "adjoint" and p not in chosen]
        chosen = [person for person in people if person in chosen or person in deputies[:1]]
    chosen = chosen or list(people[:1])
    if category.is_urgent and not any(person.mobile for person in chosen):
        ringing = _with_phone(people)[:1]
        chosen = [person for person in people if person in chosen or person in ringing]
    return chosen


def to_ring(people: Sequence[Person], earlier: Iterable[Notification]) -> list[Person]:
    """Return whose telephones ring with news that would else go by e-mail alone.

    Of those who got the earlier notifications whoever has one, for they know what it is about; else
    the first in the order.
    """
    told = {n.recipient for n in earlier}
    ringing = _with_phone(people)
    return [person for person in ringing if recipient_label(person) in told] or ringing[:1]


def _with_phone(people: Iterable[Person]) -> list[Person]:
    return [person for person in people if person.mobile]


def not_yet_told(
    people: Iterable[Person], notifications: Iterable[Notification]
) -> Iterator[Person]:
    """Return those to whom none of the notifications went, in their order."""
    told = {n.recipient for n in notifications}
    return (person for person in people if recipient_label(person) not in told)


def reached(notifications: Iterable[Notification]) -> list[Notification]:
    """Return those that got to their recipient, or may still."""
    return [
        n for n in notifications if n.message_state not in (*FAILED_STATES, MessageState.CANCELLED)
    ]


def awaited(notifications: Iterable[Notification]) -> list[Notification]:
    """Return those that got to their recipient, or of which one can expect it in time."""
    return [n for n in reached(notifications) if not n.is_delayed and not n.is_given_up]


def concerned_by(kind: Kind, earlier: Iterable[Notification]) -> list[Notification]:
    """Return those of the earlier notifications whose addresses get a text of this kind.

    What is news also goes where a failure was recorded and not followed up yet: whoever is next in
    order then is told by the news' own failure, and nobody is forgotten in between.
    """
    if kind is Kind.CANCELLATION:
        return [n for n in reached(earlier) if n.message_state != MessageState.PENDING]
    notifications = list(earlier)
    forgotten = [
        n for n in notifications if n.message_state in FAILED_STATES and not n.is_followed_up
    ]
    return [*reached(notifications), *(() if kind is Kind.END else forgotten)]


def recipient_label(person: Person) -> str:
    """Return how a notification refers to its recipient without a name."""
    return f"contact:{person.contact_id}"
