"""A plot of goals a minute against time to a drop, one curve a family, labels kept apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from tasks.report import svg
from tasks.report.charts import Axis, Row, linear_axis, log_axis
from tasks.report.words import number

WIDTH, HEIGHT = 440.0, 330.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 424.0, 12.0, 286.0  # of the plot's frame
ABOVE = 1.8  # room for the arrow of a point without a drop, in heights
SIZE = 11.0  # of a label
# Corners around a point, in radii; the first, without corners, is a circle.
SHAPES = (
    (),
    ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),  # square
    ((0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)),  # diamond
    ((0.0, -1.2), (1.2, 0.9), (-1.2, 0.9)),  # triangle
    ((0.0, 1.2), (1.2, -0.9), (-1.2, -0.9)),  # triangle upside down
    ((-1.2, 0.0), (0.9, -1.2), (0.9, 1.2)),  # triangle to the left
    ((1.2, 0.0), (-0.9, -1.2), (-0.9, 1.2)),  # triangle to the right
    ((-0.5, -1.3), (0.5, -1.3), (0.5, 1.3), (-0.5, 1.3)),  # upright bar
)
RADIUS = 4.0  # of a marker
BOLD = 1.2  # how much wider a bold text is
AIR = 4.0  # between two labels of one line
Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True)
class Point:
    """One setting; `strength` orders the points of a curve, None stands alone."""

    family: str
    strength: float | None
    words: str
    tone: int
    chosen: bool
    cell: Mapping[str, Any]
    shape: int = 0  # of SHAPES
    curve: str = ""  # whose curve it is on; empty: its family's

    @property
    def height(self) -> float:
        """The time to a drop [s]; without a drop its lower bound."""
        return self.cell["hold_s"] if self.cell["drops"] else self.cell["hold_s_low"]


def scatter(title: str, points: Sequence[Point]) -> str:
    across = linear_axis(
        [Row("", 0, p.cell["goals_per_min"], 0.0, p.cell["goals_per_min"]) for p in points]
    )
    up = log_axis(
        [Row("", 0, p.height, bottom(p), p.cell["hold_s_high"] or ABOVE * p.height) for p in points]
    )
    places = [place(point, across, up) for point in points]
    marks = "".join(mark(point, *at, up) for point, at in zip(points, places, strict=True))
    inner = axes_svg(across, up) + curves(points, places) + marks + labels(points, places)
    drawing = svg.tag(
        "svg",
        inner,
        viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}",
        role="img",
        aria_label=spoken(title, points),
    )
    return f'<figure class="scatter"><figcaption>{escape(title)}</figcaption>{drawing}</figure>'


def bottom(point: Point) -> float:
    """Return how low an interval reaches [s]; without a drop it starts at the point."""
    return min(point.height, point.cell["hold_s_low"])


def place(point: Point, across: Axis, up: Axis) -> tuple[float, float]:
    x = LEFT + (RIGHT - LEFT) * across.place(point.cell["goals_per_min"]) / 100
    return x, level(point.height, up)


def level(seconds: float, up: Axis) -> float:
    return BOTTOM - (BOTTOM - TOP) * up.place(seconds) / 100


def axes_svg(across: Axis, up: Axis) -> str:
    parts = [svg.rect(LEFT, TOP, RIGHT - LEFT, BOTTOM - TOP, class_="frame")]
    for tick in up.ticks:
        y = level(tick, up)
        parts.append(svg.line(LEFT, y, RIGHT, y, class_="grid"))
        parts.append(svg.text(LEFT - 6, y + 4, f"{tick:,g}", text_anchor="end"))
    for tick in across.ticks:
        x = LEFT + (RIGHT - LEFT) * across.place(tick) / 100
        parts.append(svg.line(x, TOP, x, BOTTOM, class_="grid"))
        parts.append(svg.text(x, BOTTOM + 16, f"{tick:,g}", text_anchor="middle"))
    middle = (TOP + BOTTOM) / 2
    parts.append(svg.text((LEFT + RIGHT) / 2, BOTTOM + 34, "goals a minute", text_anchor="middle"))
    turned = f"rotate(-90 12 {middle:g})"
    parts.append(svg.text(12, middle, "time to a drop [s]", text_anchor="middle", transform=turned))
    return "".join(parts)


def curves(points: Sequence[Point], places: Sequence[tuple[float, float]]) -> str:
    """Join each curve's points in the order of their strength, in the colour of its second."""
    parts = []
    for curve in dict.fromkeys(point.curve or point.family for point in points):
        mine = [
            (point.strength, at, point.tone)
            for point, at in zip(points, places, strict=True)
            if (point.curve or point.family) == curve and point.strength is not None
        ]
        if len(mine) > 1:
            ordered = sorted(mine, key=lambda one: one[0])
            path = " ".join(f"{x:.1f},{y:.1f}" for _, (x, y), _ in ordered)
            parts.append(svg.tag("polyline", points=path, class_=f"curve tone{ordered[1][2]}"))
    return "".join(parts)


