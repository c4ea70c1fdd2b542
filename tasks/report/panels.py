"""Small multiples: a panel for every perturbation, holding on the left and moving on the right."""

from collections.abc import Mapping
from html import escape
from typing import Any

from tasks.report.charts import Axis, Row, linear_axis, log_axis, place_html
from tasks.report.naming import explained, glossary, titled, tone, variants_of
from tasks.report.sections import folded, judged_on, note, section

KEYS = (("hold_s", "time to a drop", "s"), ("goals_per_min", "goals", "1/min"))


def panels(summary: Mapping[str, Any]) -> str:
    """Return a section with one panel a perturbation, all under the same two axes."""
    table, settings = summary["evaluation"], summary["settings"]
    rows = {
        key: {name: rows_of(cells, settings, key) for name, cells in table.items()}
        for key, _, _ in KEYS
    }
    axes = {
        "hold_s": log_axis([row for each in rows["hold_s"].values() for row in each]),
        "goals_per_min": linear_axis(
            [row for each in rows["goals_per_min"].values() for row in each]
        ),
    }
    blocks = "".join(
        panel(titled(name, settings), {key: rows[key][name] for key in rows}, axes)
        for name in table
    )
    share = f"{100 * settings['confidence']:g}%"
    words = (
        f"Mean time to a drop (logarithmic) and goals a minute with their {share} intervals, "
        f"{judged_on(settings)}. An arrow without a dot: no drop was seen, so there is a lower "
        "bound only. A hand that holds but does not move reaches no goals: read both together."
    )
    variants = variants_of(next(iter(table.values())))
    words_of = glossary(variants, settings)
    return section(
        "Holding and moving",
        note(words),
        legend(variants, settings),
        note(words_of) if words_of else "",
        folded("A panel for every kind of command", f'<div class="panels">{blocks}</div>'),
    )


def rows_of(cells: Mapping[str, Any], settings: Mapping[str, Any], key: str) -> list[Row]:
    return [
        Row(
            variant,
            tone(variant),
            cells[variant][key],
            cells[variant][f"{key}_low"],
            cells[variant][f"{key}_high"],
        )
        for variant in variants_of(cells)
    ]


def legend(variants: list[str], settings: Mapping[str, Any]) -> str:
    """Return the variants with their colours and what each does."""
    items = "".join(
        f'<li class="tone{tone(name)}"><b>{escape(name)}</b> '
        f"{escape(explained(name, settings))}</li>"
        for name in variants
    )
    return f'<ul class="legend">{items}</ul>'


def panel(title: str, rows: Mapping[str, list[Row]], axes: Mapping[str, Axis]) -> str:
    heads = "".join(f"<span>{escape(words)} [{unit}]</span>" for _, words, unit in KEYS)
    lines = "".join(
        f'<div class="pair tone{held.tone}"><span>{escape(held.label)}</span>'
        f"{place_html(held, axes['hold_s'], 's', False)}"
        f"{place_html(moved, axes['goals_per_min'], '1/min', True)}</div>"
        for held, moved in zip(rows["hold_s"], rows["goals_per_min"], strict=True)
    )
    feet = "".join(
        f'<div class="track">{ticks(axes[key])}</div><span></span>' for key, _, _ in KEYS
    )
    return (
        f'<div class="panel"><h3>{escape(title)}</h3><div class="pair heads"><span></span>{heads}'
        f'</div>{lines}<div class="pair axis"><span></span>{feet}</div></div>'
    )


def ticks(axis: Axis) -> str:
    """Return an axis' numbers, short; a phone has room for the first and the last only."""
    shown = [
        'class="between" ' if 0 < i < len(axis.ticks) - 1 else "" for i in range(len(axis.ticks))
    ]
    return "".join(
        f'<span {kind}style="left:{axis.place(tick):.2f}%">{tick:g}</span>'
        for kind, tick in zip(shown, axis.ticks, strict=True)
    )
