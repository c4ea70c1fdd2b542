"""The figures as tables: all of them, their ratios, by object, and what was overridden."""

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

COLUMNS = {
    "hold_s": "time to a drop [s]",
    "goals_per_min": "goals a minute",
    "goals_per_drop": "goals a drop",
    "intention": "intention (cosine)",
    "intention_gain": "intention (gain)",
    "drops": "drops",
    "goals": "goals",
    "contacts_kept": "contacts kept",
}
RATIOS = {
    "hold": "time to a drop, \u00d7",
    "goals_per_drop": "goals a drop, \u00d7",
    "goals_per_min": "goals a minute, \u00d7",
    "hold_of_still": "time to a drop, \u00d7 zero's",
    "median_of_still": "median time to the first drop, \u00d7 zero's",
}
PARTS = ("reading", "critic", "prior")  # the student's, the critic's and the prior's


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
    name = settings["assisted"]
    if name is None:
        return "No variant is the bundle's default assistance."
    return f"The default assistance is {name} {strength(name, settings, *STRENGTHS)}."


def ratios(summary: Mapping[str, Any]) -> list[Table]:
    """Return every variant's time to a drop and goals over the bare command's, and its times to a
    drop over those of a hand that never moves."""
    found = summary["ratios"]
    first = next(iter(found.values()))
    names = in_order(list(first), summary["settings"])
    return [
        Table(
            ["perturbation", *(name for name in names if key in first[name])],
            [
                [perturbation, *(ratio(cells[name][key]) for name in names if key in first[name])]
                for perturbation, cells in found.items()
            ],
            title=f"{words[0].upper()}{words[1:]}",
        )
        for key, words in RATIOS.items()
    ]


def ratio(cell: Mapping[str, Any] | None) -> str:
    """Return a ratio with its interval; both may be unknown."""
    if not cell or cell["value"] is None:
        return "\u2013"
    span = f"{number(cell['low'])}\u2013{number(cell['high'])}"
    return f"{number(cell['value'])} ({span if cell['low'] is not None else 'no interval'})"


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
    for words, key in (("Time to a drop [s]", "hold_s"), ("Goals [1/min]", "goals_per_min")):
        rows = [
            [title, perturbation, *(figure(cells[name], key) for name in variants)]
            for title, evaluation in parts
            for perturbation, cells in evaluation.items()
        ]
        head = ["object", "perturbation", *variants]
        made.append(Table(head, blank_repeats(rows), text_columns=2, title=words))
    return made


def overriding(summary: Mapping[str, Any]) -> Table | None:
    """Return what each part of the controller changed of each kind of command; None where nobody
    was asked."""
    unseen = summary["settings"]["unseen"]
    rows = [
        [
            name,
            "unseen" if name in unseen else "",
            *(percent(cell["overridden"][part]) for part in PARTS),
            percent(cell["trust"]),
            percent(cell["intention"]),
        ]
        for name, cells in summary["evaluation"].items()
        for cell in [cells.get("assisted", {})]
        if cell.get("trust") is not None
    ]
    head = ["command", "unseen", "student", "critic", "prior", "believed", "intention"]
    return Table(head, rows, text_columns=2) if rows else None


def percent(share: float) -> str:
    """Return a share in per cent; small ones with two digits."""
    return f"{100 * share:.0f}%" if share >= 0.1 or share == 0.0 else f"{100 * share:.2g}%"


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


def figure(cell: Mapping[str, Any], key: str) -> str:
    """Return a figure as text; without a drop only what was watched, and a lower bound."""
    if key == "hold_s" and not cell["drops"]:
        return f"none in {number(cell['time_s'])} ({interval(cell, key)})"
    if key == "goals_per_drop" and not cell["drops"]:
        return f"{cell['goals']} and no drop"
    if cell[key] is None:
        return "\u2013"
    if f"{key}_low" in cell:
        return f"{number(cell[key])} ({interval(cell, key)})"
    if isinstance(cell[key], int):
        return str(cell[key])
    return number(cell[key])
