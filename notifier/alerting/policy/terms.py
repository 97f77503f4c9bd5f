"""Under what an organisation is told of an incident, and how its texts are addressed.

A commune is told by law, as its category says. A convention may tell other organisations what the
mayor may know, to other functions and in another lane.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from notifier.alerting.policy.categories import Category
from notifier.delivery.models import Channel, Lane
from notifier.directory.models import Detail, Function


@dataclass(frozen=True)
class Terms:
    """Under which rules of which conventions an organisation is told; none of them: by law."""

    rules: tuple[int, ...] = ()
    conventions: tuple[str, ...] = ()
    """Their titles, as the foot of a mail names them."""
    functions: tuple[str, ...] = ()
    """Those who are told; empty: whoever comes first in the organisation's order."""
    lane: str = ""
    """Empty: the category's."""
    detail: str = Detail.FULL
    communes: tuple[str, ...] = ()
    """The codes of the communes of which the organisation is told."""
    sites: tuple[str, ...] = ()
    """The names of its sites in which it is, where it is told because of these alone."""
    needs_release: bool = False
    """Whether a person must release each alert first (participation citoyenne)."""

    @property
    def is_by_law(self) -> bool:
        """Whether it is told as the mayor is, by law."""
        return not self.rules

    @property
    def may_read_place(self) -> bool:
        """Whether the place may be read, where the category tells it."""
        return self.detail == Detail.FULL

    @property
    def in_words(self) -> str:
        """The conventions and rules in French: "convention « … » (règle 12)"; empty by law."""
        if self.is_by_law:
            return ""
        named = " et ".join(f"« {title} »" for title in self.conventions)
        plural = "s" if len(self.conventions) > 1 else ""
        numbers = ", ".join(map(str, self.rules))
        return f"convention{plural} {named} (règle{'s' if len(self.rules) > 1 else ''} {numbers})"

    def as_json(self) -> dict[str, Any]:
        """Return them as an alert stores them; empty where it is told by law."""
        return {} if self.is_by_law else asdict(self)


BY_LAW = Terms()


def alarms_duty(category: Category, terms: Terms) -> bool:
    """Return whether the duty officer hears that an organisation was not reached.

    The law has the communes informed, and what is urgent must reach somebody; whoever reads a
    routine text under a convention finds it in the journal.
    """
    is_urgent = addressing(category, terms).is_urgent
    return terms.is_by_law or (is_urgent and not terms.needs_release)


def wants_answer(category: Category, terms: Terms) -> bool:
    """Return whether a text that opens or updates asks whom it concerns for an answer.

    Only what is urgent does, and what the duty officer would hear of if it reached nobody.
    """
    is_urgent = addressing(category, terms).is_urgent
    return category.answer != "none" and is_urgent and alarms_duty(category, terms)


def agreement_json(terms: Terms) -> dict[str, Any]:
    """Return what dispatch may read of the terms, as JSON types."""
    return {
        "conventions": list(terms.conventions),
        "rules": list(terms.rules),
        "detail": terms.detail,
        "sites": list(terms.sites),
    }


def parse_terms(stored: dict[str, Any]) -> Terms:
    """Return the terms as `Terms.as_json` wrote them."""
    lists = {name: tuple(value) for name, value in stored.items() if isinstance(value, list)}
    return Terms(**{**stored, **lists})


@dataclass(frozen=True)
class Addressing:
    """To whom an alert's texts go first, on which channels, and how fast."""

    functions: Sequence[str]
    """Who is told at once; empty: whoever comes first."""
    channels: Sequence[str]
    lane: Lane
    is_one_of_each: bool = False
    """Whether only the first person of each function is told: a métropole has fifteen
    vice-presidents. All residents of a quarter are."""
    kept: Sequence[str] = ()
    """Those of `functions` to whom a groupement narrows it; empty: all of them."""

    @property
    def is_urgent(self) -> bool:
        """Whether its texts need an SMS at once."""
        return self.lane is Lane.URGENT


def addressing(category: Category, terms: Terms = BY_LAW) -> Addressing:
    """Return how the texts of this category are addressed under these terms.

    What a convention makes urgent goes by SMS as well: a mail wakes nobody.
    """
    if terms.is_by_law:
        functions = (category.configured or category).tell
        kept = category.tell if category.tell != functions else ()
        return Addressing(functions, category.channels, Lane(category.lane), kept=kept)
    lane = Lane(terms.lane or category.lane)
    channels: tuple[str, ...] = category.channels
    if lane is Lane.URGENT and Channel.SMS not in channels:
        channels = (Channel.SMS, *channels)
    if terms.needs_release:
        return Addressing(terms.functions or (Function.RESIDENT,), channels, lane)
    return Addressing(terms.functions, channels, lane, is_one_of_each=True)
