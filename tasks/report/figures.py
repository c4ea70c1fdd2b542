"""Plots by matplotlib, as SVG: text stays text, and colours follow the page's."""

import io
import math
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
from tasks.report.style import LIGHT

INK, SOFT, LINE = LIGHT["ink"], LIGHT["soft"], LIGHT["line"]
LOOK: dict[Any, Any] = {
    "font.size": 11.0,
    "svg.fonttype": "none",
    "text.parse_math": False,  # a name may hold a dollar sign
    "text.color": SOFT,
    "axes.labelcolor": SOFT,
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
ROW = 21.0  # [pixels] of a bar with its label


@dataclass(frozen=True)
class Bar:
    """A bar's length, and what stands left and right of it."""

    label: str
    value: float
    text: str


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
    _, tag, text = file.getvalue().partition("<svg")
    if not alone:
        for name, colour in LIGHT.items():
            text = text.replace(colour, f"var(--{name})")
    return Markup(f'{tag} role="img" aria-label="{escape(said)}"{text}')


def logarithmic(axis: Axis, low: float, high: float) -> None:
    """Put plain numbers at decades, or at 1, 2, 5 where there are few."""
    wide = math.log10(high / low) > 2.5
    axis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0), numticks=7))
    axis.set_minor_locator(NullLocator())
    plain(axis)


def linear(axis: Axis, most: int = 5) -> None:
    axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]))
    plain(axis)


def plain(axis: Axis) -> None:
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))


@looking
def bar_chart(bars: Sequence[Bar], stop: float) -> Markup:
    """Return one bar a row, from zero to `stop`; their lengths mean nothing by themselves."""
    height = ROW * len(bars)
    figure = canvas(440, height + 8)
    axes = framed(figure, 160, 4, 378, 4 + height)
    axes.set(xlim=(0, stop), ylim=(len(bars) - 0.5, -0.5))
    axes.set_yticks(range(len(bars)), [bar.label for bar in bars], color=INK)
    axes.xaxis.set_visible(False)
    axes.grid(False)
    axes.spines[:].set_visible(False)
    for at, bar in enumerate(bars):
        axes.barh(at, bar.value, 0.62, color=LIGHT["tone2"], alpha=0.75)
        place = axes.get_yaxis_transform()
        axes.text(1.03, at, bar.text, transform=place, va="center", color=INK)
    return svg_of(figure, "; ".join(f"{bar.label}: {bar.text}" for bar in bars))


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
