"""What a scene of the demonstration is made of: who is there, what is done, who must be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from notifier.settings import packaged

BOTH = ("sms", "email")
SAMPLES = packaged("config") / "samples"
CONVENTIONS = packaged("config") / "conventions"


@dataclass(frozen=True)
class Source:
    """A dispatch centre. Its telephone, of those kept for works of fiction, closes every text."""

    name: str
    departement: str
    duty_phone: str


@dataclass(frozen=True)
class Reader:
    """Somebody who must be told, by organisation, function and rank in the sample contacts.

    Over these channels, or over what they have where they have none of these. `says` are words that
    each of their texts must contain, `never` those that none may; accents and case do not count.
    """

    organisation: str
    function: str
    rank: int = 1
    channels: tuple[str, ...] = BOTH
    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()


@dataclass(frozen=True)
class Push:
    """One push by dispatch and its expected outcome; nobody else than `told` may get anything.

    `state`: the report's state afterwards; None when the push is refused. `decide`: the commune
    that a person then chooses with `notifier review`. Without a title it goes on with the one
    before.
    """

    title: str
    source: Source
    reference: str
    body: Mapping[str, Any]
    told: tuple[Reader, ...] = ()
    answer: int = 202
    state: str | None = "decided"
    decide: str | None = None
    repeats: bool = False


@dataclass(frozen=True)
class Command:
    """One `notifier` command; nobody else than `told` may get anything because of it.

    `says` and `never` are about what it prints, of which only the lines with words of `says` are
    shown if `is_brief`; with a label only the last line, after it.
    """

    words: tuple[str | Path, ...]
    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    told: tuple[Reader, ...] = ()
    title: str = ""
    label: str = ""
    is_brief: bool = False

    @property
    def arguments(self) -> list[str]:
        """The arguments as they are given."""
        return [str(word) for word in self.words]

    @property
    def as_typed(self) -> str:
        """The command as somebody types it in the folder of the project."""
        root = packaged("config").parent
        words = (
            str(word.relative_to(root) if word.is_relative_to(root) else word.name)
            if isinstance(word, Path)
            else word
            for word in self.words
        )
        return " ".join(["notifier", *(f'"{word}"' if " " in word else word for word in words)])


@dataclass(frozen=True)
class Silence:
    """The wait for an answer goes by: the telephone of `called` rings, and they press no key.

    Nobody else than `told` may get anything because of it.
    """

    title: str
    reference: str
    called: Reader
    told: tuple[Reader, ...]


@dataclass(frozen=True)
class Reply:
    """`reader` opens the link of their last text, and presses one of the buttons of its page.

    `kind`: as in the status resource, where dispatch reads it. `state`: the report's afterwards.
    """

    title: str
    reference: str
    reader: Reader
    kind: str
    told: tuple[Reader, ...] = ()
    state: str = "decided"


Step = Push | Command | Silence | Reply


@dataclass(frozen=True)
class Scene:
    """A whole demonstration."""

    contacts: Path
    sources: tuple[Source, ...]
    preparation: tuple[Command, ...]
    """Done while the service starts."""
    stories: Mapping[str, tuple[Step, ...]]
    """By name, played in this order."""
    columns: tuple[str, ...]
    """Those of the table at the end, of `steps.COLUMNS`."""
    timelines: tuple[str, ...]
    """The references whose timelines are shown at the end."""
