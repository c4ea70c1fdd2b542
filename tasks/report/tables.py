"""The figures as tables: all of them, their ratios to the bare command, and by object."""

from collections.abc import Mapping
from typing import Any

from tasks.report.naming import (
    SPLIT_WORDS,
    STRENGTHS,
    in_order,
    interval,
    number,
    strength,
    variants_of,
)
from tasks.report.parts import Table, blank_repeats
from tasks.report.words import goals_per_drop

COLUMNS = {
    "hold_s": "time to a drop [s]",
    "goals_per_min": "goals a minute",
    "goals_per_drop": "goals a drop",
    "intention": "intention (cosine)",
    "intention_gain": "intention (gain)",
    "drops": "drops",
    "goals": "goals",
}
RATIOS = {
    "hold": "time to a drop, \u00d7",
    "goals_per_drop": "goals a drop, \u00d7",
    "goals_per_min": "goals a minute, \u00d7",
    "hold_of_still": "time to a drop, \u00d7 zero's",
}


def evaluation_table(summary: Mapping[str, Any]) -> Table:
    rows = [
        [name, variant, *(figure(cells[variant], key) for key in COLUMNS)]
        for name, cells in summary["evaluation"].items()
        for variant in in_order(variants_of(cells), summary["settings"])
    ]
    head = ["perturbation", "variant", *COLUMNS.values()]
    return Table(head, blank_repeats(rows), text_columns=2)


def default_of(settings: Mapping[str, Any]) -> str:
    """Say which variant the robot would run, and how strongly."""
    name = settings.get("assisted")
    if name is None:
        return "No variant is the bundle's default assistance."
    return f"The default assistance is {name}{strength(name, settings, *STRENGTHS)}."


def ratios(summary: Mapping[str, Any]) -> list[Table]:
    """Return every variant's time to a drop and goals over the bare command's, and the former over
    that of a hand that never moves."""
    found = summary.get("ratios", {})
    names = list(dict.fromkeys(name for cells in found.values() for name in variants_of(cells)))
    names = in_order(names, summary["settings"])
    made = []
    for key, words in RATIOS.items():
        known = [n for n in names if any(key in cells.get(n, {}) for cells in found.values())]
        rows = [
            [perturbation, *(ratio(cells.get(name, {}).get(key)) for name in known)]
            for perturbation, cells in found.items()
        ]
        if known:
            made.append(Table([words, *known], rows))
    return made


def ratio(cell: Mapping[str, Any] | None) -> str:
    """Return a ratio with its interval; both may be unknown, and a bound may be missing."""
    if not cell or cell.get("value") is None:
        return "\u2013"
    if cell.get("low") is None and cell.get("high") is None:
        return f"{number(cell['value'])} (no interval)"
    low = 0.0 if cell.get("low") is None else cell["low"]
    return f"{number(cell['value'])} ({number(low)}\u2013{number(cell.get('high'))})"


def by_object(summary: Mapping[str, Any]) -> list[Table]:
    """Return each object's figures with its split, and each split's where it has several."""
    parts = []
    for split, evaluation in summary["by_split"].items():
        ones = {
            name: one["evaluation"]
            for name, one in summary["by_object"].items()
            if one["split"] == split
        }
        parts += [(f"{name}, {SPLIT_WORDS[split]}", each) for name, each in ones.items()]
        parts += [(f"all {SPLIT_WORDS[split]}", evaluation)] if len(ones) > 1 else []
    first = next(iter(summary["evaluation"].values()))
    variants = in_order(variants_of(first), summary["settings"])
    made = []
    for words, figure_of in (("Time to a drop [s]", bounded), ("Goals [1/min]", goals_of)):
        rows = [
            [title, perturbation, *(figure_of(cells[name]) for name in variants)]
            for title, evaluation in parts
            for perturbation, cells in evaluation.items()
        ]
        head = ["object", "perturbation", *variants]
        made.append(Table(head, blank_repeats(rows), text_columns=2, title=words))
    return made


def each_of(settings: Mapping[str, Any]) -> str:
    """Say how many environments stand behind an object's figure, split by split."""
    said = []
    for split, names in settings["objects"].items():
        pairs = settings["pairs"].get(split, 0)
        if names and pairs:
            low, high = pairs // len(names), -(-pairs // len(names))
            count = f"{low}" if low == high else f"{low} or {high}"
            said.append(f"{count} for an object {SPLIT_WORDS[split]}")
    return f"Environments behind each figure of one object: {', '.join(said)}."


def bounded(cell: Mapping[str, Any]) -> str:
    """Return a time to a drop with its interval; without a drop its lower bound."""
    return figure(cell, "hold_s") if cell["drops"] else f"\u2265\u00a0{number(cell['hold_s_low'])}"


def goals_of(cell: Mapping[str, Any]) -> str:
    return number(cell["goals_per_min"])


def figure(cell: Mapping[str, Any], key: str) -> str:
    """Return a figure as text; without a drop only what was watched, and a lower bound."""
    if key == "hold_s" and not cell["drops"]:
        return f"none in {number(cell['time_s'])} ({interval(cell, key)})"
    if key == "goals_per_drop":
        return goals_per_drop(cell)
    if f"{key}_low" in cell:
        return f"{number(cell[key])} ({interval(cell, key)})"
    if isinstance(cell[key], int):
        return str(cell[key])
    return number(cell[key])
