"""Holding against moving: every strength of every family of answers, and the matched ratio."""

from collections.abc import Hashable, Mapping, Sequence
from html import escape
from typing import Any

from tasks.evaluation.headline import number
from tasks.evaluation.naming import (
    TONES,
    calibrated,
    definition_of,
    explained,
    in_order,
    label,
    ran_with,
    titled,
    tone,
    variants_of,
)
from tasks.evaluation.scatter import SHAPES, Point, scatter, swatch
from tasks.evaluation.sections import note, section, table, tall
from tasks.evaluation.tables import ratio

FAMILIES = ("scaled", "paper", "guarded")  # swept by a number; every other name stands alone


def tradeoff(summary: Mapping[str, Any]) -> str:
    """Return a plot of every swept perturbation and, if there is one, the matched table."""
    settings = summary["settings"]
    plots = "".join(
        scatter(titled(name, settings), points_of(summary, name)) for name in summary["sweep"]
    )
    text = (
        "Each point is one setting; a number is the gain (scaled) or the guidance of busy commands "
        "(paper, guarded). Ringed: what the calibration chose. Up is holding longer (logarithmic), "
        "right is moving more: an answer is better than slowing the command only where it lies "
        "above and right of the scaled curve. An upward arrow: no drop was seen, the point is a "
        f"lower bound. Vertical lines: {100 * settings['confidence']:g}% intervals."
    )
    parts = [note(text), key(summary), f'<div class="scatters">{plots}</div>']
    if summary.get("matched"):
        parts.append(matched(summary))
    return section("Holding against moving", *parts)


def points_of(summary: Mapping[str, Any], perturbation: str) -> list[Point]:
    """Return the swept points and those of the judged variants that the sweep does not hold.

    Of two that run the very same setting one is drawn, what the calibration chose before a
    swept point.
    """
    settings, swept = summary["settings"], summary["sweep"][perturbation]
    judged = summary["evaluation"].get(perturbation, {})
    cells = dict(swept) | {name: judged[name] for name in variants_of(judged) if name not in swept}
    shapes = shapes_of(list(cells))
    points, seen = [], set()
    for name in sorted(cells, key=lambda name: not calibrated(name, settings)):
        setting = setting_of(name, settings)
        if setting in seen:
            continue
        seen.add(setting)
        family, chosen = family_of(name), calibrated(name, settings)
        strength = strength_of(name, settings)
        words = f"{strength:g}" if strength is not None else "" if shapes[name] else name
        curve, gain = "", definition_of(name, settings).get("gain")
        if strength is None and gain is not None:  # the ends of the scaled command's curve
            curve, strength = "scaled", float(gain)
        points.append(
            Point(family, strength, words, tone(family), chosen, cells[name], shapes[name], curve)
        )
    return points


def setting_of(name: str, settings: Mapping[str, Any]) -> Hashable:
    """Return what tells two settings apart: every strength; an unknown one is like no other."""
    definition = definition_of(name, settings)
    match definition.get("kind"):
        case "direct":
            return "direct", definition["gain"]
        case "assisted":
            return definition["assistance"], tuple(ran_with(name, settings).items())
        case _:
            return name


def shapes_of(names: Sequence[str]) -> dict[str, int]:
    """Return each name's marker: a circle (0) where its colour is its own, else another shape."""
    alone = [name for name in names if family_of(name) not in TONES]
    return dict.fromkeys(names, 0) | {
        name: 1 + i % (len(SHAPES) - 1) for i, name in enumerate(alone)
    }


def family_of(name: str) -> str:
    before, _, number = name.rpartition("_")
    return before if before in FAMILIES and is_number(number) else name


def is_number(words: str) -> bool:
    return words.replace(".", "", 1).isdigit()


def strength_of(name: str, settings: Mapping[str, Any]) -> float | None:
    """Return what orders a family's curve, gain or guidance; None where a variant stands alone."""
    if family_of(name) != name:
        return float(name.rpartition("_")[2])
    if calibrated(name, settings):
        return ran_with(name, settings).get("guidance")
    definition = definition_of(name, settings)
    return float(definition["gain"]) if name in FAMILIES and "gain" in definition else None


def key(summary: Mapping[str, Any]) -> str:
    """Return every family with its marker, and what it does where it is not a curve."""
    settings = summary["settings"]
    points = {
        point.family: point
        for perturbation in summary["sweep"]
        for point in points_of(summary, perturbation)
    }
    items = "".join(
        f'<li class="tone{point.tone}">{swatch(point)}<b>{escape(name)}</b>'
        f"{'' if name in FAMILIES else escape(f' {explained(name, settings)}')}</li>"
        for name, point in sorted(points.items(), key=lambda item: item[0] not in FAMILIES)
    )
    return f'<ul class="legend flat marked">{items}</ul>'


def matched(summary: Mapping[str, Any]) -> str:
    """Return the time to a drop over the scaled command's at the same goals a minute."""
    settings = summary["settings"]
    rows = [
        [
            "" if i else perturbation,
            label(name, settings),
            number(cells[name]["goals_per_min"]),
            beside_scaled(cells[name]),
        ]
        for perturbation, cells in summary["matched"].items()
        for i, name in enumerate(in_order(variants_of(cells), settings))
    ]
    head = ["perturbation", "variant", "goals a minute", "hold, \u00d7 the scaled command's"]
    text = (
        "The fair question to a controller: does it hold longer than the command slowed until it "
        f"reaches as many goals? Above 1 it does. {100 * settings['confidence']:g}% intervals of "
        "a paired bootstrap, none where too many resamples have no place on the scaled curve; "
        "between two gains it is straight in log time. A scaled command that never dropped is "
        "taken at its lower bound, which makes the ratio too high. These are the trade-off's own "
        "environments, fewer than the panels' and with other counts of goals."
    )
    body = f"<h3>At equal goals a minute</h3>{note(text)}"
    return body + tall(table(head, rows, text_columns=2))


def beside_scaled(cell: Mapping[str, Any]) -> str:
    """Return the matched ratio; where the scaled curve never has such goals, say so."""
    if cell.get("hold_ratio") is None:
        return "no scaled command reaches these goals"
    return ratio({"value": cell["hold_ratio"], "low": cell.get("low"), "high": cell.get("high")})
