"""Choose recipients: of a first text, of a later one, and the people who were not notified yet."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from notifier.alerting.kinds import Kind
from notifier.alerting.models import Notification
from notifier.alerting.policy.terms import Addressing
from notifier.delivery.models import FAILED_STATES, MessageState
from notifier.directory.recipients import Recipient


def first_recipients(people: Sequence[Recipient], addressing: Addressing) -> list[Recipient]:
    """Return those who get an alert's first text, in the order of the directory.

    They are those who have the functions that are told now, by their own mandate, in the place of
    who is absent, or on call. Without a mayor, the first deputy stands in
    (CGCT art. L2122-17); without anybody of those functions, the first person of all. Where none of
    them has a mobile, an urgent alert also goes to the first person who has one, or else who can be
    called. Who can only be called is told of nothing but that.
    """
    if addressing.kept:
        return _narrowed(people, addressing)
    if not addressing.is_urgent:
        people = [person for person in people if person.is_written_to]
    wanted = set(addressing.functions)
    chosen = [person for person in people if person.functions & wanted]
    if addressing.is_one_of_each:
        first_of = {f: person for person in reversed(chosen) for f in person.functions & wanted}
        chosen = [person for person in chosen if person in first_of.values()]
    if "maire" in wanted and not any("maire" in person.functions for person in people):
        deputies = [p for p in people if p.function == "adjoint" and p not in chosen]
        chosen = [person for person in people if person in chosen or person in deputies[:1]]
    chosen = chosen or list(people[:1])
    if addressing.is_urgent and not any(person.mobile for person in chosen):
        first_with_phone = (_with_phone(people) or _callable(people))[:1]
        chosen = [person for person in people if person in chosen or person in first_with_phone]
    return chosen


def _narrowed(people: Sequence[Recipient], addressing: Addressing) -> list[Recipient]:
    """Return those whom a groupement keeps, of those who are told without it, and nobody else.

    All of these where none of them is there; of an urgent alert also the first with a telephone.
    """
    everyone = first_recipients(people, replace(addressing, kept=()))
    narrower = first_recipients(people, replace(addressing, functions=addressing.kept, kept=()))
    chosen = [person for person in everyone if person in narrower] or everyone
    if addressing.is_urgent and not _with_phone(chosen):
        with_phone = (_with_phone(everyone) or _callable(everyone))[:1]
        chosen = [person for person in everyone if person in chosen or person in with_phone]
    return chosen


def sms_recipients(people: Sequence[Recipient], earlier: Iterable[Notification]) -> list[Recipient]:
    """Return who gets by SMS, or without a mobile by a call, what else would go by e-mail alone.

    Of those who got the earlier notifications everybody who has a telephone, for they know what it
    is about; else the first person who has one.
    """
    notified = {n.recipient for n in earlier}
    owners = _with_phone(people) or _callable(people)
    return [person for person in owners if recipient_key(person) in notified] or owners[:1]


def _with_phone(people: Iterable[Recipient]) -> list[Recipient]:
    return [person for person in people if person.mobile]


def _callable(people: Iterable[Recipient]) -> list[Recipient]:
    return [person for person in people if "voice" in person.addresses]


def people_not_notified(
    people: Iterable[Recipient], notifications: Iterable[Notification]
) -> Iterator[Recipient]:
    """Yield the people to whom none of the notifications went, in their order."""
    notified = {n.recipient for n in notifications}
    return (person for person in people if recipient_key(person) not in notified)


def not_failed(notifications: Iterable[Notification]) -> list[Notification]:
    """Return the notifications that reached their recipient, or still may."""
    return [
        n for n in notifications if n.message_state not in (*FAILED_STATES, MessageState.CANCELLED)
    ]


def on_time(notifications: Iterable[Notification]) -> list[Notification]:
    """Return the notifications that reached their recipient, or can be expected to in time."""
    return [n for n in not_failed(notifications) if not n.is_delayed and not n.is_given_up]


def needing_revision(kind: Kind, earlier: Iterable[Notification]) -> list[Notification]:
    """Return the earlier notifications whose addresses get a later text of this kind.

    An update also goes where a failure was recorded and not followed up yet: its own failure then
    brings it to the next person in order, and nobody is forgotten in between.
    """
    if kind is Kind.CANCELLATION:
        return [n for n in not_failed(earlier) if n.message_state != MessageState.PENDING]
    notifications = list(earlier)
    awaiting_follow_up = [
        n for n in notifications if n.message_state in FAILED_STATES and not n.is_followed_up
    ]
    return [*not_failed(notifications), *(() if kind is Kind.END else awaiting_follow_up)]


def recipient_key(person: Recipient) -> str:
    """Return how a notification refers to its recipient, without a name."""
    return f"person:{person.person_id}"


def person_of(recipient: str) -> int | None:
    """Return the number of the person to whom a notification refers so; None for nobody's."""
    kind, _, number = recipient.partition(":")
    return int(number) if kind == "person" and number.isdigit() else None
