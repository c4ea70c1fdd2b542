"""One setting for all kinds of commands: a table and a plot, which open the page."""

from collections.abc import Mapping
from typing import Any

from tasks.report.naming import in_order, variants_of
from tasks.report.scatter import scatter
from tasks.report.sections import judged_on, note, section, table
from tasks.report.tables import ratio
from tasks.report.tradeoff import key, points_of
from tasks.report.words import interval, number

PARTS = {
    "one_setting": "All kinds of commands",
    "one_setting_unseen": "Those alone that no training saw",
}


def one_setting(summary: Mapping[str, Any]) -> str:
    """Return each answer's figures over all families, and where it stands beside the scaled
    command's curve."""
    settings, plots, tables = summary["settings"], [], []
    for part, title in PARTS.items():
        found = summary.get(part)
        if not found:
            continue
        names = [name for name in variants_of(found) if name != "vs_scaled"]
        # What was drawn in resamples has an interval whether or not something dropped.
        cells = {name: found[name] | {"drops": 1} for name in names}
        plots.append(scatter(title, points_of(cells, settings)))
        tables.append(f"<h3>{title}</h3>{figures(found, in_order(names, settings))}")
        marks = key(cells, settings)
    text = (
        "An operator cannot choose a gain for each kind of trouble: each answer has one setting "
        f"for all of them, {judged_on(settings)}. Hold: geometric mean of the time to a drop; "
        "goals a minute: mean; over kinds of commands. Beside scaled: the time over that of the "
        "best scaled command that reaches at least as many goals (of the one nearest to it, where "
        "none does). Worst: where the time is least beside the bare command's. "
        f"{100 * settings['confidence']:g}% intervals of a paired bootstrap."
    )
    drawn = f'<div class="scatters">{"".join(plots)}</div>'
    return section("One setting for all", note(text), marks, drawn, *tables)


def figures(found: Mapping[str, Any], names: list[str]) -> str:
    head = [
        "answer",
        "hold [s]",
        "goals a minute",
        "\u00d7 scaled",
        "worst kind",
        "\u00d7 bare there",
    ]
    rows = [
        [
            name,
            *(f"{number(cell[k])} ({interval(cell, k)})" for k in ("hold_s", "goals_per_min")),
            ratio(cell.get("vs_scaled")),
            cell["worst_family"]["name"],
            ratio(cell["worst_family"]["hold_over_bare"]),
        ]
        for name in names
        for cell in [found[name]]
    ]
    return table(head, rows)
