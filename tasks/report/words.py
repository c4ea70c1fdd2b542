"""What the evaluation says, in sentences made from its numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.report.naming import describe, interval, listed, number

Cell = Mapping[str, Any]
JUDGED_ON = {"held_out": "objects held out of training", "training": "the training's own objects"}
JUDGED = {"hold_s": "time to a drop", "goals_per_min": "goals a minute"}


def held(cell: Cell) -> str:
    """Return the time to a drop in words; without a drop nothing but the time watched."""
    if not cell["drops"]:
        return f"no drop in {number(cell['time_s'])}\u00a0s watched"
    return f"one drop every {number(cell['hold_s'])}\u00a0s"


def compared(ours: Cell, other: Cell) -> str:
    """Say how two times to a drop differ; a ratio only of two estimates that are told apart."""
    sign = apart(ours, other, "hold_s")
    if sign == 0:
        return "not told apart"
    if ours["drops"] and other["drops"]:
        return f"{number(ours['hold_s'] / other['hold_s'], 2)} times as long"
    return f"{'longer' if sign > 0 else 'shorter'}, beyond both intervals"


def headline(summary: Mapping[str, Any]) -> list[str]:
    """Return the page's opening sentences, the first of them the result: with one setting for
    all commands, where it is known; else under the first perturbation.

    Each claim stands with its interval, and says so where the numbers do not support a difference.
    """
    table, settings = summary["evaluation"], summary["settings"]
    name = next(iter(table))
    cells = table[name]
    if "assisted" not in cells or "unassisted" not in cells:
        return [f"Evaluated under {', '.join(table)}; there is no pair of variants to compare."]
    ours, bare = cells["assisted"], cells["unassisted"]
    told = "" if apart(ours, bare, "goals_per_min") else ", not told apart"
    result = (
        f"Under {describe(name, settings)}, on {JUDGED_ON[settings['judged']]}: {held(ours)} with "
        f"the controller and {held(bare)} without, {compared(ours, bare)}; "
        f"{number(ours['goals_per_min'])} goals a minute with and "
        f"{number(bare['goals_per_min'])} without{told}."
    )
    lines = [result, standing(table), measured_on(settings), *supporting(cells, settings)]
    return (
        one_for_all(summary) + lines + paired(summary, name) + trained(summary.get("metrics", {}))
    )


def one_for_all(summary: Mapping[str, Any]) -> list[str]:
    """Say in a sentence how the default assistance does over all families with one setting."""
    found = summary.get("one_setting", {})
    ours, bare, over = (found.get(name) for name in ("assisted", "unassisted", "vs_scaled"))
    if not (ours and bare and over):
        return []
    worst, holds = ours["worst_family"], [number(cell["hold_s"]) for cell in (ours, bare)]
    known = None not in (over["low"], over["high"])
    span = interval_of(over) if known else "no interval"
    told = "" if known and not over["low"] <= 1 <= over["high"] else ", not told apart"
    return [
        f"With one setting for all {len(summary['evaluation'])} kinds of commands, on "
        f"{JUDGED_ON[summary['settings']['judged']]}: held {holds[0]}\u00a0s with the "
        f"controller and {holds[1]}\u00a0s without (geometric mean), at "
        f"{number(ours['goals_per_min'])} and {number(bare['goals_per_min'])} goals a minute; "
        f"{number(over['value'])} ({span}) times as long as the best scaled command "
        f"{'that reaches as many goals' if over['reached'] else '(none reaches as many goals)'}"
        f"{told}. Worst against the bare command: {worst['name']}, "
        f"{number(worst['hold_over_bare']['value'])} times its hold."
    ]


def measured_on(settings: Mapping[str, Any]) -> str:
    """Say which objects the result is about, and which the controller was trained on."""
    held_out, training = (listed(settings["objects"][split]) for split in ("held_out", "training"))
    seen = f"the controller was trained on {training}"
    if settings["judged"] == "held_out":
        beside = ", whose figures stand apart, by object" if settings["pairs"]["training"] else ""
        return f"Measured on {held_out}, which no training step saw; {seen}{beside}."
    return (
        f"Measured on objects and grasps of the training itself: {seen}. Held out of it: "
        f"{held_out}."
    )


def supporting(cells: Mapping[str, Cell], settings: Mapping[str, Any]) -> list[str]:
    """Return what qualifies the result: intervals, goals, intention."""
    ours, bare = cells["assisted"], cells["unassisted"]
    share = f"{100 * settings['confidence']:g}%"
    return [
        f"{share} intervals: time to a drop {interval(ours, 'hold_s')}\u00a0s with, "
        f"{interval(bare, 'hold_s')}\u00a0s without; goals a minute "
        f"{interval(ours, 'goals_per_min')} with, {interval(bare, 'goals_per_min')} without. Two "
        "figures are told apart where their intervals do not overlap.",
        f"Goals a drop: {goals_per_drop(ours)} with, {goals_per_drop(bare)} without. Intention "
        f"(mean cosine): {number(ours['intention'])} with, {number(bare['intention'])} without.",
    ]


def paired(summary: Mapping[str, Any], name: str) -> list[str]:
    """Return what the paired bootstrap says: against the bare command, and at equal goals."""
    ours = summary["settings"].get("assisted")
    ratio = summary.get("ratios", {}).get(name, {}).get(ours, {}).get("hold", {})
    lines = []
    if None not in (ratio.get("value"), ratio.get("low"), ratio.get("high")):
        lines.append(
            "Paired environment by environment, the controller's time to a drop is "
            f"{number(ratio['value'])} ({interval_of(ratio)}) times the bare command's."
        )
    equal = summary.get("matched", {}).get(name, {}).get(ours)
    if equal is None:
        return lines
    known = None not in (equal["low"], equal["high"])
    span = interval_of(equal) if known else "no interval"
    told = "" if known and not equal["low"] <= 1 <= equal["high"] else ", not told apart"
    other = (
        "Against the best scaled command that reaches as many goals a minute, it is "
        if equal["reached"]
        else "No scaled command reaches as many goals; against the one that comes nearest it is "
    )
    return [*lines, f"{other}{number(equal['hold_ratio'])} ({span}) times as long{told}."]


def interval_of(ratio: Mapping[str, Any]) -> str:
    return f"{number(ratio['low'])}–{number(ratio['high'])}"


def goals_per_drop(cell: Cell) -> str:
    """Return goals a drop; without a drop the goals only, for there is no such ratio."""
    return number(cell["goals_per_drop"]) if cell["drops"] else f"{cell['goals']} and no drop"


def trained(metrics: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    """Say how much the controller was trained, as its step recorded it."""
    windows = [row["step"] for row in metrics.get("train", ()) if row["step"] is not None]
    if not windows:
        return []
    return [
        f"The controller was trained on {max(windows):,} windows, repeats counted (the paper: "
        "15 epochs of 10,000,000,000 transitions)."
    ]


def apart(ours: Cell, other: Cell, key: str) -> int:
    """Return 1 or -1 where ours is above or below beyond both intervals, 0 where they overlap."""
    return int(above(ours, other, key)) - int(above(other, ours, key))


def above(one: Cell, other: Cell, key: str) -> bool:
    high = other[f"{key}_high"]
    return high is not None and one[f"{key}_low"] > high


def standing(table: Mapping[str, Mapping[str, Cell]]) -> str:
    """Say in one sentence where the assisted hand does worse than the bare command, and better.

    A perturbation in which neither drops nor goals tell them apart is named as such.
    """
    worse, better = ({key: [] for key in JUDGED} for _ in range(2))
    tied = []
    for name, cells in table.items():
        signs = {key: apart(cells["assisted"], cells["unassisted"], key) for key in JUDGED}
        for key, sign in signs.items():
            if sign:
                (better if sign > 0 else worse)[key].append(name)
        if not any(signs.values()):
            tied.append(name)
    if len(tied) == len(table):
        return (
            f"With and without the controller are not told apart, in time to a drop or in goals "
            f"a minute, in any perturbation: {', '.join(tied)}."
        )
    parts = [
        f"The controller does worse than the bare command in {counted(worse)}"
        if any(worse.values())
        else "In no perturbation is the controller worse than the bare command beyond the intervals"
    ]
    if any(better.values()):
        parts.append(f"it does better in {counted(better)}")
    if tied:
        parts.append(f"not told apart in {', '.join(tied)}")
    return f"{'; '.join(parts)}."


def counted(found: Mapping[str, Sequence[str]]) -> str:
    """Return figures with the perturbations in which they differ."""
    return " and in ".join(
        f"{JUDGED[key]} ({', '.join(names)})" for key, names in found.items() if names
    )
