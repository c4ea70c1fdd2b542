"""What the controller changed of each kind of command, and which of its parts did."""

from collections.abc import Mapping
from typing import Any

from tasks.report.parts import Table

PARTS = {"reading": "student", "critic": "critic", "prior": "prior"}


def overriding(summary: Mapping[str, Any]) -> Table | None:
    """Return a table over the kinds of commands; None where nobody was asked."""
    unseen = summary["settings"].get("unseen", ())
    rows = [
        [
            name,
            "unseen" if name in unseen else "",
            *(percent(cell["overridden"][part]) for part in PARTS),
            percent(cell["trust"]),
            percent(cell.get("intention")),
        ]
        for name, cells in summary["evaluation"].items()
        for cell in [cells.get("assisted", {})]
        if cell.get("trust") is not None
    ]
    head = ["command", "unseen", *PARTS.values(), "believed", "intention"]
    return Table(head, rows, text_columns=2) if rows else None


def percent(share: float | None) -> str:
    """Return a share in per cent; small ones with two digits."""
    if share is None:
        return "\u2013"
    return f"{100 * share:.0f}%" if share >= 0.1 or share == 0.0 else f"{100 * share:.2g}%"
