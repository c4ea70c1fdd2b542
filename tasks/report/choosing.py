"""The calibration's table: which strengths were tried, and which one was chosen by what rule."""

from collections.abc import Mapping
from typing import Any

from tasks.report.sections import note, section, table, tall
from tasks.report.words import number


def calibration(found: Mapping[str, Any]) -> str:
    """Return the section of `found`: choice, rule, and rows of any keys."""
    rows = [flat(row) for row in found.get("rows", ())]
    head = list(dict.fromkeys(key for row in rows for key in row))
    marks = ["chosen" if chosen(row, found.get("choice", {})) else "" for row in rows]
    lines = [
        [mark, *(text(row[key]) if key in row else "" for key in head)]
        for mark, row in zip(marks, rows, strict=True)
    ]
    picked = ", ".join(f"{key} {text(value)}" for key, value in flat(found["choice"]).items())
    short = [name for name, met in found.get("met", {}).items() if not met]
    words = (
        f"Chosen before the test, on the training's objects and other seeds: {picked}. "
        f"Rule: {found.get('rule', 'not recorded')}."
        + (f" No candidate of {' or '.join(short)} keeps enough." if short else "")
    )
    body = tall(table(["", *head], lines, text_columns=2)) if rows else ""
    return section("Calibration", note(words), body)


def flat(row: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Join the keys of nested parts: {a: {b: 1}} -> {"a b": 1}."""
    made: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, Mapping):
            made |= flat(value, f"{before}{key} ")
        else:
            made[f"{before}{key}"] = value
    return made


def text(value: Any) -> str:
    """Return a cell: settings are short as they are, figures have three digits."""
    if value is None:
        return "\u2013"
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:.3g}") == value else number(value)
    return str(value)


def chosen(row: Mapping[str, Any], choice: Mapping[str, Mapping[str, Any]]) -> bool:
    """Say whether a row is what was chosen of its assistance."""
    wanted = choice.get(row.get("name", ""), {})
    return bool(wanted) and all(row.get(key) == value for key, value in wanted.items())
