"""Commands that would let the object go: contacts kept, and families that the critic never saw."""

from collections.abc import Mapping
from typing import Any

from tasks.report.charts import Axis, Row, chart
from tasks.report.naming import in_order, titled, tone, variants_of
from tasks.report.sections import note, section, table
from tasks.report.words import number

PERCENT = Axis(0.0, 100.0, False, (0.0, 25.0, 50.0, 75.0, 100.0))
STILL = "zero"  # the hand that never moves


def contacts(summary: Mapping[str, Any]) -> str:
    """Return the share of contacts kept where fingers were commanded away; else an empty text."""
    settings, groups = summary["settings"], {}
    for name, cells in summary["evaluation"].items():
        rows = [
            Row(variant, tone(variant), share, share, share)
            for variant in variants_of(cells)
            if (kept := cells[variant].get("contacts_kept")) is not None
            for share in [100 * kept]
        ]
        if rows:
            groups[titled(name, settings)] = rows
    if not groups:
        return ""
    text = (
        "Share of the withdrawn fingers that still touched the object at the end of their "
        "withdrawal; a withdrawal that ended in a drop is not judged. No interval: fingers of one "
        "environment depend on each other."
    )
    return section("Contacts kept", note(text), chart(groups, PERCENT, "%", True))


def families(summary: Mapping[str, Any]) -> str:
    """Return median holds as shares of the still hand's; an empty text without that hand."""
    settings, evaluation = summary["settings"], summary["evaluation"]
    unseen = settings.get("unseen", ())
    known = [
        name
        for name, cells in evaluation.items()
        if settings.get("perturbations", {}).get(name, {}).get("kind") != "clean"
        and cells.get(STILL, {}).get("hold_median_s")
    ]
    if not known:
        return ""
    ordered = sorted(known, key=lambda name: name in unseen)
    variants = in_order(variants_of(evaluation[ordered[0]]), settings)
    variants = [name for name in variants if name != STILL]
    head = ["command", "unseen", "zero [s]", *variants]
    rows = [
        [
            name,
            "unseen" if name in unseen else "",
            number(evaluation[name][STILL]["hold_median_s"]),
            *(
                part_of_still(evaluation[name], variant, settings["window_s"])
                for variant in variants
            ),
        ]
        for name in ordered
    ]
    left_out = ", ".join(name for name in ordered if name in unseen)
    text = (
        "Median time to the first drop as a share of the hand's that never moves (zero). "
        f"Medians end with the window, {number(settings['window_s'])} s: \u2265 or \u2264 where "
        "one of the two reached it. "
        + (f"Unseen, by the critic's data and by the calibration: {left_out}." if left_out else "")
    )
    return section("Kinds of bad commands", note(text), table(head, rows, text_columns=2))


def part_of_still(cells: Mapping[str, Any], variant: str, window_s: float) -> str:
    """Return a median over the still hand's [%]; one that the window ended bounds it only."""
    median, still = cells.get(variant, {}).get("hold_median_s"), cells[STILL]["hold_median_s"]
    if median is None:
        return "\u2013"
    ended, still_ended = median >= window_s, still >= window_s
    if ended and still_ended:
        return "whole window"
    sign = "\u2265\u00a0" if ended else "\u2264\u00a0" if still_ended else ""
    return f"{sign}{100 * median / still:.0f}%"
