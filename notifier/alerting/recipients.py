"""Whom a commune's first alert goes to, and who is next when somebody cannot be reached."""

from collections.abc import Iterable, Sequence

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


def next_in_order(people: Sequence[Person], told: set[str]) -> Person | None:
    """The first who was not told yet; `told` holds the recipient labels of letters."""
    return next((person for person in people if recipient_label(person) not in told), None)


def recipient_label(person: Person) -> str:
    """How a letter names its recipient without a name."""
    return f"contact:{person.contact_id}"
