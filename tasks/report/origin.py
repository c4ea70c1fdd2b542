"""Where the result comes from: gates, lineage, calibration, stages, grasps, what steps recorded."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tasks.report.figures import curve
from tasks.report.naming import number
from tasks.report.parts import Picture, Table

UNITS = {"s": "s", "ms": "ms", "target": "rad"}  # by the words that a metric's name holds
CHAMPION = "champion."  # a gate's limit that begins so is the model in force's
SHORT = 12  # signs of a hash that are shown; the whole one is in summary.json
Metrics = Mapping[str, Sequence[Mapping[str, Any]]]  # step label -> rows of name, value, step


def badge(outcome: Mapping[str, Any]) -> str:
    """Return the verdict in a few words, with what failed."""
    if outcome["passed"]:
        return "passed the release gates"
    failed = ", ".join(one["gate"] for one in outcome["judgements"] if not one["passed"])
    return f"failed the release gates ({failed})"


def gates(outcome: Mapping[str, Any]) -> Table:
    """`outcome`: passed, and judgements with gate, passed, reason and, if known, their figures."""
    rows = [
        [one["gate"], state(one), with_unit(one, "value"), with_unit(one, "limit"), one["reason"]]
        for one in outcome["judgements"]
    ]
    return Table(["gate", "", "figure", "limit", "why"], rows, text_columns=5)


def state(one: Mapping[str, Any]) -> str:
    """Return passed or failed; without a champion to compare with, a gate says nothing."""
    against = (one.get("relative_to") or "").startswith(CHAMPION)
    if one["passed"] and against and one.get("reference") is None:
        return "not compared"
    return "passed" if one["passed"] else "failed"


def with_unit(one: Mapping[str, Any], key: str) -> str:
    """Return the gate's value or limit with its unit, which the metric's last word says."""
    if one.get(key) is None:
        return ""
    words = one.get("metric", "").rpartition(".")[2].split("_")
    unit = next((f"\u00a0{UNITS[word]}" for word in words if word in UNITS), "")
    return number(one[key]) + unit


def marks(summary: Mapping[str, Any]) -> dict[str, str]:
    """Return the run's own marks, as far as they are known."""
    known = {
        "overrides": " ".join(summary.get("overrides", [])) or "none",
        "configuration": summary.get("configuration"),
        "code": commit(summary.get("code")),
        "bundle": summary.get("bundle_hash"),
    }
    return {name: value for name, value in known.items() if value}


def commit(code: Mapping[str, Any] | None) -> str:
    """Return the project's git commit, short, with a mark if files differ from it; else nothing."""
    if not code:
        return ""
    return f"{code['commit'][:SHORT]}{' with uncommitted changes' if code['dirty'] else ''}"


def lineage(made: Sequence[Mapping[str, Any]]) -> Table:
    """`made`: label, version, code, configuration and inputs (name -> version) of every step."""
    labels = {one["version"]: one["label"] for one in made}
    rows = [
        [
            one["label"],
            ", ".join(labels.get(version, version[:SHORT]) for version in one["inputs"].values()),
            *(one[key][:SHORT] for key in ("version", "code", "configuration")),
        ]
        for one in made
    ]
    return Table(["step", "made from", "version", "code", "configuration"], rows, text_columns=5)


def calibration(found: Mapping[str, Any]) -> tuple[str, Table]:
    """Return what was chosen by what rule, and what was tried.

    Args:
        found: choice, rule, met, and rows of equal keys.
    """
    rows, choice = found["rows"], found["choice"]
    head = list(rows[0])
    lines = [
        [
            "chosen" if choice[row["name"]].items() <= row.items() else "",
            *(row[key] if key == "name" else f"{row[key]:.3g}" for key in head),
        ]
        for row in rows
    ]
    picked = ", ".join(
        f"{name} {key} {value:g}" for name, row in choice.items() for key, value in row.items()
    )
    short = [name for name, met in found["met"].items() if not met]
    words = (
        f"Chosen before the test, on the training's objects and other seeds: {picked}. "
        f"Rule: {found['rule']}."
        + (f" No candidate of {' or '.join(short)} keeps enough." if short else "")
    )
    return words, Table(["", *head], lines, text_columns=2)


def stages(rows: Mapping[str, Mapping[str, Any]]) -> Table:
    """`rows`: stage -> seconds [s], reused, peak_mib [MiB]."""
    lines = [
        [
            name,
            "reused" if row["reused"] else "run",
            f"{row['seconds']:.1f}",
            "" if row["peak_mib"] is None else f"{row['peak_mib']:.0f}",
        ]
        for name, row in rows.items()
    ]
    return Table(["stage", "", "time [s]", "peak memory [MiB]"], lines, text_columns=2)


def funnel(grasps: Mapping[str, Mapping[str, int]]) -> Table:
    """`grasps`: object -> stage of the search -> candidates left, in any order."""
    total = Counter[str]()
    for counts in grasps.values():
        total.update(counts)
    names = sorted(total, key=lambda stage: -total[stage])  # each stage only takes away
    lines = [
        [name, *(f"{counts[stage]:,}" if stage in counts else "" for stage in names)]
        for name, counts in grasps.items()
    ]
    return Table(["object", *names], lines)


def recorded(metrics: Metrics) -> tuple[list[Picture], Table | None]:
    """Return a curve of each metric that changed, and the values of the others."""
    plots, values = [], []
    for step, rows in metrics.items():
        for name in dict.fromkeys(row["name"] for row in rows):
            mine = [row for row in rows if row["name"] == name]
            steps = sorted((row["step"], row["value"]) for row in mine if row["step"] is not None)
            if len({value for _, value in steps}) > 1:
                title, (x, y) = f"{step}: {name}", zip(*steps, strict=True)
                plots.append(Picture(title, curve(title, x, y, "step")))
            else:
                same = f", the same at {len(steps)} steps" if len(steps) > 1 else ""
                values.append([step, name, number(mine[-1]["value"]) + same])
    return plots, Table(["step", "metric", "value"], values, text_columns=2) if values else None
