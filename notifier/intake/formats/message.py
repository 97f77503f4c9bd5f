"""A foreign message in our vocabulary, whatever its format."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from notifier.intake.schema.clickable import LINK
from notifier.intake.schema.reference import REFERENCE, refusal, short_reference

# Sequences count seconds from here; PostgreSQL's integer then lasts until 2088.
SEQUENCE_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


# How a number in a message becomes our reference.
ReferenceOf = Callable[[str], str]


class Effect(StrEnum):
    """What a message does to the state of its incident."""

    OPENS = "opens"
    """Reports or updates the report: it is under way, also if it had ended before."""
    CLOSES = "closes"
    CANCELS = "cancels"
    NOT_BEGUN = "not_begun"
    """Reports what nobody was engaged for yet: it begins nothing, and ends nothing."""
    RESOURCES = "resources"
    """Says only how far single resources are."""
    NAMES = "names"
    """Says nothing of this incident: it updates another, and whatever names it means both."""

    @property
    def ends(self) -> bool:
        """Whether nothing is expected after it."""
        return self in (Effect.CLOSES, Effect.CANCELS)


class Phase(StrEnum):
    """The stage that a resource has reached."""

    ON_THE_WAY = "on_the_way"
    ON_SCENE = "on_scene"
    LEFT = "left"
    """It has left the scene, with somebody for instance, and is not back yet."""
    OVER = "over"


@dataclass(frozen=True)
class ForeignMessage:
    """A message of another format, read. Holds nothing about a person."""

    format: str
    """RC-EDA, RC-RI, EMSI or CAP, for the journal."""
    identity: str
    """The same for a repetition, different for every other message of the source."""
    incident_references: tuple[str, ...]
    """References of the incident; one known by any of them is it, else the first names it."""
    effect: Effect
    exercise: bool | None
    """None when nothing says it."""
    sent_at: datetime | None
    """None when nothing says it: then the order of arrival counts."""
    name: str
    """The reference that later messages may know this one by."""
    content: Mapping[str, Any] | None
    """category (as given), severity, occurred_at, location (empty: the incident's) and, where the
    format says it, expires_at; None if it only changes a state."""
    references: tuple[str, ...] = ()
    """References of the messages that it names itself: it comes after them, whatever clocks say."""
    after: datetime | None = None
    """When the last of them was sent, as it says."""
    sender: str = ""
    """Who gave it its number, hashed; empty where numbers are nobody's own."""
    expires_at: datetime | None = None
    """Until when the message itself is worth reading: one that opens is refused after it."""
    is_update: bool = False
    coarse_category: bool = False
    """Its category is a rough translation: one that the incident already has stays."""
    resources: Mapping[str, Phase] = field(default_factory=dict)
    moments: tuple[str, ...] = ()
    """When each state of a resource began, as far as it is said."""
    dropped: tuple[str, ...] = ()
    paths: Mapping[str, str] = field(default_factory=dict)
    """Where in the document each of our fields was read, for refusals."""

    @property
    def digest(self) -> str:
        """Return the SHA-256 of all that was read: equal for equal messages."""
        said = {
            "incident_references": self.incident_references,
            "effect": self.effect,
            "exercise": self.exercise,
            "sent_at": self.sent_at.astimezone(UTC).isoformat() if self.sent_at else None,
            "is_update": self.is_update,
            "content": dict(self.content) if self.content is not None else None,
            "resources": dict(self.resources),
            "moments": self.moments,
        }
        written = json.dumps(said, sort_keys=True, default=str)
        return hashlib.sha256(written.encode()).hexdigest()


def adapted_reference(given: str, pattern: str = "") -> str:
    """Return the reference under which we keep a foreign number; two numbers never share one.

    A dot before letters would be a link on a telephone, so dots become slashes ("fr.health.1" ->
    "fr/health/1"). What a mayor may not read even so (with `pattern`, what has not the shape of the
    source's references), or holds a slash already, becomes a short reference of our own, and
    nothing of it is kept: a name may have been typed there.
    """
    plain = _without_link(given)
    if "/" not in given and REFERENCE.fullmatch(plain) and refusal(plain, pattern) is None:
        return plain
    return short_reference(given)


def possible_references(number: str) -> set[str]:
    """Return the references under which a number of dispatch's may be kept: as given, adapted."""
    return {number, _without_link(number), short_reference(number)}


def _without_link(given: str) -> str:
    return given if not LINK.search(given) else given.replace(".", "/")


def sequence_at(sent_at: datetime) -> int:
    """Return the sequence, in seconds, of a message sent at that instant (aware)."""
    return max(1, int((sent_at - SEQUENCE_EPOCH).total_seconds()))


def identity_of(*parts: object) -> str:
    """Return the SHA-256 under which a repeated message is recognised, of what identifies it."""
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()
