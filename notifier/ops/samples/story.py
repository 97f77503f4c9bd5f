"""Two weeks in the Territoire de Belfort: what happened when, seen from now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import Enum, auto
from typing import Any
from zoneinfo import ZoneInfo

from notifier.alerting.models import AnswerKind, AnswerMeans
from notifier.directory.confirmation import next_office_moment

CORG, POLICE = "CORG 90", "DDPN 90"
DUTY_PHONE, POLICE_PHONE = "03 53 01 00 90", "03 53 01 00 17"
DUTY_EMAIL, POLICE_EMAIL = "permanence@ggd90.example", "permanence@ddpn90.example"
BEGINNING = timedelta(days=13)
# Numbers and mailboxes that nobody has any more: of the mayors of Essert, of Auxelles-Bas and of
# Montbouton; the two last are the only ones there, and the last one's mailbox is closed as well.
# That of Étueffont's mayor has only just failed.
DEAD = {"+33639980093", "+33639980010", "+33639980155", "maire@montbouton.example", "+33639980095"}

# Who takes a call and presses key 1: the mayor of Vescemont, and whoever is on duty.
TAKES_CALLS = {"+33639980218", "+33353010090", "+33353010017"}

_ZONE = ZoneInfo("Europe/Paris")
_ACCIDENT, _LORRY, _BUILDING_FIRE, _WOOD_FIRE = "C01.01.01", "C01.01.02", "C04.02.00", "C04.05.00"
_BURGLARY, _RODEO, _GAS_LEAK = "C03.03.00", "C07.13.02", "C09.03.01"
_VIOLENCE, _ELECTED = "C02.15.04", "L03.01.00"
# Status, minutes after the first report, severity.
_ENGAGED, _CLOSED = ("engaged", 0, "moderate"), ("closed", 38, "moderate")


@dataclass(frozen=True)
class Pushed:
    """A report that dispatch sent at a moment."""

    at: datetime
    body: dict[str, Any]
    source: str = CORG


@dataclass(frozen=True)
class Decided:
    """That a person decided which commune a report concerns."""

    at: datetime
    reference: str
    commune: str


@dataclass(frozen=True)
class Answered:
    """That somebody who was told answered, in the function under which the text came."""

    at: datetime
    reference: str
    title: str
    kind: AnswerKind
    means: AnswerMeans = AnswerMeans.LINK


@dataclass(frozen=True)
class Round:
    """A moment at which the clock alone has something released."""

    at: datetime


class Task(Enum):
    """What the groupement does at its desk."""

    ELECTION = auto()
    CAMPAIGN = auto()
    ANSWERS = auto()
    INVITATION = auto()
    LISTS = auto()


@dataclass(frozen=True)
class Office:
    """That the groupement did something at its desk."""

    at: datetime
    task: Task


Event = Pushed | Decided | Answered | Round | Office


def story(now: datetime) -> list[Event]:
    """Return what happened until `now`, in order."""
    events = [*_earlier_days(now), *_last_night(now), *_under_way(now), *_office(now)]
    return sorted((event for event in events if event.at < now), key=lambda event: event.at)


def arrival() -> dict[str, Any]:
    """Return what dispatch pushes while the newcomer looks on, without its hour."""
    return {
        "reference": "90-2026-000201",
        "sequence": 1,
        "status": "engaged",
        "category": _ACCIDENT,
        "severity": "severe",
        "exercise": False,
        "location": {"insee": "90033", "name": "Delle", "label": "carrefour des Tilleuls"},
    }


def _earlier_days(now: datetime) -> Iterator[Event]:
    yield from _incident(
        101,
        _days_ago(now, 9, 17, 42),
        _ACCIDENT,
        {"insee": "90033", "name": "Delle", "label": "12 bis rue des Peupliers"},
        ("engaged", 0, "moderate"),
        ("on_scene", 6, "severe"),
        ("closed", 48, "severe"),
    )
    yield from _incident(
        102,
        _days_ago(now, 8, 3, 12),
        _BUILDING_FIRE,
        {"insee": "90010", "label": "impasse du Verger"},
        ("engaged", 0, "severe"),
        ("closed", 95, "severe"),
    )
    yield _answered(102, _days_ago(now, 8, 3, 14), "astreinte", AnswerKind.TAKEN, AnswerMeans.SMS)
    yield from _incident(103, _days_ago(now, 7, 10, 20), _BURGLARY, _in("90009"))
    yield from _incident(104, _days_ago(now, 6, 20, 15), _VIOLENCE, _in("90052"))
    doubtful = _days_ago(now, 5, 14, 30)
    yield from _incident(105, doubtful, _ACCIDENT, {"insee": "90033", "name": "Valdoie"})
    yield Decided(doubtful + timedelta(minutes=11), _reference(doubtful, 105), "90099")
    yield from _incident(106, _days_ago(now, 5, 9, 10), _ACCIDENT, _in("90039"))
    yield from _storm(_days_ago(now, 4, 18, 0))
    yield from _incident(115, _days_ago(now, 3, 10, 0), _WOOD_FIRE, _in("90075"), exercise=True)
    exercise = _days_ago(now, 3, 10, 2)
    yield _answered(115, exercise, "maire", AnswerKind.NOTED, AnswerMeans.SMS)
    yield from _incident(116, _days_ago(now, 3, 22, 5), _GAS_LEAK, _in("90039"))
    yield _answered(116, _days_ago(now, 3, 22, 8), "1er adjoint", AnswerKind.NOTED)
    # The mayor answers when called.
    yield from _incident(134, _days_ago(now, 2, 2, 40), _WOOD_FIRE, _in("90102"))
    yield Round(_days_ago(now, 2, 2, 46))
    yield from _incident(
        117,
        _days_ago(now, 2, 11, 5),
        _BURGLARY,
        {"latitude": 47.5085, "longitude": 6.9975, "label": "résidence des Acacias"},
    )
    yield from _incident(
        118,
        _days_ago(now, 2, 16, 20),
        _RODEO,
        _in("90099"),
        ("engaged", 0, "severe"),
        ("cancelled", 14, "severe"),
    )
    for number, days in ((119, 6), (129, 2)):
        yield from _incident(number, _days_ago(now, days, 21, 40), _WOOD_FIRE, _in("90070"))
        yield from _incident(number + 11, _days_ago(now, days, 18, 10), _GAS_LEAK, _in("90005"))
    yield from _incident(120, _days_ago(now, 1, 16, 30), _ELECTED, _in("90053"))
    for number, days in enumerate((10, 9, 8, 8, 7), start=41):
        at = _days_ago(now, days, 8 + number % 7, 25)
        yield from _incident(number, at, _ACCIDENT, _in("90010"), source=POLICE)


def _storm(start: datetime) -> Iterator[Event]:
    """Eight burglaries in one commune within minutes: the last of them are told together."""
    for number in range(8):
        at = start + timedelta(minutes=1.4 * number)
        yield from _incident(107 + number, at, _BURGLARY, _in("90008"), _ENGAGED)
    yield Round(start + timedelta(minutes=30))


def _last_night(now: datetime) -> Iterator[Event]:
    yield from _incident(
        121,
        _last(now, 23, 35),
        _RODEO,
        {"insee": "90099", "label": "place de la Fontaine"},
        ("engaged", 0, "severe"),
        ("closed", 40, "severe"),
    )
    yield from _incident(
        122,
        _last(now, 1, 20),
        _ACCIDENT,
        {"insee": "90053", "label": "route de Delle"},
        ("engaged", 0, "severe"),
        ("on_scene", 12, "severe"),
        ("closed", 75, "severe"),
    )
    yield from _incident(
        123,
        _last(now, 3, 5),
        _BUILDING_FIRE,
        {"insee": "90088", "label": "chemin de la Scierie"},
        ("engaged", 0, "severe"),
        ("on_scene", 18, "extreme"),
        ("closed", 115, "extreme"),
    )
    # The mayor is silent, and called in vain; a deputy takes it, the mayor learns so.
    fire = _last(now, 3, 5)
    yield Round(fire + timedelta(minutes=5, seconds=5))
    yield Round(fire + timedelta(minutes=11))
    yield _answered(123, fire + timedelta(minutes=12), "2e adjoint", AnswerKind.TAKEN)
    yield from _incident(124, _last(now, 4, 50), _BURGLARY, _in("90032"))


def _under_way(now: datetime) -> Iterator[Event]:
    yield from _incident(
        125,
        now - timedelta(minutes=52),
        _LORRY,
        {"insee": "90072", "label": "route de Belfort"},
        ("engaged", 0, "severe"),
        ("on_scene", 17, "severe"),
    )
    yield from _incident(
        131,
        now - timedelta(minutes=34),
        _ACCIDENT,
        {"insee": "90041", "label": "rue des Chênes"},
        ("engaged", 0, "severe"),
    )
    yield from _answers_under_way(now)
    yield from _incident(
        126, now - timedelta(minutes=26), _ACCIDENT, {"insee": "90033", "name": "Valdoie"}, _ENGAGED
    )
    yield from _incident(
        127, now - timedelta(minutes=18), _WOOD_FIRE, {"name": "Rougemont"}, _ENGAGED
    )
    yield from _incident(
        128,
        now - timedelta(minutes=7),
        _GAS_LEAK,
        {"insee": "90010", "label": "rue des Tanneurs"},
        ("engaged", 0, "extreme"),
    )


def _answers_under_way(now: datetime) -> Iterator[Event]:
    """Yield fires of which mayors answer; nobody has answered the gas leak in Belfort yet."""
    for number, minutes, commune, answered_after, kind in (
        (133, 41, "90065", 1.5, AnswerKind.TAKEN),
        (132, 21, "90029", 3, AnswerKind.NOT_MINE),
        (135, 12, "90057", 2, AnswerKind.CALL_ME),
    ):
        at = now - timedelta(minutes=minutes)
        yield from _incident(number, at, _WOOD_FIRE, _in(commune), ("engaged", 0, "severe"))
        yield _answered(number, at + timedelta(minutes=answered_after), "maire", kind)
    yield Round(now - timedelta(minutes=1, seconds=50))


def _office(now: datetime) -> Iterator[Office]:
    """Yield a by-election of a Sunday, noted on Monday, whose campaign asks on a day of work."""
    asked = next_office_moment(_days_ago(now, 6, 10, 0), _ZONE)
    monday = asked.astimezone(_ZONE).replace(hour=9) - timedelta(days=asked.weekday())
    yield Office(monday, Task.ELECTION)
    yield Office(asked + timedelta(minutes=15), Task.CAMPAIGN)
    yield Office(asked + timedelta(minutes=50), Task.ANSWERS)
    # A list is kept for a day, an invitation for three.
    yield Office(now - timedelta(hours=20), Task.INVITATION)
    yield Office(now - timedelta(hours=1, minutes=10), Task.LISTS)


def _incident(
    number: int,
    at: datetime,
    category: str,
    location: dict[str, Any],
    *states: tuple[str, int, str],
    source: str = CORG,
    exercise: bool = False,
) -> Iterator[Pushed]:
    """Yield the reports of an incident, by its states; without any it begins and ends."""
    for sequence, (status, minutes, severity) in enumerate(states or (_ENGAGED, _CLOSED), start=1):
        body = {
            "reference": _reference(at, number),
            "sequence": sequence,
            "status": status,
            "category": category,
            "severity": severity,
            "location": location,
            "exercise": exercise,
        }
        yield Pushed(at + timedelta(minutes=minutes), body, source)


def _answered(
    number: int,
    at: datetime,
    title: str,
    kind: AnswerKind,
    means: AnswerMeans = AnswerMeans.LINK,
) -> Answered:
    return Answered(at, _reference(at, number), title, kind, means)


def _reference(at: datetime, number: int) -> str:
    return f"90-{at.astimezone(_ZONE):%Y}-{number:06d}"


def _in(commune: str) -> dict[str, str]:
    return {"insee": commune}


def _days_ago(now: datetime, days: int, hour: int, minute: int) -> datetime:
    day = now.astimezone(_ZONE).date() - timedelta(days=days)
    return datetime.combine(day, time(hour, minute), _ZONE)


def _last(now: datetime, hour: int, minute: int) -> datetime:
    """Return when it was last that hour, two hours ago at least: what follows is over."""
    ago = 0 if _days_ago(now, 0, hour, minute) < now - timedelta(hours=2) else 1
    return _days_ago(now, ago, hour, minute)
