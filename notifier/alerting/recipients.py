"""Whom a text goes to: at first, afterwards, and who is next when somebody cannot be reached."""

from collections.abc import Iterable, Iterator, Sequence

from notifier.alerting.composition import Kind
from notifier.delivery.models import BAD_ENDS, Message, MessageState
from notifier.directory.people import Person


def told_at_once(people: Sequence[Person], functions: Iterable[str]) -> list[Person]:
    """Those whose function is to be told at once, in their order.

    Without a mayor, the first deputy stands in (CGCT art. L2122-17); without anybody of those
    functions, whoever comes first is told: a commune that has one contact has one to tell.
    """
    wanted = set(functions)
    chosen = [person for person in people if person.function in wanted]
    if "maire" in wanted and not any(person.function == "maire" for person in people):
        deputies = [p for p in people if p.function == "adjoint" and p not in chosen]
        chosen = [person for person in people if person in chosen or person in deputies[:1]]
    return chosen or list(people[:1])


def not_yet_told(people: Iterable[Person], messages: Iterable[Message]) -> Iterator[Person]:
    """Those to whom none of the messages went, in their order."""
    told = {message.recipient for message in messages}
    return (person for person in people if recipient_label(person) not in told)


def reached(messages: Iterable[Message]) -> list[Message]:
    """Those of the messages that got to their reader, or may still."""
    return [m for m in messages if m.state not in (*BAD_ENDS, MessageState.CANCELLED)]


def concerned_by(kind: Kind, earlier: Iterable[Message]) -> list[Message]:
    """Those of the earlier messages whose addresses get a text of this kind.

    What is news also goes where a failure was recorded and not followed up yet: whoever is next in
    order then is told by the news' own failure, and nobody is forgotten in between.
    """
    if kind is Kind.CANCELLATION:
        return [m for m in reached(earlier) if m.state != MessageState.PENDING]
    messages = list(earlier)
    forgotten = [m for m in messages if m.state in BAD_ENDS and not m.is_followed_up]
    return [*reached(messages), *(() if kind is Kind.END else forgotten)]


def recipient_label(person: Person) -> str:
    """How a letter names its recipient without a name."""
    return f"contact:{person.contact_id}"
