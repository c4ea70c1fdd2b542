"""What sections are made of, and those about the run; each takes its part of the summary."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from tasks.report.charts import curve
from tasks.report.naming import SPLIT_WORDS
from tasks.report.words import listed, number


def section(title: str, *parts: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'


def paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], text_columns: int = 1) -> str:
    """Return a table of escaped cells; the first columns are text, the others numbers."""
    kinds = ['class="text"' if i < text_columns else "" for i in range(len(head))]
    top = "".join(f"<th {kind}>{escape(cell)}</th>" for kind, cell in zip(kinds, head, strict=True))
    body = "".join(
        "<tr>"
        + "".join(f"<td {kind}>{worded(cell)}</td>" for kind, cell in zip(kinds, row, strict=True))
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def worded(cell: str) -> str:
    """Return a cell's text, escaped; a name may break after an underline, where room is short."""
    return escape(cell).replace("_", "_<wbr>")


def flowing(inner: str) -> str:
    """Let a table's long texts run over several lines."""
    return inner.replace("<table>", '<table class="flowing">')


def tall(inner: str) -> str:
    """Return a long table that scrolls within the page, and prints whole."""
    return f'<div class="tall">{inner}</div>'


def folded(title: str, inner: str) -> str:
    """Return what is long, closed until somebody asks for it."""
    return f"<details><summary>{escape(title)}</summary>{inner}</details>"


def judged_on(settings: Mapping[str, Any]) -> str:
    names = listed(settings["objects"][settings["judged"]])
    return f"on {names} ({SPLIT_WORDS[settings['judged']]})"


def stages(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """`rows`: stage -> seconds [s], reused, peak_mib [MiB]."""
    lines = [
        [name, "reused" if row["reused"] else "run", f"{row['seconds']:.1f}", peak(row["peak_mib"])]
        for name, row in rows.items()
    ]
    seconds = sum(row["seconds"] for row in rows.values())
    text = f"{seconds:.0f} s of work in all; steps of one stage may run side by side."
    head = ["stage", "", "time [s]", "peak memory [MiB]"]
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


def commit(code: Mapping[str, Any] | None) -> str:
    """Return the project's git commit, short, with a mark if files differ from it; else nothing."""
    if not code:
        return ""
    return f"{code['commit'][:12]}{' with uncommitted changes' if code['dirty'] else ''}"
