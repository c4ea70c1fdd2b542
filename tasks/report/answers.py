"""What the picture compares: three answers to the headline's commands, and their ratios."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasks.report.naming import family_of, number, short, tone
from tasks.report.words import apart

SHOWN = ("noisy_1.0", "noisy_2.0", "correlated", "open_hand", "clean")


@dataclass(frozen=True)
class Group:
    """A perturbation's bars."""

    title: str
    rows: list[tuple[str, int, Mapping[str, Any]]]  # words, tone, cell
    ratio: tuple[str, str, int]  # words, interval, 1 longer, -1 shorter, 0 not told apart
    equal: str  # the time to a drop against the scaled command's at equal goals, if known
    goals: bool  # whether the command asks for any


def groups_of(summary: Mapping[str, Any]) -> list[Group]:
    """Return the headline's perturbations as far as present, else the first three."""
    table, settings = summary.get("evaluation") or {}, summary.get("settings", {})
    names = [name for name in SHOWN if name in table] or list(table)[:3]
    scaled = middle_scaled(settings)
    groups = []
    for name in names:
        ours = controller_of(table[name], settings)
        answers = (
            ("command alone", "unassisted"),
            (f"command × {scaled.rpartition('_')[2]}", scaled),
            ("with the controller", ours),
        )
        rows = [
            (words, tone("guarded" if variant == "assisted" else variant), table[name][variant])
            for words, variant in answers
            if variant in table[name]
        ]
        if rows:
            kind = settings.get("perturbations", {}).get(name, {}).get("kind")
            ratio = ratio_of(summary, name, ours)
            equal = at_equal_goals(summary, name, ours)
            groups.append(Group(short(name, settings), rows, ratio, equal, kind != "pose"))
    return groups


def middle_scaled(settings: Mapping[str, Any]) -> str:
    """Return the scaled command in the middle of those of gains between 0 and 1; "": none."""
    variants = settings.get("variants", {})
    found = [name for name in variants if family_of(name) == "scaled"]
    found.sort(key=lambda name: variants[name]["gain"])
    return found[(len(found) - 1) // 2] if found else ""


def controller_of(cells: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """Return the default assistance's variant: the settings' word for it, else `guarded`."""
    named = settings.get("assisted") or "guarded"
    return named if named in cells else "assisted"


def ratio_of(summary: Mapping[str, Any], name: str, ours: str) -> tuple[str, str, int]:
    """Say how many times as long the controller holds as the bare command.

    Claimed only where the paired interval leaves out 1 or, without one, where the two figures'
    own intervals do not overlap.
    """
    cells = summary["evaluation"][name]
    if ours not in cells or "unassisted" not in cells:
        return "", "", 0
    mine, bare = cells[ours], cells["unassisted"]
    ratio = summary.get("ratios", {}).get(name, {}).get(ours, {}).get("hold", {})
    value, low, high = (ratio.get(key) for key in ("value", "low", "high"))
    if value and low is not None and high is not None:
        sign = int(low > 1) - int(high < 1)
        span = f"{number(low, 2)}–{number(high, 2)}"
    else:
        sign, span = apart(mine, bare, "hold_s"), ""
        both = mine["drops"] and bare["drops"]
        value = mine["hold_s"] / bare["hold_s"] if both else None
    if sign == 0:
        return "no clear difference", span, 0
    words = "longer" if sign > 0 else "shorter"
    if value is None:
        return words, span, sign
    least = "\u2265\u00a0" if not mine["drops"] or not bare["drops"] else ""
    return f"{least}{number(value if sign > 0 else 1 / value, 2)}× {words}", span, sign


def at_equal_goals(summary: Mapping[str, Any], name: str, ours: str) -> str:
    """Say how the controller holds beside the scaled command's curve; nothing if not measured."""
    found = summary.get("matched", {}).get(name, {}).get(ours)
    if found is None:
        return ""
    value, low, high = (found.get(key) for key in ("hold_ratio", "low", "high"))
    if low is None or high is None:
        return f"{number(value, 2)}×, too uncertain"
    span = f"({number(low, 2)}–{number(high, 2)})"
    if low <= 1 <= high:
        return f"no clear difference {span}"
    words = f"{number(value, 2)}× longer" if value > 1 else f"{number(1 / value, 2)}× shorter"
    return f"{words} {span}"
