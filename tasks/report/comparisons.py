"""Plots and tables that compare the answers: with one setting for all commands, at equal goals,
command by command, and against commands that would let the object go."""

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.report.figures import Row, bar_chart, panel
from tasks.report.naming import (
    TONES,
    definition_of,
    explained,
    family_of,
    in_order,
    interval,
    number,
    titled,
    tone,
    variants_of,
)
from tasks.report.parts import Key, Picture, Table, blank_repeats
from tasks.report.scatter import MARKERS, SIGNS, Point, scatter
from tasks.report.tables import ratio

Cells = Mapping[str, Mapping[str, Any]]
ALL = {
    "one_setting": "All kinds of commands",
    "one_setting_unseen": "Those alone that no training saw",
}
STILL = "zero"  # the hand that never moves


def one_setting(summary: Mapping[str, Any]) -> tuple[list[Picture], list[Table], list[Key]]:
    """Return plots beside the scaled command's curve, tables and a legend of all answers' figures
    over all kinds of commands; empty where they are not known."""
    settings, plots, tables, keys = summary["settings"], [], [], []
    for title, found in ((words, summary.get(part)) for part, words in ALL.items()):
        if found:
            names = [name for name in variants_of(found) if name != "vs_scaled"]
            # What was drawn in resamples has an interval whether or not something dropped.
            points = points_of({name: found[name] | {"drops": 1} for name in names}, settings)
            plots.append(Picture(title, scatter(title, points)))
            tables.append(figures_for_all(found, in_order(names, settings), title))
            keys = legend_of(points, settings)
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
    head = [
        "answer",
        "hold [s]",
        "goals a minute",
        "\u00d7 scaled",
        "worst kind",
        "\u00d7 bare there",
    ]
    return Table(head, rows, title=title)


def tradeoff(summary: Mapping[str, Any]) -> list[Picture]:
    """Return a plot of every kind of command that asks for one."""
    settings, plots = summary["settings"], []
    for name in settings.get("plots", ()):
        if name in summary["evaluation"]:
            title = titled(name, settings)
            points = points_of(summary["evaluation"][name], settings)
            plots.append(Picture(title, scatter(title, points)))
    return plots


def points_of(cells: Cells, settings: Mapping[str, Any]) -> list[Point]:
    """Return a point of each variant; the bare and the still hand's are on the scaled curve."""
    names = variants_of(cells)
    shapes, points = shapes_of(names), []
    for name in names:
        family, gain = family_of(name), definition_of(name, settings).get("gain")
        direct = definition_of(name, settings).get("kind") == "direct"
        strength = strength_of(name)
        words = f"{strength:g}" if strength is not None else "" if shapes[name] else name
        curve = "scaled" if direct and strength is None else ""
        at = float(gain) if curve and gain is not None else strength
        points.append(Point(family, at, words, tone(family), cells[name], shapes[name], curve))
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
    families = {point.family: point for point in points}
    return [
        Key(
            name,
            point.tone,
            "" if name == "scaled" else explained(name, settings),
            SIGNS[point.shape],
        )
        for name, point in families.items()
    ]


def matched(summary: Mapping[str, Any]) -> Table | None:
    """Return the time to a drop over the scaled command's at the same goals a minute."""
    rows = [
        [command, name, number(cells[name]["goals_per_min"]), beside_scaled(cells[name])]
        for command, cells in summary.get("matched", {}).items()
        for name in in_order(variants_of(cells), summary["settings"])
    ]
    head = ["perturbation", "variant", "goals a minute", "hold, \u00d7 the scaled command's"]
    return Table(head, blank_repeats(rows), text_columns=2) if rows else None


def beside_scaled(cell: Mapping[str, Any]) -> str:
    """Return the matched ratio; where no scaled command has such goals, say so."""
    found = ratio({"value": cell["hold_ratio"], "low": cell["low"], "high": cell["high"]})
    return found if cell["reached"] else f"{found}, and more goals"


def variants(summary: Mapping[str, Any]) -> list[Key]:
    """Return a legend of all variants, and what each does."""
    settings, cells = summary["settings"], next(iter(summary["evaluation"].values()))
    return [Key(name, tone(name), explained(name, settings)) for name in variants_of(cells)]


def panels(summary: Mapping[str, Any]) -> list[Picture]:
    """Return a picture of every kind of command, all under the same two axes."""
    rows = {
        name: tuple(rows_of(cells, key) for key in ("hold_s", "goals_per_min"))
        for name, cells in summary["evaluation"].items()
    }
    times = [x for held, _ in rows.values() for row in held for x in (row.low, row.value, row.high)]
    times = [x for x in times if x]
    goals = [row.high or row.value for _, moved in rows.values() for row in moved]
    span = (min(times, default=1.0) / 1.3, 1.3 * max(times, default=10.0), max(goals) or 1.0)
    return [
        Picture(titled(name, summary["settings"]), panel(held, moved, span))
        for name, (held, moved) in rows.items()
    ]


def rows_of(cells: Cells, key: str) -> list[Row]:
    return [
        Row(name, tone(name), *(cells[name][f"{key}{end}"] for end in ("", "_low", "_high")))
        for name in variants_of(cells)
    ]


def contacts(summary: Mapping[str, Any]) -> list[Picture]:
    """Return the share of contacts kept [%] where fingers were commanded away."""
    made = []
    for name, cells in summary["evaluation"].items():
        kept = {variant: cells[variant].get("contacts_kept") for variant in variants_of(cells)}
        shares = {variant: 100 * share for variant, share in kept.items() if share is not None}
        rows = [Row(variant, tone(variant), x, x, x) for variant, x in shares.items()]
        if rows:
            texts = [number(row.value) for row in rows]
            drawn = bar_chart(rows, texts, 100.0, "%")
            made.append(Picture(titled(name, summary["settings"]), drawn))
    return made


def families(summary: Mapping[str, Any]) -> Table | None:
    """Return median holds as shares of the still hand's; None without that hand."""
    settings, evaluation = summary["settings"], summary["evaluation"]
    unseen = settings.get("unseen", ())
    known = [
        name
        for name, cells in evaluation.items()
        if settings.get("perturbations", {}).get(name, {}).get("kind") != "clean"
        and cells.get(STILL, {}).get("hold_median_s")
    ]
    if not known:
        return None
    ordered = sorted(known, key=lambda name: name in unseen)
    variants = in_order(variants_of(evaluation[ordered[0]]), settings)
    variants = [name for name in variants if name != STILL]
    rows = [
        [
            name,
            "unseen" if name in unseen else "",
            number(cells[STILL]["hold_median_s"]),
            *(part_of_still(cells, variant, settings["window_s"]) for variant in variants),
        ]
        for name in ordered
        for cells in [evaluation[name]]
    ]
    return Table(["command", "unseen", "zero [s]", *variants], rows, text_columns=2)


def part_of_still(cells: Cells, variant: str, window_s: float) -> str:
    """Return a median over the still hand's [%]; one that the window ended bounds it only."""
    median, still = cells.get(variant, {}).get("hold_median_s"), cells[STILL]["hold_median_s"]
    if median is None:
        return "\u2013"
    ended, still_ended = median >= window_s, still >= window_s
    if ended and still_ended:
        return "whole window"
    sign = "\u2265\u00a0" if ended else "\u2264\u00a0" if still_ended else ""
    return f"{sign}{100 * median / still:.0f}%"
