"""Charts as HTML that reflows: labels stay text of readable size on any screen.

Marks are placed in per cent of a track; each row carries its own label and value, so colour is
never the only sign.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from tasks.report.words import number


@dataclass(frozen=True)
class Row:
    """One estimate; `tone` picks a colour of the palette.

    `high` None means no upper bound: then there is no estimate either, only a lower bound.
    """

    label: str
    tone: int
    value: float
    low: float
    high: float | None


@dataclass(frozen=True)
class Axis:
    """A horizontal axis from `start` to `stop`, logarithmic or linear, with ticks."""

    start: float
    stop: float
    log: bool
    ticks: tuple[float, ...]

    def place(self, value: float) -> float:
        """Return where a value stands [%], held inside the track."""
        if self.log:
            share = math.log(max(value, self.start) / self.start) / math.log(self.stop / self.start)
        else:
            share = (value - self.start) / (self.stop - self.start)
        return 100 * min(max(share, 0.0), 1.0)


def log_axis(rows: Sequence[Row]) -> Axis:
    """Span the estimates and their intervals by steps of 1, 2, 5."""
    values = [x for row in rows for x in (row.low, row.value, row.high) if x]
    low, high = min(values, default=1.0), max(values, default=10.0)
    steps = [
        factor * 10.0**exponent
        for exponent in range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
        for factor in (1, 2, 5)
    ]
    start = max(step for step in steps if step <= low)
    stop = min(step for step in steps if step >= high and step > start)
    ticks = [step for step in steps if start <= step <= stop]
    return Axis(start, stop, True, thinned(ticks))


def linear_axis(rows: Sequence[Row]) -> Axis:
    """Span zero to the highest interval in at most five even steps."""
    high = max((row.high or row.value for row in rows), default=1.0) or 1.0
    magnitude = 10.0 ** math.floor(math.log10(high / 4))
    step = next(f * magnitude for f in (1, 2, 2.5, 5, 10) if f * magnitude * 4 >= high)
    count = math.ceil(high / step - 1e-9)
    return Axis(0.0, count * step, False, tuple(i * step for i in range(count + 1)))


def thinned(ticks: Sequence[float], most: int = 6) -> tuple[float, ...]:
    """Keep at most `most` ticks of a logarithmic axis: first decades only, then every other."""
    kept = list(ticks)
    if len(kept) > most:
        kept = [tick for tick in kept if round(math.log10(tick), 9).is_integer()]
    while len(kept) > most:
        kept = kept[::2]
    return tuple(kept)


def chart(groups: Mapping[str, Sequence[Row]], axis: Axis, unit: str, bars: bool) -> str:
    """Return rows of dots (or bars from zero) with interval whiskers under a common axis."""
    blocks = []
    for title, rows in groups.items():
        lines = "".join(row_html(row, axis, unit, bars) for row in rows)
        blocks.append(f'<div class="group"><h3>{escape(title)}</h3>{lines}</div>')
    ticks = "".join(
        f'<span style="left:{axis.place(tick):.2f}%">{tick:,g}</span>' for tick in axis.ticks
    )
    scale = ", logarithmic" if axis.log else ""
    foot = (
        f'<div class="row axis"><span></span><div class="track">{ticks}</div><span></span></div>'
        f'<p class="unit">[{escape(unit)}]{scale}</p>'
    )
    return f'<div class="chart">{"".join(blocks)}{foot}</div>'


def row_html(row: Row, axis: Axis, unit: str, bars: bool) -> str:
    return (
        f'<div class="row tone{row.tone}"><span>{escape(row.label)}</span>'
        f"{place_html(row, axis, unit, bars)}</div>"
    )


def place_html(row: Row, axis: Axis, unit: str, bars: bool) -> str:
    """Return a track with the row's mark and interval, and its value as text beside it."""
    at, low = axis.place(row.value), axis.place(row.low)
    high = 100.0 if row.high is None else axis.place(row.high)
    grid = "".join(f'<u style="left:{axis.place(tick):.2f}%"></u>' for tick in axis.ticks)
    text = number(row.value) if row.high is not None else f"\u2265\u00a0{number(row.low)}"
    mark = f'<b class="dot" style="left:{at:.2f}%"></b>' if row.high is not None else ""
    if bars:
        mark = f'<b class="bar" style="width:{at:.2f}%"></b>'
    kind = "whisker open" if row.high is None else "whisker"
    whisker = f'<i class="{kind}" style="left:{low:.2f}%;width:{high - low:.2f}%"></i>'
    bound = "no upper bound" if row.high is None else f"to {number(row.high)}"
    title = f"{row.label}: {text} {unit}, interval {number(row.low)} {bound}"
    return (
        f'<div class="track" title="{escape(title)}">{grid}{mark}{whisker}</div><span>{text}</span>'
    )


def curve(title: str, x: Sequence[float], y: Sequence[float], x_label: str) -> str:
    """Return a line plot with its extremes written at the axes; x ascending, two points up."""
    low, high = min(y), max(y)
    span, width = (high - low) or 1.0, (x[-1] - x[0]) or 1.0
    points = " ".join(
        f"{100 * (a - x[0]) / width:.2f},{100 - 100 * (b - low) / span:.2f}"
        for a, b in zip(x, y, strict=True)
    )
    return (
        f'<figure class="curve"><figcaption>{escape(title)}</figcaption>'
        f'<div class="plot"><span class="top">{number(high)}</span>'
        f'<span class="bottom">{number(low)}</span>'
        '<svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(title)}"><polyline points="{points}"/></svg></div>'
        f'<div class="ends"><span>{x[0]:,g}</span><span>{escape(x_label)}</span>'
        f"<span>{x[-1]:,g}</span></div></figure>"
    )
