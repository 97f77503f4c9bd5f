"""Which text of an alert: the one word that every room of alerting shares."""

from enum import StrEnum


class Kind(StrEnum):
    """Which of an alert's texts; a commune no longer concerned gets a cancellation."""

    FIRST = "first"
    NEIGHBOUR = "neighbour"
    """The first of an alert to a commune next to the one that is concerned."""
    UPDATE = "update"
    END = "end"
    CANCELLATION = "cancellation"

    @property
    def opens(self) -> bool:
        """Whether it says what is going on and is not a later state of what was said."""
        return self in (Kind.FIRST, Kind.NEIGHBOUR)

    @property
    def closes(self) -> bool:
        """Whether nothing more is to be expected after it."""
        return self in (Kind.END, Kind.CANCELLATION)
