"""What the evaluation says, in sentences made from its numbers."""

from collections.abc import Mapping
from typing import Any

Cell = Mapping[str, Any]


def describe(name: str, settings: Mapping[str, Any]) -> str:
    """Return a perturbation in words, from its definition in the evaluation's settings."""
    definition = settings.get("perturbations", {}).get(name, {})
    match definition.get("kind"):
        case "noise":
            return f"uniform noise of ±{definition['amplitude']:g} on every joint command"
        case "slow":
            return f"the command slowed by a factor drawn up to {definition['beta']:g}"
        case "correlated":
            return f"noise correlated over {definition['time_constant_s']:g} s"
        case "absolute":
            return "an operator with late, inexact absolute commands"
        case _:
            return name


def number(value: float | None, digits: int = 3) -> str:
    """Return a figure with `digits` significant digits and no exponent; None is unbounded."""
    if value is None:
        return "∞"
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    return f"{value:#.{digits}g}" if abs(value) >= 1e-3 else f"{value:.{digits - 1}g}"


def interval(cell: Cell, key: str) -> str:
    return f"{number(cell[key + '_low'])}–{number(cell[key + '_high'])}"


def comparison(ours: Cell, other: Cell) -> str:
    """Say whether two hold times differ beyond their intervals."""
    high, other_high = ours["hold_s_high"], other["hold_s_high"]
    if other_high is not None and ours["hold_s_low"] > other_high:
        return "longer, beyond both intervals"
    if high is not None and high < other["hold_s_low"]:
        return "shorter, beyond both intervals"
    return "not told apart: the intervals overlap"


def headline(evaluation: Mapping[str, Any]) -> list[str]:
    """Return the page's opening sentences, the first of them the result.

    The first perturbation and the default assistance are the headline's; each claim stands
    with its interval, and says so where the numbers do not support a difference.
    """
    table, settings = evaluation["evaluation"], evaluation["settings"]
    name = next(iter(table))
    cells = table[name]
    if "assisted" not in cells or "unassisted" not in cells:
        return [f"Evaluated under {', '.join(table)}; there is no pair of variants to compare."]
    ours, bare = cells["assisted"], cells["unassisted"]
    ratio = ours["hold_s"] / bare["hold_s"]
    goals, bare_goals = number(ours["goals_per_min"]), number(bare["goals_per_min"])
    reached = f"reaches {goals} instead of {bare_goals} goals a minute"
    if goals == bare_goals:
        reached = f"reaches {goals} goals a minute either way"
    result = (
        f"Under {describe(name, settings)}, the hand holds its object for "
        f"{seconds(ours)} with the controller and {seconds(bare)} without, {number(ratio, 2)} "
        f"times as long, and {reached}."
    )
    return [result, *supporting(cells, settings)]


def seconds(cell: Cell) -> str:
    return f"{number(cell['hold_s'])}\u00a0s"


def supporting(cells: Mapping[str, Cell], settings: Mapping[str, Any]) -> list[str]:
    """Return what qualifies the result: intervals, goals, the scaled command."""
    ours, bare = cells["assisted"], cells["unassisted"]
    share = f"{100 * settings['confidence']:g}%"
    lines = [
        f"{share} intervals: {interval(ours, 'hold_s')}\u00a0s with, "
        f"{interval(bare, 'hold_s')}\u00a0s without ({comparison(ours, bare)}).",
        f"Goals a drop: {number(ours['goals_per_drop'])} with, {number(bare['goals_per_drop'])} "
        f"without. Intention (mean cosine): {number(ours['intention'])} with, "
        f"{number(bare['intention'])} without.",
    ]
    if "scaled" in cells:
        scaled = cells["scaled"]
        gain = settings["variants"]["scaled"]["gain"]
        lines.append(
            f"Holding alone proves little: the command merely scaled by {gain:g} holds for "
            f"{seconds(scaled)} at {number(scaled['goals_per_min'])} goals a minute "
            f"({number(scaled['goals_per_drop'])} a drop)."
        )
    return lines
