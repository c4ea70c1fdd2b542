"""What the evaluation says, in sentences made from its numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.report.naming import listed, number
from tasks.report.tables import ratio

Cell = Mapping[str, Any]
JUDGED_ON = {"held_out": "objects held out of training", "training": "the training's own objects"}
JUDGED = {"hold_s": "time to a drop", "goals_per_min": "goals a minute"}


def headline(summary: Mapping[str, Any]) -> list[str]:
    """Return the page's opening sentences, the first of them the result.

    A difference is claimed only where the intervals support it.
    """
    table, found = summary["evaluation"], summary["one_setting"]
    if "assisted" not in found:
        return [f"Evaluated under {', '.join(table)}; no answer is the default assistance."]
    ours, bare, over = (found[name] for name in ("assisted", "unassisted", "vs_scaled"))
    worst, holds = ours["worst_family"], [number(cell["hold_s"]) for cell in (ours, bare)]
    told = ", not told apart" if over["low"] <= 1 <= over["high"] else ""
    result = (
        f"With one setting for all {len(table)} kinds of commands, on "
        f"{JUDGED_ON[summary['settings']['judged']]}: held {holds[0]}\u00a0s with the "
        f"controller and {holds[1]}\u00a0s without (geometric mean), at "
        f"{number(ours['goals_per_min'])} and {number(bare['goals_per_min'])} goals a minute; "
        f"{ratio(over)} times as long as the best scaled command "
        f"{'that reaches as many goals' if over['reached'] else '(none reaches as many goals)'}"
        f"{told}. Worst against the bare command: {worst['name']}, "
        f"{number(worst['hold_over_bare']['value'])} times its hold."
    )
    lines = [result, standing(table), measured_on(summary["settings"])]
    return lines + trained(summary["metrics"])


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
