"""A plot of goals a minute against time to a drop, one curve a family, labels kept apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.transforms import Bbox

from tasks.report.figures import canvas, framed, linear, logarithmic, looking, svg_of
from tasks.report.naming import number
from tasks.report.style import colour_of

# Of matplotlib, and as signs of a legend; the circle is of those that have a colour of their own.
MARKERS = "osD^v<>|"
SIGNS = "\u25cf\u25a0\u25c6\u25b2\u25bc\u25c0\u25b6\u2759"
ABOVE = 1.8  # room for the arrow of a point without a drop, in heights
PLACES = [  # of a label beside its point [pixels], and which of its sides is there; best first
    *((7, 0, 0.0, 0.5), (-7, 0, 1.0, 0.5), (4, 6, 0.0, 0.0), (-4, 6, 1.0, 0.0)),
    *((4, -6, 0.0, 1.0), (-4, -6, 1.0, 1.0), (0, -9, 0.5, 1.0), (0, 12, 0.5, 0.0)),
    *((12, 14, 0.0, 0.0), (-12, 14, 1.0, 0.0), (12, -14, 0.0, 1.0), (-12, -14, 1.0, 1.0)),
    *((12, 26, 0.0, 0.0), (-12, 26, 1.0, 0.0), (12, -26, 0.0, 1.0), (-12, -26, 1.0, 1.0)),
]


@dataclass(frozen=True)
class Point:
    """One setting; `strength` orders the points of a curve, None stands alone."""

    family: str
    strength: float | None
    words: str
    cell: Mapping[str, Any]
    shape: int = 0  # of MARKERS
    curve: str = ""  # whose curve it is on; empty: its family's

    @property
    def across(self) -> float:
        return self.cell["goals_per_min"]

    @property
    def height(self) -> float:
        """The time to a drop [s]; without a drop its lower bound."""
        return self.cell["hold_s"] if self.cell["drops"] else self.cell["hold_s_low"]

    @property
    def span(self) -> tuple[float, float]:
        """The interval [s]; without a drop the room that its arrow takes."""
        if not self.cell["drops"]:
            return self.height, ABOVE * self.height
        return self.cell["hold_s_low"], self.cell["hold_s_high"] or self.height


@looking
def scatter(title: str, points: Sequence[Point]) -> Markup:
    figure = canvas(440, 322)
    axes = framed(figure, 52, 10, 428, 286)
    low, high = min(point.span[0] for point in points), max(point.span[1] for point in points)
    axes.set_yscale("log")
    axes.set_ylim(low / 1.25, 1.25 * high)
    most = max(point.across for point in points) or 1.0
    axes.set_xlim(-0.03 * most, 1.1 * most)
    logarithmic(axes.yaxis, low, high)
    linear(axes.xaxis)
    axes.set(xlabel="goals a minute", ylabel="time to a drop [s]")
    join(axes, points)
    for point in points:
        mark(axes, point)
    write_labels(axes, points)
    return svg_of(figure, f"{title}. {'; '.join(told(point) for point in points)}.")


def join(axes: Axes, points: Sequence[Point]) -> None:
    """Join each curve's points in the order of their strength, in the colour of its second."""
    for curve in dict.fromkeys(point.curve or point.family for point in points):
        mine = [point for point in points if (point.curve or point.family) == curve]
        mine = sorted(
            (point for point in mine if point.strength is not None),
            key=lambda point: point.strength or 0.0,
        )
        if len(mine) > 1:
            x, y = [point.across for point in mine], [point.height for point in mine]
            axes.plot(x, y, color=colour_of(mine[1].family), linewidth=2, alpha=0.7)


def mark(axes: Axes, point: Point) -> None:
    """Draw a point with its interval; without a drop an arrow."""
    colour, (low, high) = colour_of(point.family), point.span
    if point.cell["drops"]:
        axes.vlines(point.across, low, high, colors=colour, alpha=0.45)
    else:
        arrow = {"arrowstyle": "-|>", "color": colour, "shrinkA": 0.0, "shrinkB": 0.0}
        axes.annotate("", (point.across, high), (point.across, low), arrowprops=arrow)
    axes.plot([point.across], [point.height], MARKERS[point.shape], color=colour, markersize=7)


def told(point: Point) -> str:
    least = "" if point.cell["drops"] else "at least "
    name = point.family if point.strength is None else f"{point.family} {point.strength:g}"
    return (
        f"{name}: {least}{number(point.height)} s to a drop, {number(point.across)} goals a minute"
    )


def write_labels(axes: Axes, points: Sequence[Point]) -> None:
    """Write the points' labels, each where it covers least of points and other labels."""
    assert isinstance(axes.figure.canvas, FigureCanvasAgg)
    renderer = axes.figure.canvas.get_renderer()
    at = [axes.transData.transform((point.across, point.height)) for point in points]
    taken = [Bbox.from_bounds(x - 5, y - 5, 10, 10) for x, y in at]
    inside = axes.get_window_extent(renderer)
    for point, (x, y) in zip(points, at, strict=True):
        if not point.words:
            continue
        label = axes.annotate(
            point.words,
            (point.across, point.height),
            (0, 0),
            textcoords="offset pixels",
            color=colour_of(point.family),
            weight="bold",
            fontsize=10,
        )
        size = label.get_window_extent(renderer)

        def box(place: tuple[float, ...], x=x, y=y, size=size) -> Bbox:
            right, up, across, high = place
            left, low = x + right - across * size.width, y + up - high * size.height
            return Bbox.from_bounds(left, low, size.width, size.height)

        best = min(PLACES, key=lambda place: covered(box(place), taken, inside))
        label.set_position((box(best).x0 - x, box(best).y0 - y))
        label.set(ha="left", va="bottom")
        taken.append(box(best))


def covered(box: Bbox, taken: Sequence[Bbox], inside: Bbox) -> float:
    """Return how much of a box lies on what is taken or outside [pixels^2]."""
    seen = Bbox.intersection(box, inside)
    lost = box.width * box.height - (seen.width * seen.height if seen else 0.0)
    common = [Bbox.intersection(box, other) for other in taken]
    return lost + sum(each.width * each.height for each in common if each)
