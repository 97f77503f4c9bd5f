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


class Closure(StrEnum):
    """How an incident came to its end, as far as those told of it may know: no word on people."""

    FIRE_OUT = "fire_out"
    FIRE_CONTAINED = "fire_contained"
    DANGER_OVER = "danger_over"
    SITE_SECURED = "site_secured"
    LEAK_STOPPED = "leak_stopped"
    SUPPLY_RESTORED = "supply_restored"
    ROAD_OPEN = "road_open"
    WATERS_FALLING = "waters_falling"
    CALM_RESTORED = "calm_restored"
    SEARCH_OVER = "search_over"
    NOTHING_FOUND = "nothing_found"
    FALSE_ALARM = "false_alarm"
    COMMUNE_TO_ACT = "commune_to_act"

    @property
    def label(self) -> str:
        """The closure in French, as it ends a sentence."""
        return _CLOSURE[self]


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
_CLOSURE = {
    Closure.FIRE_OUT: "feu éteint",
    Closure.FIRE_CONTAINED: "feu maîtrisé, surveillance en cours",
    Closure.DANGER_OVER: "danger écarté",
    Closure.SITE_SECURED: "lieux mis en sécurité",
    Closure.LEAK_STOPPED: "fuite arrêtée",
    Closure.SUPPLY_RESTORED: "réseau rétabli",
    Closure.ROAD_OPEN: "circulation rétablie",
    Closure.WATERS_FALLING: "décrue amorcée",
    Closure.CALM_RESTORED: "calme revenu",
    Closure.SEARCH_OVER: "recherches terminées",
    Closure.NOTHING_FOUND: "rien constaté sur place",
    Closure.FALSE_ALARM: "fausse alerte",
    Closure.COMMUNE_TO_ACT: "suites à donner par la commune",
}
