"""Charts as inline SVG: where each bar and point stands. Their table is shown beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import floor, log10

from notifier.console import french

WIDTH, HEIGHT = 640, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 8, 20, 28
_PLOT_WIDTH, _PLOT_HEIGHT = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
_LABEL_WIDTH = 44


@dataclass(frozen=True, slots=True)
class Series:
    """Values under one name, one for each label of the chart; None where there is none."""

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar; `text` is its value as it is written above it."""

    x: float
    y: float
    width: float
    height: float
    style: int
    text: str

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True, slots=True)
class Line:
    """One series as a line: `points` for SVG, `dots` its points one by one."""

    points: str
    dots: Sequence[tuple[float, float]]
    style: int


@dataclass(frozen=True)
class Chart:
    """Up to four series over the same labels; `decimals` is how exactly values are written."""

    title: str
    labels: Sequence[str]
    series: Sequence[Series]
    decimals: int = 0

    @property
    def width(self) -> int:
        return WIDTH

    @property
    def height(self) -> int:
        return HEIGHT

    @property
    def base(self) -> float:
        """Return where zero is."""
        return _TOP + _PLOT_HEIGHT

    @property
    def top(self) -> float:
        """Return the value at the upper edge: a round number, no less than the largest."""
        largest = max((v for one in self.series for v in one.values if v is not None), default=0)
        if largest <= 0:
            return 1
        size = 10.0 ** floor(log10(largest))
        rounds = (m * size for m in (1, 2, 3, 4, 5, 6, 8, 10))
        return next((r for r in rounds if r >= largest), 10 * size)

    def ticks(self) -> list[tuple[float, str]]:
        """Return the horizontal lines: where, and the value there."""
        top = self.top
        decimals = 0 if top / 2 == int(top / 2) else max(1, -floor(log10(top)) + 1)
        return [
            (self._y(value), french.number(value, decimals if value else 0))
            for value in (0, top / 2, top)
        ]

    def marks(self) -> list[tuple[float, str]]:
        """Return the labels below, as many as there is room for."""
        step = max(1, -(-len(self.labels) * _LABEL_WIDTH // _PLOT_WIDTH))
        return [(self._middle(at), label) for at, label in enumerate(self.labels) if at % step == 0]

    def bars(self) -> Iterator[Bar]:
        """Return every bar, the series side by side within a label's place."""
        place = _PLOT_WIDTH / max(1, len(self.labels))
        width = place * 0.7 / max(1, len(self.series))
        for rank, one in enumerate(self.series):
            for at, value in enumerate(one.values):
                if value is None:
                    continue
                x = _LEFT + at * place + place * 0.15 + rank * width
                y = self._y(value)
                text = french.number(value, self.decimals) if width >= 14 else ""
                yield Bar(round(x, 1), y, round(width, 1), round(self.base - y, 1), rank + 1, text)

    def lines(self) -> Iterator[Line]:
        """Return every unbroken stretch of every series: a missing value breaks a line."""
        for rank, one in enumerate(self.series):
            dots: list[tuple[float, float]] = []
            for at, value in enumerate((*one.values, None)):
                if value is not None:
                    dots.append((self._middle(at), self._y(value)))
                elif dots:
                    yield Line(" ".join(f"{x},{y}" for x, y in dots), tuple(dots), rank + 1)
                    dots = []

    def legend(self) -> list[tuple[int, str]]:
        """Return the style and the name of each series; nothing where there is one alone."""
        return [(rank + 1, one.name) for rank, one in enumerate(self.series)][
            : None if len(self.series) > 1 else 0
        ]

    def rows(self) -> list[tuple[str, list[str]]]:
        """Return the table beside the chart, by label."""
        return [
            (
                label,
                [
                    "–"
                    if one.values[at] is None
                    else french.number(one.values[at] or 0, self.decimals)
                    for one in self.series
                ],
            )
            for at, label in enumerate(self.labels)
        ]

    def _y(self, value: float) -> float:
        return round(self.base - _PLOT_HEIGHT * value / self.top, 1)

    def _middle(self, at: int) -> float:
        place = _PLOT_WIDTH / max(1, len(self.labels))
        return round(_LEFT + place * (at + 0.5), 1)
