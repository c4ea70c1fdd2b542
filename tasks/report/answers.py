"""What the picture compares: three answers to the headline's commands, and their ratios."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasks.report.naming import family_of, number, short

NO_DIFFERENCE = "no clear difference"
SHOWN = ("noisy_1.0", "noisy_2.0", "correlated", "open_hand", "clean")


@dataclass(frozen=True)
class Group:
    """A perturbation's bars."""

    title: str
    rows: list[tuple[str, str, Mapping[str, Any]]]  # words, variant, cell
    ratio: tuple[str, str, int]  # words, interval, 1 longer, -1 shorter, 0 not told apart
    equal: str  # the time to a drop against the scaled command's at equal goals, if known
    goals: bool  # whether the command asks for any


def groups_of(summary: Mapping[str, Any]) -> list[Group]:
    """Return the headline's perturbations as far as present, else the first three."""
    table, settings = summary["evaluation"], summary["settings"]
    names = [name for name in SHOWN if name in table] or list(table)[:3]
    scaled, ours = middle_scaled(settings["variants"]), settings["assisted"] or "guarded"
    answers = {
        "unassisted": "command alone",
        scaled: f"command \u00d7 {scaled.rpartition('_')[2]}",
        ours: "with the controller",
    }
    return [
        Group(
            short(name, settings),
            [(answers[one], one, cells[one]) for one in answers if one in cells],
            ratio_of(summary, name, ours),
            at_equal_goals(summary, name, ours),
            settings["perturbations"][name].get("kind") != "pose",
        )
        for name in names
        for cells in [table[name]]
    ]


def middle_scaled(variants: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the scaled command in the middle of those of gains between 0 and 1; "": none."""
    found = [name for name in variants if family_of(name) == "scaled"]
    found.sort(key=lambda name: variants[name]["gain"])
    return found[(len(found) - 1) // 2] if found else ""


def ratio_of(summary: Mapping[str, Any], name: str, ours: str) -> tuple[str, str, int]:
    """Say how many times as long the controller holds as the bare command, its paired interval,
    and whether that is longer (1), shorter (-1) or not told apart (0)."""
    cells, ratio = summary["evaluation"][name], summary["ratios"][name].get(ours)
    if ratio is None:
        return "", "", 0
    value, low, high = (ratio["hold"][key] for key in ("value", "low", "high"))
    span, sign = f"{number(low, 2)}\u2013{number(high, 2)}", int(low > 1) - int(high < 1)
    if sign == 0:
        return NO_DIFFERENCE, span, 0
    bound = "" if cells[ours]["drops"] and cells["unassisted"]["drops"] else "\u2265\u00a0"
    return f"{bound}{times(value)}", span, sign


def at_equal_goals(summary: Mapping[str, Any], name: str, ours: str) -> str:
    """Say how the controller holds beside the scaled command's curve; nothing if not measured."""
    found = summary["matched"].get(name, {}).get(ours)
    if found is None:
        return ""
    told = found["low"] > 1 or found["high"] < 1
    words = times(found["hold_ratio"]) if told else NO_DIFFERENCE
    return f"{words} ({number(found['low'], 2)}\u2013{number(found['high'], 2)})"


def times(ratio: float) -> str:
    longer = f"{number(ratio, 2)}\u00d7 longer"
    return longer if ratio > 1 else f"{number(1 / ratio, 2)}\u00d7 shorter"
