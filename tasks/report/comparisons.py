"""Answers beside each other: with one setting for all commands, command by command, and at equal
goals a minute."""

from collections.abc import Mapping, Sequence
from typing import Any

from configs.schema.evaluate import RESERVED
from tasks.report.naming import (
    TONES,
    explained,
    family_of,
    in_order,
    interval,
    number,
    titled,
    variants_of,
)
from tasks.report.parts import Key, Picture, Table, blank_repeats
from tasks.report.scatter import MARKERS, SIGNS, Point, scatter
from tasks.report.tables import ratio

Cells = Mapping[str, Mapping[str, Any]]
SCALED = "the command times the number at the point"
ALL = {
    "one_setting": "All kinds of commands",
    "one_setting_unseen": "Those alone that no training saw",
}


def one_setting(summary: Mapping[str, Any]) -> tuple[list[Picture], list[Table], list[Key]]:
    """Return plots beside the scaled command's curve, tables and a legend of all answers' figures
    over all kinds of commands, and over those that no training saw."""
    settings, plots, tables, keys = summary["settings"], [], [], []
    for part, title in ALL.items():
        found = {name: cell for name, cell in summary.get(part, {}).items() if name not in RESERVED}
        if found:
            # What was drawn in resamples has an interval whether or not something dropped.
            points = points_of({name: found[name] | {"drops": 1} for name in found}, settings)
            plots.append(Picture(title, scatter(title, points)))
            tables.append(figures_for_all(found, in_order(list(found), settings), title))
            keys = keys or legend_of(points, settings)
    return plots, tables, keys


def figures_for_all(found: Cells, names: Sequence[str], title: str) -> Table:
    rows = [
        [
            name,
            *(
                f"{number(cell[key])} ({interval(cell, key)})"
                for key in ("hold_s", "goals_per_min")
            ),
            ratio(cell.get("vs_scaled")),
            cell["worst_family"]["name"],
            ratio(cell["worst_family"]["hold_over_bare"]),
        ]
        for name in names
        for cell in [found[name]]
    ]
    head = ["answer", "hold [s]", "goals a minute", "× scaled", "worst kind", "× bare there"]
    return Table(head, rows, title=title)


def tradeoff(summary: Mapping[str, Any]) -> tuple[list[Picture], list[Picture]]:
    """Return a plot of each kind of command in which goals are reached: those that the settings
    ask for, and the others."""
    settings = summary["settings"]
    shown: list[Picture] = []
    others: list[Picture] = []
    for name, cells in summary["evaluation"].items():
        if any(cell["goals_per_min"] for cell in cells.values()):
            title = titled(name, settings)
            drawn = Picture(title, scatter(title, points_of(cells, settings)))
            (shown if name in settings["plots"] else others).append(drawn)
    return shown, others


def points_of(cells: Cells, settings: Mapping[str, Any]) -> list[Point]:
    """Return a point of each variant; the bare and the still hand's are on the scaled curve."""
    names, points = variants_of(cells), []
    shapes = shapes_of(names)
    for name in names:
        definition, strength = settings["variants"][name], strength_of(name)
        words = f"{strength:g}" if strength is not None else "" if shapes[name] else name
        curve = "scaled" if definition["kind"] == "direct" and strength is None else ""
        at = definition["gain"] if curve else strength
        points.append(Point(family_of(name), at, words, cells[name], shapes[name], curve))
    return points


def shapes_of(names: Sequence[str]) -> dict[str, int]:
    """Return each name's marker: a circle (0) where its colour is its own, else another shape."""
    alone = [name for name in names if family_of(name) not in TONES]
    return dict.fromkeys(names, 0) | {
        name: 1 + i % (len(MARKERS) - 1) for i, name in enumerate(alone)
    }


def strength_of(name: str) -> float | None:
    """Return what orders a family's curve; None where a variant stands alone."""
    return float(name.rpartition("_")[2]) if family_of(name) != name else None


def legend_of(points: Sequence[Point], settings: Mapping[str, Any]) -> list[Key]:
    """Return every family with its marker, and what it does where it is not a curve."""
    return [
        Key(name, SCALED if name == "scaled" else explained(name, settings), SIGNS[shape])
        for name, shape in {point.family: point.shape for point in points}.items()
    ]


def matched(summary: Mapping[str, Any]) -> Table:
    """Return the time to a drop over the scaled command's at the same goals a minute."""
    rows = [
        [command, name, number(cells[name]["goals_per_min"]), beside_scaled(cells[name])]
        for command, cells in summary["matched"].items()
        for name in in_order(variants_of(cells), summary["settings"])
    ]
    head = ["perturbation", "variant", "goals a minute", "hold, \u00d7 the scaled command's"]
    return Table(head, blank_repeats(rows), text_columns=2)


def beside_scaled(cell: dict[str, Any]) -> str:
    """Return the matched ratio; where no scaled command has such goals, say so."""
    found = ratio(cell | {"value": cell["hold_ratio"]})
    return found if cell["reached"] else f"{found}, and more goals"
