"""The kinds of an alert's texts, which every package of alerting shares."""

from enum import StrEnum


class Kind(StrEnum):
    """Kind of a text; a commune that is no longer affected gets a cancellation."""

    FIRST = "first"
    NEIGHBOUR = "neighbour"
    """The first text to a commune next to the one affected."""
    UPDATE = "update"
    END = "end"
    CANCELLATION = "cancellation"

    @property
    def opens(self) -> bool:
        """Whether it says all that is going on, not a later state of it."""
        return self in (Kind.FIRST, Kind.NEIGHBOUR)

    @property
    def closes(self) -> bool:
        """Whether no other text is to be expected after it."""
        return self in (Kind.END, Kind.CANCELLATION)
