"""The report of a run: index.html, which stands alone; picture.svg and summary.json beside it.

What stands where, and the words around the figures, is page.html.j2: each section there asks a
function of this folder for its table or its pictures.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from configs.files import write
from tasks.report import comparisons, data, naming, origin, tables
from tasks.report.clips import clips
from tasks.report.parts import lay_out
from tasks.report.picture import picture
from tasks.report.words import headline

PARTS = ("evaluation", "clips", "verdict", "calibration", "grasps", "data", "metrics")


def write_report(folder: Path, summary: Mapping[str, Any]) -> Path:
    """Write a run's page, its picture and its summary, and return the page's path.

    The recordings go into the page only: no figure of a summary is in them.

    Args:
        folder: made if it is not there.
        summary: plain JSON values. `run` (name), `stages` (stage -> seconds, reused, peak_mib),
            `evaluation`, `grasps` (object -> stage -> count) and `metrics` (step label -> recorded
            rows) are always there; the last three may be empty. The other parts of
            evaluation.json, `clips` (recordings, see clips.py), `calibration` (choice, rule, met,
            rows), `data` (coverage by style, now and before), `failure` (one line), `overrides`,
            `training_seed`, `configuration` (digest), `code` (git commit, dirty), `artifacts`
            (label -> version), `lineage` (steps, see origin.py), `galleries` (object -> page
            beside) and `verdict` (passed, judgements) are shown where they are there.

    Raises:
        ValueError: the summary holds a number that is not finite.
    """
    folder.mkdir(parents=True, exist_ok=True)
    figures = {name: part for name, part in summary.items() if name != "clips"}
    write(folder / "summary.json", json.dumps(figures, indent=1, allow_nan=False) + "\n")
    if summary["evaluation"]:
        write(folder / "picture.svg", picture(summary, alone=True))
    return write(folder / "index.html", render(summary))


def render(summary: Mapping[str, Any]) -> str:
    """Return the page; the parts that a run did not reach are named, not left out silently."""
    evaluated = bool(summary["evaluation"])
    line, *lines = headline(summary) if evaluated else ["This run was not evaluated."]
    if summary.get("galleries"):
        line = f"Grasps of {', '.join(summary['galleries'])}"
    return lay_out(
        "page.html.j2",
        summary=summary,
        line=line,
        lines=lines,
        picture=picture(summary) if evaluated else "",
        absent=[name for name in PARTS if not summary.get(name)],
        comparisons=comparisons,
        data=data,
        naming=naming,
        origin=origin,
        tables=tables,
        clips=clips,
    )
