"""Who could not be reached, as said to whoever is told in their place; what it says is true."""

from __future__ import annotations

from collections.abc import Iterable

from notifier.alerting.models import Notification
from notifier.delivery.models import FAILED_STATES, Channel, MessageState

# As one says the function in a sentence.
_WITH_ARTICLE = {
    "élu d’astreinte": "l’élu d’astreinte",
    "police municipale": "la police municipale",
    "autre contact": "un autre contact de la commune",
}
_FEMININE = ("police municipale",)
_ON = {Channel.SMS: "par SMS", Channel.EMAIL: "par courriel"}


def unreached_clause(
    failed: Notification, siblings: Iterable[Notification], *, is_tried_still: bool
) -> str:
    """Return a French clause: "le maire n’a pu être joint", "le maire et le 1er adjoint n’ont pu…".

    `failed` is the one that somebody else is told for, `siblings` all of its alert's revision.
    Named are those of whom every message failed. Where the one of `failed` may read another,
    or is sent one now (`is_tried_still`), or where this one may reach him yet, it says just that.
    """
    by_person: dict[str, list[Notification]] = {}
    for notification in siblings:
        by_person.setdefault(notification.recipient, []).append(notification)
    lost = {
        person: theirs[0].title
        for person, theirs in by_person.items()
        if all(one.message_state in FAILED_STATES for one in theirs)
    }
    if failed.recipient in lost and not is_tried_still:
        return _nobody_of(list(lost.values()))
    others = [n for n in by_person.get(failed.recipient, ()) if n.channel != failed.channel]
    is_elsewhere = is_tried_still or any(n.message_state not in FAILED_STATES for n in others)
    how = f" {_ON[Channel(failed.channel)]}" if is_elsewhere else ""
    return f"{_named(failed.title)} {_so_far(failed)}{_agreeing(failed.title)}{how}"


def _so_far(failed: Notification) -> str:
    if failed.message_state == MessageState.UNKNOWN:
        return "n’a peut-être pas été joint"
    return "n’est pas encore joint" if failed.is_delayed else "n’a pu être joint"


def _nobody_of(titles: list[str]) -> str:
    first = _named(titles[0])
    if len(titles) == 1:
        return f"{first} n’a pu être joint{_agreeing(titles[0])}"
    others = f"{len(titles) - 1} autres" if len(titles) > 2 else _named(titles[1])
    return f"{first} et {others} n’ont pu être joints"


def _named(title: str) -> str:
    return _WITH_ARTICLE.get(title, f"le {title}")


def _agreeing(title: str) -> str:
    return "e" if title in _FEMININE else ""