def mark(point: Point, x: float, y: float, up: Axis) -> str:
    """Return a point with its interval, an arrow without a drop, a ring if it was chosen."""
    cell = point.cell
    parts = []
    if cell["drops"]:
        low, high = level(cell["hold_s_low"], up), level(cell["hold_s_high"] or cell["hold_s"], up)
        parts.append(svg.line(x, min(low, BOTTOM), x, high, class_="error"))
    else:
        parts.append(svg.line(x, y, x, y - 14, class_="error"))
        arrow = f"{x - 4:.1f},{y - 13:.1f} {x + 4:.1f},{y - 13:.1f} {x:.1f},{y - 19:.1f}"
        parts.append(svg.tag("polygon", points=arrow, class_="arrow"))
    parts.append(marker(point.shape, x, y))
    if point.chosen:
        parts.append(svg.tag("circle", cx=x, cy=y, r=7.5, class_="ring"))
    said = svg.tag("title", escape(told(point)))
    return svg.tag("g", said + "".join(parts), class_=f"tone{point.tone}")


def marker(shape: int, x: float, y: float) -> str:
    corners = SHAPES[shape]
    if not corners:
        return svg.tag("circle", cx=x, cy=y, r=RADIUS, class_="point")
    places = " ".join(f"{x + RADIUS * dx:.1f},{y + RADIUS * dy:.1f}" for dx, dy in corners)
    return svg.tag("polygon", points=places, class_="point")


def swatch(point: Point) -> str:
    """Return a point's marker as a picture of its own, for a key."""
    return svg.tag("svg", marker(point.shape, 6, 6), viewBox="0 0 12 12", class_="swatch")


def told(point: Point) -> str:
    least = "" if point.cell["drops"] else "at least "
    name = point.family if point.strength is None else f"{point.family} {point.strength:g}"
    goals = number(point.cell["goals_per_min"])
    return f"{name}: {least}{number(point.height)} s to a drop, {goals} goals a minute"


def spoken(title: str, points: Sequence[Point]) -> str:
    return f"{title}. {'; '.join(told(point) for point in points)}."


def labels(points: Sequence[Point], places: Sequence[tuple[float, float]]) -> str:
    """Return the points' labels beside them, each where it covers no point and no other label."""
    taken: list[Box] = [(x - 5, y - 5, x + 5, y + 5) for x, y in places]
    parts = []
    for point, (x, y) in zip(points, places, strict=True):
        if not point.words:
            continue
        gap = 10.0 if point.chosen else 7.0
        box = free(candidates(x, y, svg.wide(point.words, BOLD * SIZE), gap), taken)
        taken.append(box)
        parts.append(svg.text(box[0], box[3] - 2, point.words, class_=f"label tone{point.tone}"))
    return "".join(parts)


def candidates(x: float, y: float, width: float, gap: float) -> list[Box]:
    """Return places for a label around a point, best first, inside the frame."""
    half = SIZE / 2
    corners = [
        (x + gap, y - half),
        (x - gap - width, y - half),
        *((x + dx, y - gap - SIZE) for dx in (2.0, -width - 2.0)),
        *((x + dx, y + gap) for dx in (2.0, -width - 2.0)),
        *((x - width / 2, y + dy) for dy in (gap + 4, -gap - SIZE - 14)),
    ]
    for more in (12.0, 24.0, 36.0):  # where it is crowded, farther away
        sides = (x + gap + more / 2, x - gap - width - more / 2)
        corners += [(left, y - half + down) for down in (-more, more) for left in sides]
    inside = [
        (left, top)
        for left, top in corners
        if left > LEFT and left + width < WIDTH and top > 0 and top + SIZE < BOTTOM
    ]
    return [(left, top, left + width + AIR, top + SIZE) for left, top in inside or corners]


def free(boxes: Sequence[Box], taken: Sequence[Box]) -> Box:
    """Return the first box that covers least of what is taken."""
    return min(boxes, key=lambda box: sum(overlap(box, other) for other in taken))


def overlap(one: Box, other: Box) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0.0) * max(height, 0.0)
