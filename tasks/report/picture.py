"""The result in one picture: how long three answers hold the object, and how much they move.

One layout serves a wide screen, where it is shown enlarged, and a phone, where it is shrunk.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.patches import Polygon
from matplotlib.ticker import NullLocator

from tasks.report.answers import Group, groups_of
from tasks.report.figures import INK, SOFT, canvas, framed, linear, looking, svg_of
from tasks.report.naming import judged_on, number
from tasks.report.style import LIGHT, colour_of

WIDTH, MARGIN = 580.0, 16.0  # [pixels]
BARS, GOALS = (176.0, 362.0), (462.0, 520.0)  # from where to where the columns reach [pixels]
BAR, TITLE, EQUAL, GAP = 23.0, 26.0, 20.0, 20.0  # heights of a row, a title, a note, and between
PALE = 0.3  # of a bar beyond what is known
FARTHEST = 1.6  # an interval is drawn up to so many lengths of the longest bar
HEAD = (
    "Simulation: a robot hand holds an object in its fingers while commands",
    "move its joints. Longer bars: it is held longer. A goal is reached when the",
    "object has been carried to a next grasp. Right: against the command alone.",
)


@looking
def picture(summary: Mapping[str, Any], alone: bool = False) -> Markup:
    """Return the picture of an evaluation as SVG.

    Args:
        alone: a file of its own, on light ground, not a part of a page.
    """
    groups = groups_of(summary)
    heights = [
        TITLE + BAR * len(group.rows) + (EQUAL if group.equal else 0.0) + GAP for group in groups
    ]
    notes = footnotes(summary, any(group.equal for group in groups))
    top, end = 152.0, 152.0 + sum(heights)
    sheet = Sheet(end + 10 + 18 * len(notes))
    sheet.write(MARGIN, 34, "Time until the object drops, and goals reached", 19, weight="bold")
    for y, words in [
        *((60.0 + 18 * i, words) for i, words in enumerate(HEAD)),
        *((end + 8 + 18 * i, words) for i, words in enumerate(notes)),
    ]:
        sheet.write(MARGIN, y, words, 13.5, color=SOFT)
    sheet.write(BARS[0], 126, "time to a drop [s]", 13, color=SOFT)
    sheet.write(GOALS[0], 126, "goals a minute", 13, color=SOFT)
    cells = [cell for group in groups for _, _, cell in group.rows]
    held = sheet.column(BARS, top, end - GAP, farthest(cells))
    moved = sheet.column(GOALS, top, end, max(cell["goals_per_min"] for cell in cells) or 1.0)
    linear(held.xaxis, 3)
    moved.xaxis.set_major_locator(NullLocator())
    for group, height in zip(groups, heights, strict=True):
        draw_group(sheet, group, (held, moved), top)
        top += height
    return svg_of(sheet.figure, spoken(groups), alone)


class Sheet:
    """A figure on which texts stand at pixels from its left and top."""

    def __init__(self, height: float) -> None:
        self.height, self.figure = height, canvas(WIDTH, height)

    def write(
        self, x: float, y: float, words: str, size: float, color: str = INK, **look: Any
    ) -> None:
        up = 1.0 - y / self.height
        self.figure.text(x / WIDTH, up, words, fontsize=size, color=color, **look)

    def column(self, span: tuple[float, float], top: float, bottom: float, stop: float) -> Axes:
        """Add a column of bars; their heights are pixels below the figure's top."""
        axes = framed(self.figure, span[0], top, span[1], bottom)
        axes.set(xlim=(0.0, stop), ylim=(bottom, top))
        axes.yaxis.set_major_locator(NullLocator())
        axes.xaxis.tick_top()
        axes.tick_params(pad=1)
        axes.spines[:].set_visible(False)
        return axes


def farthest(cells: Sequence[Mapping[str, Any]]) -> float:
    """Return where the axis ends [s]: at the longest bar and what fits of the intervals."""
    longest = max(bar_end(cell) for cell in cells)
    highs = [cell["hold_s_high"] for cell in cells if cell["drops"]]
    return min(max([*highs, longest]), FARTHEST * longest)


def bar_end(cell: Mapping[str, Any]) -> float:
    """Return a bar's length [s]: the time to a drop, without a drop its lower bound."""
    return cell["hold_s"] if cell["drops"] else cell["hold_s_low"]


def draw_group(sheet: Sheet, group: Group, columns: tuple[Axes, Axes], top: float) -> None:
    """Draw a group's title with its ratio, its bars, and the ratio at equal goals."""
    held, moved = columns
    words, span, sign = group.ratio
    colour = LIGHT[("bad", "soft", "good")[sign + 1]]
    said = f"{words} ({span})" if span else words
    look = {"ha": "right", "color": colour, "weight": "bold" if sign else "normal"}
    sheet.write(MARGIN, top + 16, group.title, 15, weight="bold")
    sheet.write(WIDTH - MARGIN, top + 16, said, 15 if sign else 13, **look)
    for i, (words, variant, cell) in enumerate(group.rows):
        y = top + TITLE + BAR * (i + 0.5)
        sheet.write(MARGIN, y + 5, words, 14)
        hold_bar(held, cell, colour_of(variant), y)
        if group.goals:
            goals = cell["goals_per_min"]
            moved.barh(y, goals, 11, color=colour_of(variant), alpha=0.6)
            beside(moved, goals, y, number(goals, 2))
    if not group.goals:
        y = top + TITLE + BAR * len(group.rows) / 2 + 5
        sheet.write(GOALS[0], y, "none asked for", 13, color=SOFT)
    if group.equal:
        y = top + TITLE + BAR * len(group.rows) + 15
        words = f"Against the scaled command at equal goals: {group.equal}"
        sheet.write(MARGIN, y, words, 13, color=SOFT)


def hold_bar(axes: Axes, cell: Mapping[str, Any], colour: str, y: float) -> None:
    """Draw a bar with its interval; without a drop it is pale beyond its lower bound, and open."""
    end, stop = bar_end(cell), axes.get_xlim()[1]
    axes.barh(y, end, BAR - 6, color=colour)
    if cell["drops"]:
        high = min(cell["hold_s_high"], stop)
        axes.hlines(y, cell["hold_s_low"], high, colors=INK, linewidth=1.2)
        beside(axes, max(high, end), y, f"{number(cell['hold_s'])} s", weight="bold")
        return
    tip, half = 1.03 * stop, BAR / 2 - 3
    axes.barh(y, stop - end, BAR - 6, left=end, color=colour, alpha=PALE, linewidth=0)
    arrow = ((stop, y - half), (tip, y), (stop, y + half))
    axes.add_patch(Polygon(arrow, color=colour, alpha=PALE, linewidth=0, clip_on=False))
    beside(axes, tip, y, f"\u2265\u00a0{number(cell['hold_s_low'])} s", weight="bold")


def beside(axes: Axes, end: float, y: float, words: str, **look: Any) -> None:
    """Write a figure right of its bar."""
    how = {"textcoords": "offset pixels", "va": "center_baseline", "annotation_clip": False}
    axes.annotate(words, (end, y), (6, 0), fontsize=13.5, color=INK, **how, **look)


def footnotes(summary: Mapping[str, Any], equal: bool) -> list[str]:
    settings = summary["settings"]
    share = f"{100 * settings['confidence']:g}%"
    return [
        f"Measured {judged_on(settings)}.",
        f"Thin lines and parentheses: {share} intervals. \u2265, pale: no drop was seen.",
        *(["Equal goals: the command scaled until it reaches as many a minute."] if equal else ()),
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
