"""Days and hours in French. Within the hour that comes twice a year, each says which it is."""

from datetime import date, datetime

_DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre"),
    *("octobre", "novembre", "décembre"),
)


def season(at: datetime) -> str:
    """Return "heure d’été" or "heure d’hiver" within the hour that comes twice; else nothing.

    `at` is aware and local, made with `astimezone`: its `fold` says which of the two it is.
    Empty in a zone that keeps one time all year.
    """
    if at.replace(fold=1 - at.fold).utcoffset() == at.utcoffset():
        return ""
    return "heure d’été" if at.dst() else "heure d’hiver"


def written_day(at: date) -> str:
    """Write the day: "1er mars 2026"."""
    day = "1er" if at.day == 1 else str(at.day)
    return f"{day} {_MONTHS[at.month - 1]} {at.year}"


def written_month(at: date) -> str:
    """Write the month: "mars 2026"."""
    return f"{_MONTHS[at.month - 1]} {at.year}"


def short_hour(at: datetime) -> str:
    """Write the hour for an SMS: "10h03", "2h25, heure d’hiver"."""
    return _with_season(f"{at.hour}h{at:%M}", at)


def written_hour(at: datetime) -> str:
    """Write the hour for a mail: "10 h 03", "2 h 25, heure d’hiver"."""
    return _with_season(f"{at.hour} h {at:%M}", at)


def written_moment(at: datetime) -> str:
    """Write the day and the hour: "le 1er mars 2026 à 3 h 16"."""
    return f"le {written_day(at)} à {written_hour(at)}"


def weekday_moment(at: datetime) -> str:
    """Write the day of the week, the day and the hour: "vendredi 27 novembre 2026 à 18 h 00"."""
    return f"{_DAYS[at.weekday()]} {written_day(at)} à {written_hour(at)}"


def stamped_hour(at: datetime) -> str:
    """Write the hour to the second: "02:25:08", "02:25:08 (heure d’hiver)"."""
    which = season(at)
    return f"{at:%H:%M:%S} ({which})" if which else f"{at:%H:%M:%S}"


def _with_season(hour: str, at: datetime) -> str:
    which = season(at)
    return f"{hour}, {which}" if which else hour
