"""Plots by matplotlib, as SVG: text stays text, and colours follow the page's."""

import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from tasks.report.naming import number
from tasks.report.style import LIGHT, tone_colour

FACE = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif'
INK, SOFT, LINE = LIGHT["ink"], LIGHT["soft"], LIGHT["line"]
LOOK: dict[Any, Any] = {
    "font.size": 11.0,
    "svg.fonttype": "none",
    "text.parse_math": False,  # a name may hold a dollar sign
    "text.color": SOFT,
    "axes.labelcolor": SOFT,
    "axes.titlecolor": SOFT,
    "axes.titlesize": 10.5,
    "axes.titlepad": 5.0,
    "axes.edgecolor": LINE,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": LINE,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.major.size": 0.0,
    "ytick.major.size": 0.0,
}
PLAIN = {"Date": None, "Creator": None, "Format": None, "Type": None}  # equal input, equal bytes
looking = matplotlib.rc_context(LOOK)  # what decorates a function that draws
ROW = 21.0  # [pixels] of a bar or a dot with its label


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

    @property
    def text(self) -> str:
        return number(self.value) if self.high is not None else f"\u2265\u00a0{number(self.low)}"


def canvas(width: float, height: float) -> Figure:
    """Return an empty figure of so many pixels; a font's size is in pixels too."""
    figure = Figure(figsize=(width / 72, height / 72), dpi=72)
    FigureCanvasAgg(figure)
    return figure


def framed(figure: Figure, left: float, top: float, right: float, bottom: float) -> Axes:
    """Add axes, their edges in pixels from the figure's left and top."""
    width, height = 72 * figure.get_size_inches()
    place = (left, height - bottom, right - left, bottom - top)
    scale = (width, height, width, height)
    return figure.add_axes(tuple(x / y for x, y in zip(place, scale, strict=True)))


def svg_of(figure: Figure, said: str, alone: bool = False) -> Markup:
    """Return a figure as SVG.

    Args:
        said: the picture in words, for those who cannot see it.
        alone: a file of its own, on light ground; otherwise part of a page, in its two schemes.
    """
    file = io.StringIO()
    ground = LIGHT["paper"] if alone else "none"
    with matplotlib.rc_context({"svg.hashsalt": said}):  # ids differ between a page's pictures
        figure.savefig(file, format="svg", metadata=PLAIN, facecolor=ground, dpi=144)
    text = file.getvalue()
    text = re.sub(r' id="[\w.]+_\d+"', "", text[text.index("<svg") :])
    text = re.sub(r"font-family: [^;]*sans-serif;? ?", "", text)
    words = f'role="img" aria-label="{escape(said)}"'
    width, height = 72 * figure.get_size_inches()
    size = f'width="{width:g}" height="{height:g}" font-family=\'{FACE}\' ' if alone else ""
    text = re.sub(r'width="\S+pt" height="\S+pt"', lambda _: size + words, text, count=1)
    if not alone:
        for name, colour in LIGHT.items():
            text = text.replace(colour, f"var(--{name})")
    return Markup(text)


def logarithmic(axis: Axis, low: float, high: float, most: int = 7) -> None:
    """Put plain numbers at decades, or at 1, 2, 5 where there are few."""
    wide = math.log10(high / low) > 2.5
    axis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0), numticks=most))
    axis.set_minor_locator(NullLocator())
    plain(axis)


def linear(axis: Axis, most: int = 5) -> None:
    axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]))
    plain(axis)


def plain(axis: Axis) -> None:
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))


def listed_rows(axes: Axes, labels: Sequence[str]) -> None:
    """Make the vertical axis a list of labels, the first on top."""
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_yticks(range(len(labels)), labels, color=INK)
    axes.grid(False, axis="y")
    axes.spines["left"].set_visible(False)


def beside(axes: Axes, row: float, words: str) -> None:
    """Write a text right of the axes, at a row."""
    axes.text(1.03, row, words, transform=axes.get_yaxis_transform(), va="center", color=INK)


def dots(axes: Axes, rows: Sequence[Row], stop: float) -> None:
    """Draw estimates with their intervals; without an upper bound an arrow to the border."""
    for at, row in enumerate(rows):
        colour = tone_colour(row.tone)
        if row.high is None:
            axes.annotate(
                "", (stop, at), (row.low, at), arrowprops={"arrowstyle": "->", "color": colour}
            )
        else:
            axes.hlines(at, row.low, row.high, colors=colour, linewidth=2)
            axes.plot([row.value], [at], "o", color=colour, markersize=7)
        beside(axes, at, row.text)


def bars(axes: Axes, rows: Sequence[Row], texts: Sequence[str]) -> None:
    """Draw bars from zero with their intervals, and a text right of each."""
    for at, (row, text) in enumerate(zip(rows, texts, strict=True)):
        axes.barh(at, row.value, 0.62, color=tone_colour(row.tone), alpha=0.75)
        if row.high is not None and row.low < row.high:
            axes.hlines(at, row.low, row.high, colors=INK, linewidth=1.2)
        beside(axes, at, text)


@looking
def bar_chart(rows: Sequence[Row], texts: Sequence[str], stop: float, unit: str) -> Markup:
    """Return one bar a row, from zero to `stop` in so many units, with a text beside each.

    Without a unit the bars' lengths mean nothing by themselves, and there is no axis.
    """
    height = ROW * len(rows)
    figure = canvas(440, height + (40 if unit else 8))
    axes = framed(figure, 160, 4, 378, 4 + height)
    axes.set_xlim(0, stop)
    bars(axes, rows, texts)
    listed_rows(axes, [row.label for row in rows])
    linear(axes.xaxis)
    axes.set_xlabel(f"[{unit}]")
    if not unit:
        axes.xaxis.set_visible(False)
        axes.spines["bottom"].set_visible(False)
    said = "; ".join(f"{row.label}: {text}" for row, text in zip(rows, texts, strict=True))
    return svg_of(figure, said)


@looking
def panel(held: Sequence[Row], moved: Sequence[Row], span: tuple[float, float, float]) -> Markup:
    """Return estimates of the time to a drop on the left and of goals a minute on the right.

    Args:
        span: shortest and longest time [s] and most goals [1/min] of all panels.
    """
    short, long, most = span
    height = ROW * len(held)
    figure = canvas(440, height + 42)
    left, right = (
        framed(figure, 100, 20, 248, 20 + height),
        framed(figure, 300, 20, 396, 20 + height),
    )
    left.set_xscale("log")
    left.set_xlim(short, long)
    right.set_xlim(0, most)
    dots(left, held, long)
    bars(right, moved, [row.text for row in moved])
    listed_rows(left, [row.label for row in held])
    listed_rows(right, [""] * len(held))
    left.set_title("time to a drop [s]")
    right.set_title("goals [1/min]")
    logarithmic(left.xaxis, short, long, 4)
    linear(right.xaxis, 3)
    said = "; ".join(
        f"{one.label}: {one.text} s to a drop, {two.text} goals a minute"
        for one, two in zip(held, moved, strict=True)
    )
    return svg_of(figure, said)


@looking
def curve(title: str, x: Sequence[float], y: Sequence[float], x_label: str) -> Markup:
    """Return a line plot; x ascending, two points up."""
    figure = canvas(300, 165)
    axes = framed(figure, 58, 8, 288, 125)
    axes.plot(x, y, color=LIGHT["tone2"], linewidth=1.6)
    linear(axes.xaxis, 3)
    linear(axes.yaxis, 4)
    axes.set_xlabel(x_label)
    said = f"{title}: from {number(y[0])} to {number(y[-1])}"
    return svg_of(figure, said)
