"""The vocabulary of dispatch's reports, shared by every room above. No Django."""

from enum import StrEnum


class Status(StrEnum):
    """Where a report stands."""

    ENGAGED = "engaged"
    ON_SCENE = "on_scene"
    CLOSED = "closed"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        """The status in French."""
        return _STATUS[self]


class Severity(StrEnum):
    """How grave dispatch says it is, in CAP's words; they compare in this order."""

    MINOR = "minor"
    MODERATE = "moderate"
    SEVERE = "severe"
    EXTREME = "extreme"

    @property
    def label(self) -> str:
        """The severity in French."""
        return _SEVERITY[self]

    @property
    def rank(self) -> int:
        """The rank, 0 for the least grave."""
        return list(Severity).index(self)

    def __lt__(self, other: str) -> bool:
        return self.rank < Severity(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= Severity(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > Severity(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= Severity(other).rank


_STATUS = {
    Status.ENGAGED: "engagée",
    Status.ON_SCENE: "sur place",
    Status.CLOSED: "terminée",
    Status.CANCELLED: "annulée",
}
_SEVERITY = {
    Severity.MINOR: "sans gravité",
    Severity.MODERATE: "de gravité modérée",
    Severity.SEVERE: "grave",
    Severity.EXTREME: "très grave",
}
