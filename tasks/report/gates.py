"""The release gates: a badge for the page's head, and the table of what each gate found."""

from collections.abc import Mapping
from html import escape
from typing import Any

from tasks.report.sections import flowing, section, table
from tasks.report.words import number

UNITS = {"s": "s", "ms": "ms", "target": "rad"}  # by the words that a metric's name holds
CHAMPION = "champion."  # a gate's limit that begins so is the model in force's


def badge(outcome: Mapping[str, Any]) -> str:
    """Return the verdict in a few words, with the first gate about figures, or what failed."""
    judgements = outcome["judgements"]
    if outcome["passed"]:
        words = "passed the release gates" + leading(judgements)
        return f'<p><span class="verdict good">{escape(words)}</span></p>'
    failed = ", ".join(one["gate"] for one in judgements if not one["passed"])
    words = f"failed the release gates ({failed})"
    return f'<p><span class="verdict bad">{escape(words)}</span></p>'


def leading(judgements: list[Mapping[str, Any]]) -> str:
    """Return the first gate that sets the evaluation's figures a limit, in parentheses."""
    for one in judgements:
        if one.get("metric", "").startswith("evaluation.") and one.get("limit") is not None:
            way = one["comparison"].replace("_", " ")
            more = ", \u2026" if len(judgements) > 1 else ""
            value, limit = figure(one, "value"), figure(one, "limit")
            return f" ({one['gate']}: {value}, {way} {limit}{more})"
    return ""


def verdict(outcome: Mapping[str, Any]) -> str:
    """`outcome`: passed, and judgements with gate, passed, reason and, if known, their figures."""
    word = ("good", "promoted") if outcome["passed"] else ("bad", "refused")
    rows = [
        [one["gate"], state(one), figure(one, "value"), figure(one, "limit"), one["reason"]]
        for one in outcome["judgements"]
    ]
    mark = f'<p><span class="verdict {word[0]}">{word[1]}</span></p>'
    head = ["gate", "", "figure", "limit", "why"]
    return section("Gates", mark, flowing(table(head, rows, text_columns=5)))


def state(one: Mapping[str, Any]) -> str:
    """Return passed or failed; without a champion to compare with, a gate says nothing."""
    against = (one.get("relative_to") or "").startswith(CHAMPION)
    if one["passed"] and against and one.get("reference") is None:
        return "not compared"
    return "passed" if one["passed"] else "failed"


def figure(one: Mapping[str, Any], key: str) -> str:
    """Return the gate's value or limit with its unit, which the metric's last word says."""
    if one.get(key) is None:
        return ""
    words = one.get("metric", "").rpartition(".")[2].split("_")
    unit = next((f"\u00a0{UNITS[word]}" for word in words if word in UNITS), "")
    return number(one[key]) + unit
