"""The report of a run: index.html, which stands alone; picture.svg and summary.json beside it."""

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from configs.files import write
from tasks.report import bad_commands, for_all, gates, sections, tables
from tasks.report.choosing import calibration
from tasks.report.clips import clips
from tasks.report.lineage import lineage
from tasks.report.overriding import overriding
from tasks.report.panels import panels
from tasks.report.picture import NARROW, picture
from tasks.report.style import STYLE
from tasks.report.tradeoff import tradeoff
from tasks.report.words import headline

PARTS = (
    "evaluation",
    "one_setting",
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
            `by_object`, `settings`, `bundle_hash`, `one_setting`, `matched`, `ratios`), `clips`
            (recordings, see clips.py), `calibration` (choice, rule, rows), `failure` (one line),
            `overrides`, `training_seed`, `configuration` (digest), `code` (git commit, dirty),
            `artifacts` (label -> version), `lineage` (steps, see lineage.py), `grasps` (object ->
            stage -> count), `galleries` (object -> page beside), `metrics` (step label -> recorded
            rows) and `verdict` (passed, judgements) make a section each where they are there.

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


def render(summary: Mapping[str, Any]) -> str:
    """Return the page; the parts that a run did not reach are named, not left out silently."""
    parts = [opening(summary), *results(summary), *origin(summary), *background(summary)]
    absent = [name for name in PARTS if not summary.get(name)]
    if absent and not summary.get("galleries"):
        parts.append(sections.note(f"Not part of this run's report: {', '.join(absent)}."))
    title = escape(f"DexterityGen run {summary['run']}")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head>"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def opening(summary: Mapping[str, Any]) -> str:
    """Return the picture, the result in a sentence, or how far the run came, and the verdict."""
    line = headline(summary)[0] if summary.get("evaluation") else "This run was not evaluated."
    if summary.get("galleries"):
        line = f"Grasps of {', '.join(summary['galleries'])}"
    badge = ""
    if summary.get("failure"):
        badge = f'<p class="bad"><strong>The run failed.</strong> {escape(summary["failure"])}</p>'
    elif summary.get("verdict"):
        badge = gates.badge(summary["verdict"])
    for label, reason in summary.get("left_out", {}).items():
        badge += f'<p class="bad"><strong>Left out: {escape(label)}.</strong> {escape(reason)}</p>'
    code = sections.commit(summary.get("code"))
    run = f"DexterityGen, run {summary['run']}{f', code {code}' if code else ''}"
    for name, page in summary.get("galleries", {}).items():
        link = f'<a href="{escape(page)}">{escape(name)}: pictures, yield and coverage</a>'
        badge += f"<p>{link}</p>"
    return (
        f"<header>{pictured(summary)}<h1>{escape(line)}</h1>{badge}"
        f'<p class="run">{escape(run)}</p></header>'
    )


def pictured(summary: Mapping[str, Any]) -> str:
    """Return the picture in two widths, of which the style sheet shows the one that fits."""
    drawn = picture(summary)
    if not drawn:
        return ""
    return f'<figure class="picture">{drawn}</figure><figure class="picture narrow">' + (
        f"{picture(summary, NARROW)}</figure>"
    )


def results(summary: Mapping[str, Any]) -> list[str]:
    """Return what the controller does, as far as it was evaluated, from the whole to the clip."""
    if not summary.get("evaluation"):
        return []
    return [
        for_all.one_setting(summary) if summary.get("one_setting") else "",
        tradeoff(summary),
        panels(summary),
        tables.by_object(summary),
        bad_commands.contacts(summary),
        bad_commands.families(summary),
        overriding(summary),
        clips(summary) if summary.get("clips") else "",
    ]


def origin(summary: Mapping[str, Any]) -> list[str]:
    """Return what the result was made from, and what was decided about it."""
    return [
        lineage(summary),
        gates.verdict(summary["verdict"]) if summary.get("verdict") else "",
    ]


def background(summary: Mapping[str, Any]) -> list[str]:
    """Return what stands behind the result: all figures, and the run that made them."""
    return [
        *(every_figure(summary) if summary.get("evaluation") else ()),
        calibration(summary["calibration"]) if summary.get("calibration") else "",
        sections.stages(summary["stages"]),
        sections.funnel(summary["grasps"]) if summary.get("grasps") else "",
        sections.recorded(summary["metrics"]) if summary.get("metrics") else "",
    ]


def every_figure(summary: Mapping[str, Any]) -> list[str]:
    return [
        sections.section("In sentences", *map(sections.paragraph, headline(summary)[1:])),
        tables.evaluation_table(summary),
        tables.ratios(summary) if summary.get("ratios") else "",
    ]
