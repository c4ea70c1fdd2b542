"""Holding against moving: every strength of every family of answers, and the matched ratio."""

from collections.abc import Mapping
from typing import Any

from tasks.evaluation.headline import number
from tasks.evaluation.naming import label, titled, tone, variants_of
from tasks.evaluation.scatter import Point, scatter
from tasks.evaluation.sections import note, section, table
from tasks.evaluation.tables import ratio

SINGLE = ("unassisted", "zero")  # the ends of the scaled curve: gains 1 and 0


def tradeoff(summary: Mapping[str, Any]) -> str:
    """Return a plot of every swept perturbation and, if there is one, the matched table."""
    settings = summary["settings"]
    plots = "".join(
        scatter(titled(name, settings), points_of(summary, name)) for name in summary["sweep"]
    )
    text = (
        "Each point is one strength, its number the gain (scaled) or the guidance; ringed is the "
        "one that was chosen. Up is holding longer (logarithmic), right is moving more: an answer "
        "is better than slowing the command only where it lies above and right of the scaled "
        "curve. An upward arrow: no drop was seen, the point is a lower bound. Vertical lines: "
        f"{100 * settings['confidence']:g}% intervals."
    )
    parts = [note(text), key(summary), f'<div class="scatters">{plots}</div>']
    if summary.get("matched"):
        parts.append(matched(summary))
    return section("Holding against moving", *parts)


def points_of(summary: Mapping[str, Any], perturbation: str) -> list[Point]:
    """Return the swept points and those of the judged variants that the sweep does not hold.

    A variant without a number in its name is the chosen one of its family; a swept point of the
    same strength is the same setting and is not drawn again.
    """
    settings, swept = summary["settings"], summary["sweep"][perturbation]
    judged = summary["evaluation"].get(perturbation, {})
    cells = dict(swept)
    for name in variants_of(judged):
        cells.setdefault(name, judged[name])
    chosen = {}
    for name in cells:
        if strength_in(name) is None and name not in SINGLE:
            strength = chosen_strength(name, settings)
            if strength is not None:
                chosen[name] = strength
    points = []
    for name, cell in cells.items():
        family, strength = family_of(name), strength_in(name)
        if strength is not None and chosen.get(family) == strength:
            continue
        if name in chosen:
            strength = chosen[name]
        words = name if strength is None else f"{strength:g}"
        points.append(Point(family, strength, words, tone(family), name in chosen, cell))
    return points


def family_of(name: str) -> str:
    return name if strength_in(name) is None else name.rpartition("_")[0]


def strength_in(name: str) -> float | None:
    """Return the number that a swept variant's name ends with; None for any other name."""
    try:
        return float(name.rpartition("_")[2])
    except ValueError:
        return None


def chosen_strength(name: str, settings: Mapping[str, Any]) -> float | None:
    """Return a judged variant's gain or guidance; the critic's gain has neither."""
    for definitions in (settings.get("variants", {}), settings.get("sweep", {})):
        definition = definitions.get(name, {})
        if definition.get("kind") == "direct":
            return float(definition["gain"])
        if definition.get("kind") in ("critic", "low_pass"):
            return None
        if definition.get("guidance") is not None:
            return float(definition["guidance"])
    return settings.get("guidance", {}).get(name)


def key(summary: Mapping[str, Any]) -> str:
    names = [
        point.family
        for perturbation in summary["sweep"]
        for point in points_of(summary, perturbation)
    ]
    items = "".join(
        f'<li class="tone{tone(name)}"><b>{name}</b></li>' for name in dict.fromkeys(names)
    )
    return f'<ul class="legend flat">{items}</ul>'


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
        for i, name in enumerate(variants_of(cells))
    ]
    head = ["perturbation", "variant", "goals a minute", "hold, \u00d7 the scaled command's"]
    text = (
        "The fair question to a controller: does it hold longer than the command slowed until it "
        f"reaches as many goals? Above 1 it does. {100 * settings['confidence']:g}% intervals of "
        "a paired bootstrap; between two gains the scaled curve is drawn straight in log time."
    )
    body = f"<h3>At equal goals a minute</h3>{note(text)}"
    return body + table(head, rows, text_columns=2)


def beside_scaled(cell: Mapping[str, Any]) -> str:
    """Return the matched ratio; where the scaled curve never has such goals, say so."""
    if cell.get("hold_ratio") is None:
        return "no scaled command reaches these goals"
    return ratio({"value": cell["hold_ratio"], "low": cell.get("low"), "high": cell.get("high")})
