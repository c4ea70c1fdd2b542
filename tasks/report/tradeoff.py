"""Holding against moving: every strength of every family of answers, and the matched ratio."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tasks.report.naming import (
    TONES,
    definition_of,
    explained,
    family_of,
    in_order,
    titled,
    tone,
    variants_of,
)
from tasks.report.scatter import SHAPES, Point, scatter, swatch
from tasks.report.sections import folded, note, section, table
from tasks.report.tables import ratio
from tasks.report.words import number

FAMILIES = ("scaled", "paper", "guarded")  # which may have strengths; others stand alone
Cells = Mapping[str, Mapping[str, Any]]


def tradeoff(summary: Mapping[str, Any]) -> str:
    """Return a plot of every perturbation that asks for one, and the matched table."""
    settings = summary["settings"]
    shown = [name for name in settings.get("plots", ()) if name in summary["evaluation"]]
    plots = "".join(
        scatter(titled(name, settings), points_of(summary["evaluation"][name], settings))
        for name in shown
    )
    text = (
        "A number is the gain of the scaled command. Up is holding longer (logarithmic), right is "
        "moving more: an answer is better than slowing the command only where it lies above and "
        "right of the scaled curve. An upward arrow: no drop was seen, the point is a lower bound. "
        f"Vertical lines: {100 * settings['confidence']:g}% intervals."
    )
    parts = [note(text), f'<div class="scatters">{plots}</div>']
    if summary.get("matched"):
        parts.append(matched(summary))
    return section("Holding against moving", *parts)


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
        points.append(
            Point(family, at, words, tone(family), False, cells[name], shapes[name], curve)
        )
    return points


def shapes_of(names: Sequence[str]) -> dict[str, int]:
    """Return each name's marker: a circle (0) where its colour is its own, else another shape."""
    alone = [name for name in names if family_of(name) not in TONES]
    return dict.fromkeys(names, 0) | {
        name: 1 + i % (len(SHAPES) - 1) for i, name in enumerate(alone)
    }


def strength_of(name: str) -> float | None:
    """Return what orders a family's curve; None where a variant stands alone."""
    return float(name.rpartition("_")[2]) if family_of(name) != name else None


def key(cells: Cells, settings: Mapping[str, Any]) -> str:
    """Return every family with its marker, and what it does where it is not a curve."""
    points = {point.family: point for point in points_of(cells, settings)}
    items = "".join(
        f'<li class="tone{point.tone}">{swatch(point)}<b>{escape(name)}</b>'
        f"{'' if name == 'scaled' else escape(f' {explained(name, settings)}')}</li>"
        for name, point in points.items()
    )
    return f'<ul class="legend flat marked">{items}</ul>'


def matched(summary: Mapping[str, Any]) -> str:
    """Return the time to a drop over the scaled command's at the same goals a minute."""
    settings = summary["settings"]
    rows = [
        [
            "" if i else perturbation,
            name,
            number(cells[name]["goals_per_min"]),
            beside_scaled(cells[name]),
        ]
        for perturbation, cells in summary["matched"].items()
        for i, name in enumerate(in_order(variants_of(cells), settings))
    ]
    head = ["perturbation", "variant", "goals a minute", "hold, \u00d7 the scaled command's"]
    text = (
        "The fair question to a controller: does it hold longer than the best scaled command that "
        f"reaches as many goals? Above 1 it does. {100 * settings['confidence']:g}% intervals of "
        "a paired bootstrap; between two gains the scaled command is straight in log time. A "
        "scaled command that never dropped is taken at its lower bound, which makes the ratio too "
        "high. Where none reaches as many goals, the one that comes nearest is compared with."
    )
    body = f"<h3>At equal goals a minute</h3>{note(text)}"
    return body + folded("Every kind of command", table(head, rows, text_columns=2))


def beside_scaled(cell: Mapping[str, Any]) -> str:
    """Return the matched ratio; where no scaled command has such goals, say so."""
    found = ratio({"value": cell["hold_ratio"], "low": cell["low"], "high": cell["high"]})
    return found if cell["reached"] else f"{found}, and more goals"
