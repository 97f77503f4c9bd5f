"""Say in French who could not be reached, to whoever is notified in their place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from notifier.alerting.models import Notification
from notifier.delivery.models import FAILED_STATES, Channel, MessageState
from notifier.directory.models import Function, OrganisationKind

# As one says the function in a sentence.
_WITH_ARTICLE = {
    "police municipale": "la police municipale",
}
_FEMININE = ("police municipale",)
_ON = {Channel.SMS: "par SMS", Channel.EMAIL: "par courriel", Channel.VOICE: "au téléphone"}


def failed_people_clause(
    failed: Notification, siblings: Iterable[Notification], *, is_tried_still: bool
) -> str:
    """Return a French clause: "le maire n’a pu être joint", "le maire et le 1er adjoint n’ont pu…".

    `failed` is the notification that is escalated, `siblings` all of its alert's revision. The
    people of whom every message failed are named. Where the recipient of `failed` may get another,
    is sent one now (`is_tried_still`), or may still get this one, the clause says just that.
    """
    by_person: dict[str, list[Notification]] = {}
    for notification in siblings:
        by_person.setdefault(notification.recipient, []).append(notification)
    lost = {
        person: own[0]
        for person, own in by_person.items()
        if all(n.message_state in FAILED_STATES for n in own)
    }
    if failed.recipient in lost and not is_tried_still:
        return _nobody_of(list(lost.values()))
    others = [n for n in by_person.get(failed.recipient, ()) if n.channel != failed.channel]
    is_elsewhere = is_tried_still or any(n.message_state not in FAILED_STATES for n in others)
    how = f" {_ON[Channel(failed.channel)]}" if is_elsewhere else ""
    return f"{_named(failed)} {_so_far(failed)}{agreeing(failed.title)}{how}"


def silent_people_clause(silent: Sequence[Notification]) -> str:
    """Return a French clause: "le maire n’a pas répondu", "le maire et le 1er adjoint n’ont…".

    `silent` has one notification for each person; empty where nobody was told that could answer.
    """
    if not silent:
        return ""
    first = _named(silent[0])
    if len(silent) == 1:
        return f"{first} n’a pas répondu"
    others = f"{len(silent) - 1} autres" if len(silent) > 2 else _named(silent[1])
    return f"{first} et {others} n’ont pas répondu"


def with_article(title: str) -> str:
    """Return a function as one says it in a sentence: "le maire", "l’élu d’astreinte"."""
    article = "l’" if title[:1] in "aeéiou" else "le "
    return _WITH_ARTICLE.get(title, f"{article}{title}")


def _so_far(failed: Notification) -> str:
    if failed.message_state == MessageState.UNKNOWN:
        return "n’a peut-être pas été joint"
    return "n’est pas encore joint" if failed.is_delayed else "n’a pu être joint"


def _nobody_of(lost: list[Notification]) -> str:
    first = _named(lost[0])
    if len(lost) == 1:
        return f"{first} n’a pu être joint{agreeing(lost[0].title)}"
    others = f"{len(lost) - 1} autres" if len(lost) > 2 else _named(lost[1])
    return f"{first} et {others} n’ont pu être joints"


def _named(notification: Notification) -> str:
    title = notification.title
    is_of_commune = notification.organisation_kind == OrganisationKind.COMMUNE
    if title == Function.OTHER.label:
        return f"un {title} de la commune" if is_of_commune else f"un {title}"
    return with_article(title)


def agreeing(title: str) -> str:
    """Return what a participle ends in that agrees with the function."""
    return "e" if title in _FEMININE else ""
