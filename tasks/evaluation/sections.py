"""The sections of the report page; each takes its part of the summary and returns HTML."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from tasks.evaluation.charts import Row, chart, curve, linear_axis, log_axis
from tasks.evaluation.headline import describe, goals_per_drop, interval, listed, number

TONES = ("unassisted", "scaled", "paper", "guarded", "critic_gain")  # palette, in this order
SPLIT_WORDS = {"held_out": "held out", "training": "trained on"}
COLUMNS = (
    ("hold_s", "time to a drop [s]"),
    ("goals_per_min", "goals a minute"),
    ("goals_per_drop", "goals a drop"),
    ("intention", "intention (cosine)"),
    ("intention_gain", "intention (gain)"),
    ("drops", "drops"),
    ("goals", "goals"),
)


def section(title: str, *parts: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]], text_columns: int = 1) -> str:
    """Return a table of escaped cells; the first columns are text, the others numbers."""
    kinds = ['class="text"' if i < text_columns else "" for i in range(len(head))]
    top = "".join(f"<th {kind}>{escape(cell)}</th>" for kind, cell in zip(kinds, head, strict=True))
    body = "".join(
        "<tr>"
        + "".join(f"<td {kind}>{escape(cell)}</td>" for kind, cell in zip(kinds, row, strict=True))
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def variants_of(cells: Mapping[str, Any]) -> list[str]:
    """Return the variants that were run; `assisted` repeats one of them."""
    return [name for name in cells if name != "assisted"]


def label(variant: str, settings: Mapping[str, Any]) -> str:
    """Return a variant's name, with its gain where that is not 1."""
    gain = settings["variants"].get(variant, {}).get("gain", 1.0)
    return variant if gain == 1.0 else f"{variant} \u00d7 {gain:g}"


def rows_of(summary: Mapping[str, Any], key: str) -> dict[str, list[Row]]:
    """Return one figure of every perturbation and variant as chart rows."""
    tones = {name: i for i, name in enumerate(TONES)}
    return {
        f"{name}: {describe(name, summary['settings'])}": [
            Row(
                label(variant, summary["settings"]),
                tones.get(variant, len(TONES) - 1),
                cells[variant][key],
                cells[variant][f"{key}_low"],
                cells[variant][f"{key}_high"],
            )
            for variant in variants_of(cells)
        ]
        for name, cells in summary["evaluation"].items()
    }


def evaluation_charts(summary: Mapping[str, Any]) -> str:
    holds, goals = rows_of(summary, "hold_s"), rows_of(summary, "goals_per_min")
    hold_axis = log_axis([row for rows in holds.values() for row in rows])
    goal_axis = linear_axis([row for rows in goals.values() for row in rows])
    share = f"{100 * summary['settings']['confidence']:g}%"
    hold_note = (
        f"Mean time to a drop with its {share} interval, {judged_on(summary['settings'])}. An "
        "arrow without a dot: no drop was seen, so there is a lower bound only."
    )
    goal_note = (
        f"Goals a minute with their {share} intervals. A hand that holds but does not move "
        "reaches none: read both charts together."
    )
    held = section("Time to a drop", note(hold_note), chart(holds, hold_axis, "s", False))
    reached = section("Goals reached", note(goal_note), chart(goals, goal_axis, "1/min", True))
    return held + reached


def evaluation_table(summary: Mapping[str, Any]) -> str:
    settings = summary["settings"]
    head = ["perturbation", "variant", *(title for _, title in COLUMNS)]
    rows = [
        [
            "" if i else name,
            label(variant, settings),
            *(figure(cells[variant], key) for key, _ in COLUMNS),
        ]
        for name, cells in summary["evaluation"].items()
        for i, variant in enumerate(variants_of(cells))
    ]
    text = (
        f"{100 * settings['confidence']:g}% intervals in parentheses. They take drops and goals "
        "for Poisson processes and hold as far as that does; they speak of chance in these "
        f"windows, not of other objects. {settings['windows']} windows of "
        f"{number(settings['window_s'])} s in {settings['pairs'][settings['judged']]} "
        f"environments a cell, {judged_on(settings)}. Intention: "
        "realised against commanded keypoint motion; time after a drop counts as zero. "
        f"The default assistance is {settings['assisted']}; {guidance_of(settings)}."
    )
    return section("Figures", table(head, rows, text_columns=2), note(text))


def guidance_of(settings: Mapping[str, Any]) -> str:
    parts = [f"{name} ran with guidance {value:g}" for name, value in settings["guidance"].items()]
    return ", ".join(parts) or "no variant ran with guidance"


def judged_on(settings: Mapping[str, Any]) -> str:
    names = listed(settings["objects"][settings["judged"]])
    return f"on {names} ({SPLIT_WORDS[settings['judged']]})"


