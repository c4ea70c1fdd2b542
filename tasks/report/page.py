"""The report of a run: index.html, which stands alone; picture.svg and summary.json beside it.

What stands where, and the words around the figures, is page.html.j2.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasks.report import comparisons, origin, tables
from tasks.report.clips import clips
from tasks.report.naming import (
    explained,
    glossary,
    judged_on,
    number,
    tone,
    variants_of,
)
from tasks.report.overriding import overriding
from tasks.report.parts import Key, lay_out
from tasks.report.picture import picture
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
            `artifacts` (label -> version), `lineage` (steps, see origin.py), `grasps` (object ->
            stage -> count), `galleries` (object -> page beside), `metrics` (step label -> recorded
            rows) and `verdict` (passed, judgements) make a section each where they are there.

    Raises:
        ValueError: the summary holds a number that is not finite.
    """
    folder.mkdir(parents=True, exist_ok=True)
    figures = {name: part for name, part in summary.items() if name != "clips"}
    write(folder / "summary.json", json.dumps(figures, indent=1, allow_nan=False) + "\n")
    write(folder / "picture.svg", picture(summary, alone=True) or "")
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
    known = {"summary": summary, "opening": opening(summary), "evaluated": None}
    if summary.get("evaluation"):
        known["evaluated"] = evaluated(summary)
    metrics = origin.recorded(summary.get("metrics") or {})
    return lay_out(
        "page.html.j2",
        **known,
        marks=origin.marks(summary),
        lineage=origin.lineage(summary.get("lineage") or ()),
        gates=origin.gates(summary["verdict"]) if summary.get("verdict") else None,
        calibration=origin.calibration(summary["calibration"])
        if summary.get("calibration")
        else None,
        stages=origin.stages(summary["stages"]),
        funnel=origin.funnel(summary["grasps"]) if summary.get("grasps") else None,
        curves=metrics[0],
        values=metrics[1],
        absent=[name for name in PARTS if not summary.get(name)],
    )


def opening(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return the picture, the
    result in a sentence, or how far the run came, and the verdict."""
    line = headline(summary)[0] if summary.get("evaluation") else "This run was not evaluated."
    if summary.get("galleries"):
        line = f"Grasps of {', '.join(summary['galleries'])}"
    code = origin.commit(summary.get("code"))
    return {
        "picture": picture(summary),
        "line": line,
        "badge": origin.badge(summary["verdict"]) if summary.get("verdict") else None,
        "run": f"DexterityGen, run {summary['run']}{f', code {code}' if code else ''}",
    }


def evaluated(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the controller does: tables, pictures and words, for the template."""
    settings = summary["settings"]
    variants = variants_of(next(iter(summary["evaluation"].values())))
    unseen = [name for name in summary["evaluation"] if name in settings.get("unseen", ())]
    plots, figures, keys = comparisons.one_setting(summary)
    return {
        "share": f"{100 * settings['confidence']:g}%",
        "judged_on": judged_on(settings),
        "window_s": number(settings["window_s"]),
        "windows": settings["windows"],
        "pairs": settings["pairs"][settings["judged"]],
        "unseen": ", ".join(unseen),
        "default": tables.default_of(settings),
        "each_of": tables.each_of(settings),
        "one_setting": {"plots": plots, "tables": figures, "legend": keys},
        "tradeoff": comparisons.tradeoff(summary),
        "matched": comparisons.matched(summary),
        "variants": [Key(name, tone(name), explained(name, settings)) for name in variants],
        "glossary": glossary(variants, settings),
        "panels": comparisons.panels(summary),
        "by_object": tables.by_object(summary),
        "contacts": comparisons.contacts(summary),
        "families": comparisons.families(summary),
        "overriding": overriding(summary),
        "clips": clips(summary),
        "sentences": headline(summary)[1:],
        "figures": tables.evaluation_table(summary),
        "ratios": tables.ratios(summary),
    }
