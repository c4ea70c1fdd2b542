"""The result in one picture: how long three answers hold the object, and how much they move.

A complete SVG with its own light ground, so that it can stand outside the page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.report import svg
from tasks.report.answers import Group, groups_of
from tasks.report.charts import Axis, Row, linear_axis
from tasks.report.naming import SPLIT_WORDS
from tasks.report.style import LIGHT
from tasks.report.words import listed, number

INK, SOFT, LINE, GOOD, BAD = "#1c2126", "#5b6670", "#e3e7eb", "#00684b", "#a63d00"
FACE = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif'
ROW, TITLE, GAP = 22.0, 26.0, 20.0  # heights of a bar's row, a group's title, and between groups
FARTHEST = 1.6  # an interval is drawn up to so many lengths of the longest bar


@dataclass(frozen=True)
class Layout:
    """Where the columns stand."""

    width: float
    names: float
    bars: tuple[float, float]
    goals: tuple[float, float]
    ratio_beside: bool  # the ratios beside their group's bars, or above and below them
    heads: tuple[str, str]
    no_goals: str
    title: str
    subtitle: tuple[str, ...]


WIDE = Layout(
    900,
    24,
    (176, 480),
    (590, 660),
    True,
    ("time until the object drops [s]", "goals a minute"),
    "none asked for",
    "Time until the object drops, and goals reached",
    (
        "Simulation: a robot hand holds an object in its fingers while commands move its joints. "
        "Longer bars: it is held longer.",
        "A goal is reached when the object has been carried to a next grasp.",
    ),
)
NARROW = Layout(
    420,
    12,
    (138, 246),
    (322, 362),
    False,
    ("time until it drops [s]", "goals/min"),
    "none asked",
    "Time until a drop, and goals reached",
    (
        "Simulation: a robot hand holds an object in its fingers",
        "while commands move its joints. A goal is reached when",
        "the object has been carried to a next grasp.",
    ),
)


def picture(summary: Mapping[str, Any], layout: Layout = WIDE) -> str:
    """Return the picture as a standalone SVG; an empty text where nothing was evaluated."""
    groups = groups_of(summary)
    if not groups:
        return ""
    cells = [cell for group in groups for _, _, cell in group.rows]
    holds, goals = hold_axis(cells), linear_axis([goal_row(cell) for cell in cells])
    size = 20.0 if layout.ratio_beside else 17.0
    parts = [svg.text(layout.names, 34, layout.title, font_size=size, font_weight="700")]
    parts += lines(layout.subtitle, layout, 56, 13.0)
    top = 66.0 + 17 * len(layout.subtitle)
    parts += heads(layout, top)
    top += 28
    below = heights(groups, layout)
    parts += scale(layout, holds, top, top + sum(below) - GAP)
    for group, height in zip(groups, below, strict=True):
        parts.append(group_svg(group, layout, (holds, goals), top))
        top += height
    notes = footnotes(summary, layout, any(group.equal for group in groups))
    parts += lines(notes, layout, top + 8, 12.0)
    height = top + 24 + 17 * (len(notes) - 1)
    ground = svg.rect(0, 0, layout.width, height, fill="#ffffff", rx=8)
    return svg.tag(
        "svg",
        ground + "".join(parts),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {layout.width:g} {height:g}",
        width=layout.width,
        height=height,
        role="img",
        aria_label=spoken(groups),
        font_family=FACE,
        fill=INK,
    )


def lines(texts: Sequence[str], layout: Layout, y: float, size: float) -> list[str]:
    return [
        svg.text(layout.names, y + 17 * i, words, font_size=size, fill=SOFT)
        for i, words in enumerate(texts)
    ]


def heights(groups: Sequence[Group], layout: Layout) -> list[float]:
    """Return each group's height; a phone shows the ratio at equal goals below the bars."""
    below = 0.0 if layout.ratio_beside else 16.0
    return [
        TITLE + ROW * len(group.rows) + (below if group.equal else 0.0) + GAP for group in groups
    ]


def goal_row(cell: Mapping[str, Any]) -> Row:
    value = cell["goals_per_min"]
    return Row("", 0, value, value, value)


def hold_axis(cells: Sequence[Mapping[str, Any]]) -> Axis:
    """Return the axis of all groups: from zero to the longest bar and what fits of intervals."""
    longest = max(bar_end(cell) for cell in cells)
    highs = [cell["hold_s_high"] for cell in cells if cell["drops"]]
    stop = min(max([*highs, longest]), FARTHEST * longest)
    ticks = linear_axis([Row("", 0, stop, 0.0, stop)]).ticks
    return Axis(0.0, stop, False, tuple(tick for tick in ticks if tick <= stop))


def along(span: tuple[float, float], axis: Axis, value: float) -> float:
    """Return where a value of an axis stands in a column [units of the view box]."""
    return span[0] + (span[1] - span[0]) * axis.place(value) / 100


def scale(layout: Layout, axis: Axis, top: float, bottom: float) -> list[str]:
    """Return the grid of the time to a drop, its numbers on top."""
    parts = []
    for tick in axis.ticks:
        x = along(layout.bars, axis, tick)
        parts.append(svg.line(x, top, x, bottom, stroke=LINE))
        words = {"font_size": 11.0, "fill": SOFT, "text_anchor": "middle"}
        parts.append(svg.text(x, top - 5, f"{tick:g}", **words))
    return parts


def bar_end(cell: Mapping[str, Any]) -> float:
    """Return a bar's length [s]: the time to a drop, without a drop its lower bound."""
    return cell["hold_s"] if cell["drops"] else cell["hold_s_low"]