def by_object(summary: Mapping[str, Any]) -> str:
    """Return each object's figures with its split, and each split's where it has several."""
    settings = summary["settings"]
    parts = []
    for split, evaluation in summary["by_split"].items():
        ones = {
            name: one["evaluation"]
            for name, one in summary["by_object"].items()
            if one["split"] == split
        }
        words = SPLIT_WORDS[split]
        parts += [(f"{name}, {words}", each) for name, each in ones.items()]
        parts += [(f"all {words}", evaluation)] if len(ones) > 1 else []
    variants = variants_of(next(iter(summary["evaluation"].values())))
    head = ["object", "perturbation"]
    head += [f"{label(name, settings)} [s]" for name in variants]
    head += [f"{label(name, settings)} [1/min]" for name in variants]
    rows = [
        ["" if i else title, perturbation]
        + [bounded(cells[variant]) for variant in variants]
        + [number(cells[variant]["goals_per_min"]) for variant in variants]
        for title, evaluation in parts
        for i, (perturbation, cells) in enumerate(evaluation.items())
    ]
    text = (
        "Time to a drop [s], \u2265 where no drop was seen, and goals a minute [1/min]. The "
        "trained-on objects are evaluated on the grasps that training used, with other seeds; "
        "what differs between objects may be the object, not the training."
    )
    return section("By object", note(text), table(head, rows, text_columns=2))


def bounded(cell: Mapping[str, Any]) -> str:
    """Return a time to a drop with its interval; without a drop its lower bound."""
    return figure(cell, "hold_s") if cell["drops"] else f"\u2265\u00a0{number(cell['hold_s_low'])}"


def figure(cell: Mapping[str, Any], key: str) -> str:
    """Return a figure as text; without a drop only what was watched, and a lower bound."""
    if key == "hold_s" and not cell["drops"]:
        return f"none in {number(cell['time_s'])} ({interval(cell, key)})"
    if key == "goals_per_drop":
        return goals_per_drop(cell)
    if f"{key}_low" in cell:
        return f"{number(cell[key])} ({interval(cell, key)})"
    if isinstance(cell[key], int):
        return str(cell[key])
    return number(cell[key])


def stages(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """`rows`: stage -> seconds [s], reused, peak_mib [MiB]."""
    lines = [
        [name, "reused" if row["reused"] else "run", f"{row['seconds']:.1f}", peak(row["peak_mib"])]
        for name, row in rows.items()
    ]
    seconds = sum(row["seconds"] for row in rows.values())
    text = f"{seconds:.0f} s of work in all; steps of one stage may run side by side."
    head = ["stage", "", "seconds [s]", "peak memory [MiB]"]
    return section("Stages", table(head, lines, text_columns=2), note(text))


def peak(mib: float | None) -> str:
    return "" if mib is None else f"{mib:.0f}"


def funnel(grasps: Mapping[str, Mapping[str, int]]) -> str:
    """`grasps`: object -> stage of the search -> candidates left, in any order."""
    total = Counter[str]()
    for counts in grasps.values():
        total.update(counts)
    names = sorted(total, key=lambda stage: -total[stage])  # each stage only takes away
    lines = [
        [name, *(f"{counts[stage]:,}" if stage in counts else "" for stage in names)]
        for name, counts in grasps.items()
    ]
    text = "Candidates that each stage let pass, from the first proposal to a grasp that held."
    return section("Grasps", table(["object", *names], lines), note(text))


def recorded(metrics: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """`metrics`: step label -> rows of name, value, step, as steps recorded them."""
    plots, values = [], []
    for step, rows in metrics.items():
        for name in dict.fromkeys(row["name"] for row in rows):
            mine = [row for row in rows if row["name"] == name]
            steps = sorted((row["step"], row["value"]) for row in mine if row["step"] is not None)
            if len({value for _, value in steps}) > 1:
                x, y = [at for at, _ in steps], [value for _, value in steps]
                plots.append(curve(f"{step}: {name}", x, y, "step"))
            else:
                same = f", the same at {len(steps)} steps" if len(steps) > 1 else ""
                values.append([step, name, number(mine[-1]["value"]) + same])
    parts = [f'<div class="curves">{"".join(plots)}</div>'] if plots else []
    if values:
        parts.append(table(["step", "metric", "value"], values, text_columns=2))
    return section("Recorded by the steps", *parts)


def verdict(outcome: Mapping[str, Any]) -> str:
    """`outcome`: passed, and judgements with gate, passed and reason."""
    word = ("good", "promoted") if outcome["passed"] else ("bad", "refused")
    rows = [
        [one["gate"], "passed" if one["passed"] else "failed", one["reason"]]
        for one in outcome["judgements"]
    ]
    badge = f'<p><span class="verdict {word[0]}">{word[1]}</span></p>'
    return section("Gates", badge, table(["gate", "", "why"], rows, text_columns=3))


def lineage(summary: Mapping[str, Any]) -> str:
    """What made the result: configuration, bundle, every artifact's version."""
    pairs = [("configuration", summary.get("configuration", ""))]
    if "bundle_hash" in summary:
        pairs.append(("bundle", summary["bundle_hash"]))
    pairs += summary.get("lineage", {}).items()
    pairs += summary.get("artifacts", {}).items()
    overrides = " ".join(summary.get("overrides", []))
    rows = "".join(
        f'<tr><td class="text">{escape(str(name))}</td>'
        f'<td class="code">{escape(str(value))}</td></tr>'
        for name, value in [("overrides", overrides or "none"), *pairs]
        if value
    )
    return section("Lineage", f'<div class="wide"><table class="lineage">{rows}</table></div>')
