"""What the controller changed of each kind of command, and which of its parts did."""

from collections.abc import Mapping
from typing import Any

from tasks.report.sections import note, section, table

PARTS = {"reading": "student", "critic": "critic", "prior": "prior"}


def overriding(summary: Mapping[str, Any]) -> str:
    """Return a table over the kinds of commands; an empty text where nobody was asked."""
    unseen = summary["settings"].get("unseen", ())
    rows = []
    for name, cells in summary["evaluation"].items():
        cell = cells.get("assisted", {})
        parts = cell.get("overridden", {})
        if cell.get("trust") is None:
            continue
        changed = [percent(parts[part]) for part in PARTS]
        kept = cell.get("intention")
        rows.append(
            [
                name,
                "unseen" if name in unseen else "",
                *changed,
                percent(cell["trust"]),
                percent(kept),
            ]
        )
    if not rows:
        return ""
    text = (
        "How far each part of the default assistance changed what it was given, as a share of the "
        "command: the student by reading it as something else, the critic by holding back what "
        "looks risky, the prior by making it a likely motion. Believed: how far the student was "
        "followed and not the command itself. Intention: cosine of the realised motion with the "
        "one that was meant."
    )
    head = ["command", "unseen", *PARTS.values(), "believed", "intention"]
    return section(
        "What was overridden, and by what", note(text), table(head, rows, text_columns=2)
    )


def percent(share: float | None) -> str:
    """Return a share in per cent; small ones with two digits."""
    if share is None:
        return "\u2013"
    return f"{100 * share:.0f}%" if share >= 0.1 or share == 0.0 else f"{100 * share:.2g}%"
