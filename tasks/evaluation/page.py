"""The report of a run: index.html, which stands alone; picture.svg and summary.json beside it."""

import json
import os
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from tasks.evaluation import bad_commands, sections, tables
from tasks.evaluation.choosing import calibration
from tasks.evaluation.clips import clips
from tasks.evaluation.headline import headline
from tasks.evaluation.panels import panels
from tasks.evaluation.picture import NARROW, picture
from tasks.evaluation.style import STYLE
from tasks.evaluation.tradeoff import tradeoff

PARTS = (
    "evaluation",
    "sweep",
    "matched",
    "ratios",
    "clips",
    "verdict",
    "calibration",
    "grasps",
    "metrics",
)


def write_report(folder: Path, summary: Mapping[str, Any]) -> Path:
    """Write a run's page, its picture and its summary, and return the page's path.

    The recordings go into the page only: no figure of a summary is in them.

    Args:
        folder: made if it is not there.
        summary: plain JSON values. `run` (name) and `stages` (stage -> seconds, reused,
            peak_mib) are always there. The parts of evaluation.json (`evaluation`, `by_split`,
            `by_object`, `settings`, `bundle_hash`, `sweep`, `matched`, `ratios`), `clips`
            (recordings, see clips.py), `calibration` (choice, rule, rows), `failure` (one line),
            `overrides`, `configuration` (digest), `artifacts` and `lineage` (name -> version),
            `grasps` (object -> stage -> count), `metrics` (step label -> recorded rows) and
            `verdict` (passed, judgements) make a section each where they are there.

    Raises:
        ValueError: the summary holds a number that is not finite.
    """
    folder.mkdir(parents=True, exist_ok=True)
    figures = {name: part for name, part in summary.items() if name != "clips"}
    write(folder / "summary.json", json.dumps(figures, indent=1, allow_nan=False) + "\n")
    write(folder / "picture.svg", picture(summary))
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
    parts = [opening(summary), *results(summary), *made_by(summary)]
    absent = [name for name in PARTS if not summary.get(name)]
    if absent:
        parts.append(sections.note(f"Not part of this run's report: {', '.join(absent)}."))
    title = escape(f"DexterityGen run {summary['run']}")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head>"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def results(summary: Mapping[str, Any]) -> list[str]:
    """Return the sections about the controller, as far as it was evaluated."""
    if not summary.get("evaluation"):
        return []
    return [
        panels(summary),
        tradeoff(summary) if summary.get("sweep") else "",
        tables.evaluation_table(summary),
        tables.ratios(summary) if summary.get("ratios") else "",
        bad_commands.contacts(summary),
        bad_commands.families(summary),
        clips(summary) if summary.get("clips") else "",
        tables.by_object(summary),
    ]


def made_by(summary: Mapping[str, Any]) -> list[str]:
    """Return the sections about the run that made the result."""
    return [
        sections.verdict(summary["verdict"]) if summary.get("verdict") else "",
        calibration(summary["calibration"]) if summary.get("calibration") else "",
        sections.stages(summary["stages"]),
        sections.funnel(summary["grasps"]) if summary.get("grasps") else "",
        sections.recorded(summary["metrics"]) if summary.get("metrics") else "",
        sections.lineage(summary),
    ]


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
        f"<h1>{escape(lines[0])}</h1>{badges}{pictured(summary)}{rest}</header>"
    )


def pictured(summary: Mapping[str, Any]) -> str:
    """Return the picture in two widths, of which the style sheet shows the one that fits."""
    drawn = picture(summary)
    if not drawn:
        return ""
    return f'<figure class="picture">{drawn}</figure><figure class="picture narrow">' + (
        f"{picture(summary, NARROW)}</figure>"
    )
