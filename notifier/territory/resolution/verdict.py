"""What the clues to a place prove together."""

from enum import StrEnum


class Verdict(StrEnum):
    """What the clues prove together."""

    CERTAIN = "certain"
    """Exactly one commune, or every commune of a list of codes, and no clue against it."""
    EDGE = "edge"
    """A point close to a border, or an area over several communes; the category says which are
    told."""
    CONFLICT = "conflict"
    """Two clues exclude each other, or a code is also a postal code of other communes and no clue
    tells which is meant: a person decides."""
    UNKNOWN = "unknown"
    """The clues leave a choice, or name nobody: a person decides."""
