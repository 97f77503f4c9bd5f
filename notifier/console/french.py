"""French typography and hours as the console's pages write them. Times are local."""

import re
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.utils import timezone

from notifier.moments import written_day, written_hour
from notifier.territory.grammar import with_apostrophes

NO_BREAK = "\u00a0"
NARROW = "\u202f"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_SMALL = ("", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix")


def typography(text: str) -> str:
    """Put no-break spaces where French wants them: before ; : ! ? », after «, before % and €.

    And within "3 h 16". A colon within an hour or an address ("02:25", "https://…") is left alone.
    Apostrophes become typographic.
    """
    text = with_apostrophes(text)
    text = re.sub(r"[ \u00a0\u202f]*([;!?])(?=\s|$|[»)])", NARROW + r"\1", text)
    text = re.sub(r"[ \u00a0\u202f]+:", NO_BREAK + ":", text)
    text = re.sub(r"«[ \u00a0\u202f]*", "«" + NO_BREAK, text)
    text = re.sub(r"[ \u00a0\u202f]*»", NO_BREAK + "»", text)
    text = re.sub(r"(?<=\d)[ \u00a0\u202f]+(?=[%€])", NARROW, text)
    text = re.sub(r"(?<=\d) h (?=\d)", f"{NO_BREAK}h{NO_BREAK}", text)
    return re.sub(r"\b(n°|art\.|M\.|Mme)[ \u00a0\u202f]+(?=\S)", r"\1" + NO_BREAK, text)


def number(value: float | Decimal, decimals: int = 0) -> str:
    """Write a number: 1 234 567,8 with narrow no-break spaces."""
    step = Decimal(1).scaleb(-decimals)
    rounded = Decimal(str(value)).quantize(step, ROUND_HALF_UP)
    return f"{rounded:,f}".replace(",", NARROW).replace(".", ",").replace("-", "\u2212")


def day(at: date) -> str:
    """Write a day: "28 novembre 2026"."""
    return written_day(_local(at)).replace(" ", NO_BREAK)


def hour(at: datetime) -> str:
    """Write an hour: "21 h 13"."""
    return written_hour(timezone.localtime(at)).replace(" ", NO_BREAK)


def moment(at: datetime) -> str:
    """Write a moment: "le 28 novembre à 21 h 13", with the year where it is another."""
    local = timezone.localtime(at)
    written = day(local)
    if local.year == timezone.localtime().year:
        written = written.removesuffix(f"{NO_BREAK}{local.year}")
    return f"le{NO_BREAK}{written} à{NO_BREAK}{hour(at)}"


def until(at: datetime) -> str:
    """Write an end: "jusqu’au 28 novembre à 21 h 13"."""
    return "jusqu’au " + moment(at).removeprefix(f"le{NO_BREAK}")


def since(at: datetime, now: datetime | None = None) -> str:
    """Write since when: "depuis 4 min", "depuis cinq jours"."""
    seconds = ((now or timezone.now()) - at).total_seconds()
    if seconds < _MINUTE:
        return "depuis un instant"
    return f"depuis {_largest(seconds)}"


def ago(at: datetime, now: datetime | None = None) -> str:
    """Write how long ago, or in how long: "à l’instant", "il y a 4 min", "dans cinq jours"."""
    seconds = ((now or timezone.now()) - at).total_seconds()
    if abs(seconds) < _MINUTE:
        return "à l’instant"
    return f"{'il y a' if seconds > 0 else 'dans'} {_largest(abs(seconds))}"


def _largest(seconds: float) -> str:
    """Write a length within a sentence: "4 min", "cinq jours"."""
    days = int(seconds // _DAY)
    if not days:
        return duration(seconds, largest_only=True)
    written = _SMALL[days] if days < len(_SMALL) else number(days)
    return f"{written}{NO_BREAK}jour{'s' if days > 1 else ''}"


def duration(length: timedelta | float, *, largest_only: bool = False) -> str:
    """Write a length of time, of seconds if a number: "4 s", "3 min 12 s", "2 h 5 min"."""
    seconds = length.total_seconds() if isinstance(length, timedelta) else length
    if seconds < 10 and seconds != int(seconds):
        return f"{number(seconds, 1)}{NO_BREAK}s"
    whole = round(seconds)
    for size, unit, below, small in (
        (_DAY, "j", _HOUR, "h"),
        (_HOUR, "h", _MINUTE, "min"),
        (_MINUTE, "min", 1, "s"),
    ):
        if whole >= size:
            first, rest = divmod(whole, size)
            second = rest // below
            written = f"{number(first)}{NO_BREAK}{unit}"
            if (largest_only and not (unit == "h" and first < 3)) or not second:
                return written
            return f"{written}{NO_BREAK}{second}{NO_BREAK}{small}"
    return f"{whole}{NO_BREAK}s"


def _local(at: date) -> date:
    return timezone.localtime(at) if isinstance(at, datetime) else at
