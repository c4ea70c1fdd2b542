"""The report of a run: index.html, which stands alone, and summary.json beside it."""

import json
import os
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from tasks.evaluation import sections
from tasks.evaluation.headline import headline
from tasks.evaluation.style import STYLE


def write_report(folder: Path, summary: Mapping[str, Any]) -> Path:
    """Write a run's page and its summary, and return the page's path.

    Args:
        folder: made if it is not there.
        summary: plain JSON values. `run` (name) and `stages` (stage -> seconds, reused,
            peak_mib) are always there. The parts of evaluation.json (`evaluation`, `by_split`,
            `by_object`, `settings`, `bundle_hash`), `failure` (one line), `overrides`,
            `configuration` (digest), `artifacts` and `lineage` (name -> version), `grasps`
            (object -> stage -> count), `metrics` (step label -> recorded rows) and `verdict`
            (passed, judgements) make a section each where they are there.

    Raises:
        ValueError: the summary holds a number that is not finite.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "summary.json", json.dumps(summary, indent=1, allow_nan=False) + "\n")
    page = folder / "index.html"
    write(page, render(summary))
    return page


def write(path: Path, text: str) -> None:
    """Write a file in one move."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def render(summary: Mapping[str, Any]) -> str:
    """Return the page; the parts that a run did not reach are named, not left out silently."""
    parts = [opening(summary)]
    evaluated = bool(summary.get("evaluation"))
    if evaluated:
        parts += [
            sections.evaluation_charts(summary),
            sections.evaluation_table(summary),
            sections.by_object(summary),
        ]
    if summary.get("verdict"):
        parts.append(sections.verdict(summary["verdict"]))
    parts.append(sections.stages(summary["stages"]))
    if summary.get("grasps"):
        parts.append(sections.funnel(summary["grasps"]))
    if summary.get("metrics"):
        parts.append(sections.recorded(summary["metrics"]))
    parts.append(sections.lineage(summary))
    names = ("evaluation", "verdict", "grasps", "metrics")
    absent = [name for name in names if not summary.get(name)]
    if absent:
        parts.append(sections.note(f"Not part of this run's report: {', '.join(absent)}."))
    title = escape(f"DexterityGen run {summary['run']}")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head>"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def opening(summary: Mapping[str, Any]) -> str:
    """Return the result in sentences, or how far the run came."""
    lines = ["This run was not evaluated."]
    if summary.get("evaluation"):
        lines = headline(summary)
    badges = ""
    if summary.get("failure"):
        badges = f'<p class="bad"><strong>The run failed.</strong> {escape(summary["failure"])}</p>'
    elif summary.get("verdict"):
        passed = summary["verdict"]["passed"]
        word = ("good", "passed every gate") if passed else ("bad", "failed its gates")
        badges = f'<p><span class="verdict {word[0]}">{word[1]}</span></p>'
    rest = "".join(f"<p>{escape(line)}</p>" for line in lines[1:])
    return (
        f'<header><p class="run">DexterityGen, run {escape(str(summary["run"]))}</p>'
        f"<h1>{escape(lines[0])}</h1>{badges}{rest}</header>"
    )
