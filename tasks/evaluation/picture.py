"""The result in one picture: how long three answers hold the object, and how much they move.

A complete SVG with its own light ground, so that it can stand outside the page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.evaluation import svg
from tasks.evaluation.answers import Group, groups_of
from tasks.evaluation.charts import Axis, Row, linear_axis
from tasks.evaluation.headline import listed, number
from tasks.evaluation.naming import SPLIT_WORDS
from tasks.evaluation.style import LIGHT

INK, SOFT, LINE, GOOD, BAD = "#1c2126", "#5b6670", "#e3e7eb", "#00684b", "#a63d00"
FACE = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif'
ROW, TITLE, GAP = 22.0, 26.0, 20.0  # heights of a bar's row, a group's title, and between groups
FARTHEST = 1.6  # an interval is drawn up to so many lengths of its group's longest bar


@dataclass(frozen=True)
class Layout:
    """Where the columns stand."""

    width: float
    names: float
    bars: tuple[float, float]
    goals: tuple[float, float]
    ratio_beside: bool  # the ratio beside its group's bars, or at the end of its title
    heads: tuple[str, str]
    no_goals: str
    title: tuple[str, ...]


WIDE = Layout(
    900,
    24,
    (176, 480),
    (590, 670),
    True,
    ("time until the object drops", "goals a minute"),
    "none asked for",
    ("Holding the object, and still moving it",),
)
NARROW = Layout(
    420,
    12,
    (138, 246),
    (322, 362),
    False,
    ("time until it drops", "goals/min"),
    "none asked",
    ("Holding the object,", "and still moving it"),
)


def picture(summary: Mapping[str, Any], layout: Layout = WIDE) -> str:
    """Return the picture as a standalone SVG; an empty text where nothing was evaluated."""
    groups = groups_of(summary)
    if not groups:
        return ""
    cells = [cell for group in groups for _, _, cell in group.rows]
    goals = linear_axis([goal_row(cell) for cell in cells])
    top = 26.0 + 24 * len(layout.title)
    parts = [
        svg.text(layout.names, 34 + 24 * i, words, font_size=20, font_weight="700")
        for i, words in enumerate(layout.title)
    ]
    parts += heads(layout, top + 12)
    top += 30
    for group in groups:
        parts.append(group_svg(group, layout, goals, top))
        top += TITLE + ROW * len(group.rows) + GAP
    notes = footnotes(summary, layout)
    parts += [
        svg.text(layout.names, top + 8 + 16 * i, words, font_size=12, fill=SOFT)
        for i, words in enumerate(notes)
    ]
    height = top + 24 + 16 * (len(notes) - 1)
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


def goal_row(cell: Mapping[str, Any]) -> Row:
    value = cell["goals_per_min"]
    return Row("", 0, value, value, value)


def hold_axis(cells: Sequence[Mapping[str, Any]]) -> Axis:
    """Return a group's axis from zero: its longest bar and, unless far off, every interval."""
    longest = max(bar_end(cell) for cell in cells)
    highs = [cell["hold_s_high"] for cell in cells if cell["drops"]]
    return Axis(0.0, min(max([*highs, longest]), FARTHEST * longest), False, ())


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


def group_svg(group: Group, layout: Layout, goals: Axis, top: float) -> str:
    """Return a group's title, its bars and its ratio."""
    holds = hold_axis([cell for _, _, cell in group.rows])
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
    """Return a group's ratio, large where it is claimed, with its interval where there is room."""
    parts = []
    words, span, sign = group.ratio
    x, fill = layout.width - layout.names, (BAD, SOFT, GOOD)[sign + 1]
    middle = top + TITLE + ROW * len(group.rows) / 2
    y = middle + (0 if span else 8) if layout.ratio_beside else top + 16
    size = (24.0 if sign else 15.0) if layout.ratio_beside else (15.0 if sign else 12.0)
    bold: dict[str, str | float] = {"font_weight": "700" if sign else "400", "text_anchor": "end"}
    parts.append(svg.text(x, y, words, font_size=size, fill=fill, **bold))
    if span and layout.ratio_beside:
        below = f"({span})"
        parts.append(svg.text(x, y + 20, below, font_size=13, fill=SOFT, text_anchor="end"))
    return "".join(parts)


def hold_bar(
    cell: Mapping[str, Any], colour: str, layout: Layout, axis: Axis, y: float
) -> list[str]:
    """Return a bar with its interval; without a drop it ends in an arrow at its lower bound."""
    left, right = layout.bars
    end = left + (right - left) * axis.place(bar_end(cell)) / 100
    parts = [svg.rect(left, y + 3, max(end - left, 1.0), ROW - 6, fill=colour, rx=2)]
    if not cell["drops"]:
        points = (
            f"{end:.1f},{y + 3:.1f} {end + 8:.1f},{y + ROW / 2:.1f} {end:.1f},{y + ROW - 3:.1f}"
        )
        parts.append(svg.tag("polygon", points=points, fill=colour))
        words = f"\u2265\u00a0{number(cell['hold_s_low'])} s"
        words += ", no drop" if layout.ratio_beside else ""
        return [*parts, svg.text(end + 14, y + 15, words, font_size=13, font_weight="600")]
    low = left + (right - left) * axis.place(cell["hold_s_low"]) / 100
    high = left + (right - left) * axis.place(cell["hold_s_high"]) / 100
    middle = y + ROW / 2
    parts.append(svg.line(low, middle, high, middle, stroke=INK, stroke_width=1.2))
    words = f"{number(cell['hold_s'])} s"
    x = max(high, end) + 7
    return [*parts, svg.text(x, y + 15, words, font_size=13, font_weight="600")]


def goal_bar(
    cell: Mapping[str, Any], colour: str, layout: Layout, axis: Axis, y: float
) -> list[str]:
    left, right = layout.goals
    end = left + (right - left) * axis.place(cell["goals_per_min"]) / 100
    return [
        svg.rect(left, y + 6, max(end - left, 1.0), ROW - 12, fill=colour, fill_opacity=0.6, rx=2),
        svg.text(end + 6, y + 15, number(cell["goals_per_min"], 2), font_size=13),
    ]


def footnotes(summary: Mapping[str, Any], layout: Layout) -> list[str]:
    settings = summary["settings"]
    share = f"{100 * settings['confidence']:g}%"
    objects = listed(settings["objects"][settings["judged"]])
    objects = f"on {objects} ({SPLIT_WORDS[settings['judged']]})"
    if layout.ratio_beside:
        return [
            f"Simulated, {objects}. Thin lines and parentheses: {share} intervals. Bars of one "
            "group share a scale; groups do not."
        ]
    return [
        f"Simulated, {objects}.",
        f"Thin lines: {share} intervals.",
        "Bars of one group share a scale; groups do not.",
    ]


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
