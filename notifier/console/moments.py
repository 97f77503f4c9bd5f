"""The texts of an incident on one line of time as inline SVG: planned, handed over, answered.

The line is logarithmic: a text is read within seconds, its end follows hours later. A table beside
it says the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log10

from notifier.alerting.board.sent import Sent

WIDTH = 360
_LEFT, _RIGHT, _TOP, _ROW = 12, 12, 26, 42
# The first mark of the line, and its unit.
_UNIT_S = 0.1
_TICKS = (
    (1, "1 s"),
    (10, "10 s"),
    (60, "1 min"),
    (600, "10 min"),
    (3600, "1 h"),
    (36000, "10 h"),
    (360000, "100 h"),
)
# More are in the table alone.
MAX_ROWS = 24


@dataclass(frozen=True)
class Mark:
    """What happened at one moment; `shape` is a class of the theme."""

    x: float
    shape: str


@dataclass(frozen=True)
class Row:
    """One text: its label, its marks and how far its line is drawn."""

    label: str
    y: int
    marks: list[Mark]
    handed: float
    """Up to where it waited, and from where its provider had it."""
    end: float

    @property
    def text_y(self) -> int:
        return self.y - 12

    @property
    def begin(self) -> float:
        return self.marks[0].x


@dataclass(frozen=True)
class Moments:
    """The picture of these texts; `now` ends what is still under way."""

    title: str
    texts: Sequence[Sent]
    now: datetime

    @property
    def width(self) -> int:
        return WIDTH

    @property
    def height(self) -> int:
        return _TOP + _ROW * len(self._shown) + 4

    @property
    def is_cut(self) -> bool:
        """Whether the table has more."""
        return len(self.texts) > MAX_ROWS

    def ticks(self) -> list[tuple[float, str]]:
        """Return where the line is so long after the first text."""
        return [(self._at(s), text) for s, text in _TICKS if s <= self._length_s]

    def rows(self) -> Iterator[Row]:
        """Return a row for each text, in the order of their making."""
        for rank, sent in enumerate(self._shown):
            marks = [Mark(self._x(sent.planned_at), "planned")]
            if sent.handed_at:
                marks.append(Mark(self._x(sent.handed_at), "handed"))
            if sent.delivered_at:
                marks.append(Mark(self._x(sent.delivered_at), "delivered"))
            if sent.ended_at:
                marks.append(Mark(self._x(sent.ended_at), "failed"))
            marks += [Mark(self._x(answer.at), "answered") for answer in sent.answers]
            end = max(mark.x for mark in marks) if sent.is_over else self._x(self.now)
            handed = self._x(sent.handed_at) if sent.handed_at else end
            label = f"{sent.reader.title}, {sent.reader.channel}, {sent.organisation}"
            yield Row(label, _TOP + _ROW * rank + 26, marks, handed, end)

    @property
    def _shown(self) -> Sequence[Sent]:
        return self.texts[:MAX_ROWS]

    @property
    def _begin(self) -> datetime:
        return min((sent.planned_at for sent in self._shown), default=self.now)

    @property
    def _length_s(self) -> float:
        ends = [
            at
            for sent in self._shown
            for at in (
                *(sent.planned_at, sent.handed_at, sent.delivered_at, sent.ended_at),
                *(answer.at for answer in sent.answers),
            )
            if at
        ]
        last = max(ends, default=self.now)
        if any(not sent.is_over for sent in self._shown):
            last = max(last, self.now)
        return max(10.0, (last - self._begin).total_seconds())

    def _x(self, at: datetime) -> float:
        return self._at((at - self._begin).total_seconds())

    def _at(self, seconds: float) -> float:
        share = log10(1 + max(0.0, seconds) / _UNIT_S) / log10(1 + self._length_s / _UNIT_S)
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * min(1.0, share), 1)
