"""What the figures support: which hand is better, and only beyond the intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

Cell = Mapping[str, Any]
JUDGED = {"hold_s": "time to a drop", "goals_per_min": "goals a minute"}


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