def heads(layout: Layout, y: float) -> list[str]:
    places = (layout.bars[0], layout.goals[0])
    parts = [
        svg.text(x, y, words, font_size=12, fill=SOFT)
        for x, words in zip(places, layout.heads, strict=True)
    ]
    if layout.ratio_beside:
        x, words = layout.width - layout.names, "against command alone"
        parts.append(svg.text(x, y, words, font_size=12, fill=SOFT, text_anchor="end"))
    return parts


def group_svg(group: Group, layout: Layout, axes: tuple[Axis, Axis], top: float) -> str:
    """Return a group's title, its bars and its ratios."""
    holds, goals = axes
    size = 15 if layout.ratio_beside else 13.5
    parts = [svg.text(layout.names, top + 16, group.title, font_size=size, font_weight="600")]
    for i, (words, kind, cell) in enumerate(group.rows):
        y = top + TITLE + ROW * i
        parts.append(svg.text(layout.names, y + 15, words, font_size=size - 2))
        parts += hold_bar(cell, LIGHT[kind], layout, holds, y)
        if group.goals:
            parts += goal_bar(cell, LIGHT[kind], layout, goals, y)
    if not group.goals:
        y = top + TITLE + ROW * len(group.rows) / 2 + 4
        parts.append(svg.text(layout.goals[0], y, layout.no_goals, font_size=12, fill=SOFT))
    return "".join(parts) + ratio_svg(group, layout, top)


def ratio_svg(group: Group, layout: Layout, top: float) -> str:
    """Return a group's ratio, large where it is claimed, and small the one at equal goals."""
    words, span, sign = group.ratio
    fill, weight = (BAD, SOFT, GOOD)[sign + 1], "700" if sign else "400"
    right = layout.width - layout.names
    if not layout.ratio_beside:
        size = 15.0 if sign else 12.0
        parts = [small(right, top + 16, words, size, fill=fill, font_weight=weight)]
        if group.equal:
            equal = f"Scaled command, equal goals: {group.equal}"
            y = top + TITLE + ROW * len(group.rows) + 12
            parts.append(svg.text(layout.names, y, equal, font_size=11.5, fill=SOFT))
        return "".join(parts)
    y = top + TITLE + (12 if group.equal else 26)
    size = 24.0 if sign else 15.0
    parts = [small(right, y, words, size, fill=fill, font_weight=weight)]
    parts += [small(right, y + 18, f"({span})", 13)] if span else []
    if group.equal:
        parts.append(small(right, y + 36, "scaled command, equal goals:", 11.5))
        parts.append(small(right, y + 51, group.equal, 11.5))
    return "".join(parts)


def small(x: float, y: float, words: str, size: float, **look: str) -> str:
    """Return a text that ends at x."""
    return svg.text(x, y, words, font_size=size, text_anchor="end", **{"fill": SOFT} | look)


def hold_bar(
    cell: Mapping[str, Any], colour: str, layout: Layout, axis: Axis, y: float
) -> list[str]:
    """Return a bar with its interval; without a drop it ends in an arrow at its lower bound."""
    left, end = layout.bars[0], along(layout.bars, axis, bar_end(cell))
    parts = [svg.rect(left, y + 3, max(end - left, 1.0), ROW - 6, fill=colour, rx=2)]
    if not cell["drops"]:
        points = (
            f"{end:.1f},{y + 3:.1f} {end + 8:.1f},{y + ROW / 2:.1f} {end:.1f},{y + ROW - 3:.1f}"
        )
        parts.append(svg.tag("polygon", points=points, fill=colour))
        words = f"\u2265\u00a0{number(cell['hold_s_low'])} s"
        words += ", no drop" if layout.ratio_beside else ""
        return [*parts, svg.text(end + 14, y + 15, words, font_size=13, font_weight="600")]
    low, high = (along(layout.bars, axis, cell[f"hold_s_{side}"]) for side in ("low", "high"))
    middle = y + ROW / 2
    parts.append(svg.line(low, middle, high, middle, stroke=INK, stroke_width=1.2))
    words = f"{number(cell['hold_s'])} s"
    x = max(high, end) + 7
    return [*parts, svg.text(x, y + 15, words, font_size=13, font_weight="600")]


def goal_bar(
    cell: Mapping[str, Any], colour: str, layout: Layout, axis: Axis, y: float
) -> list[str]:
    left, end = layout.goals[0], along(layout.goals, axis, cell["goals_per_min"])
    return [
        svg.rect(left, y + 6, max(end - left, 1.0), ROW - 12, fill=colour, fill_opacity=0.6, rx=2),
        svg.text(end + 6, y + 15, number(cell["goals_per_min"], 2), font_size=13),
    ]


def footnotes(summary: Mapping[str, Any], layout: Layout, equal: bool) -> list[str]:
    settings = summary["settings"]
    share = f"{100 * settings['confidence']:g}%"
    objects = listed(settings["objects"][settings["judged"]])
    objects = f"Measured on {objects} ({SPLIT_WORDS[settings['judged']]})."
    if layout.ratio_beside:
        notes = [f"{objects} Thin lines and parentheses: {share} intervals."]
        more = ["Equal goals: against the command scaled until it reaches as many goals a minute."]
    else:
        notes = [objects, f"Thin lines and parentheses: {share} intervals."]
        more = ["Equal goals: the command scaled until it reaches as many."]
    return notes + (more if equal else [])


def spoken(groups: Sequence[Group]) -> str:
    """Return the picture in words, for those who cannot see it."""
    said = []
    for group in groups:
        bars = ", ".join(
            f"{words} {'' if cell['drops'] else 'at least '}{number(bar_end(cell))} s to a drop "
            f"and {number(cell['goals_per_min'], 2)} goals a minute"
            for words, _, cell in group.rows
        )
        said.append(f"{group.title}: {bars}.")
    return " ".join(said)
