"""The report of a run: index.html, which stands alone; picture.svg and summary.json beside it.

What stands where, and the words around the figures, is page.html.j2: each section there asks a
function of this folder for its table or its pictures.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from configs.files import write
from tasks.report import comparisons, naming, origin, tables
from tasks.report.clips import clips
from tasks.report.overriding import overriding
from tasks.report.parts import lay_out
from tasks.report.picture import picture
from tasks.report.words import headline

PARTS = (
    *("evaluation", "one_setting", "matched", "ratios", "clips"),
    *("verdict", "calibration", "grasps", "metrics"),
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


def render(summary: Mapping[str, Any]) -> str:
    """Return the page; the parts that a run did not reach are named, not left out silently."""
    line = headline(summary)[0] if summary.get("evaluation") else "This run was not evaluated."
    if summary.get("galleries"):
        line = f"Grasps of {', '.join(summary['galleries'])}"
    return lay_out(
        "page.html.j2",
        summary=summary,
        line=line,
        picture=picture(summary),
        absent=[name for name in PARTS if not summary.get(name)],
        comparisons=comparisons,
        naming=naming,
        origin=origin,
        overriding=overriding,
        tables=tables,
        clips=clips,
        headline=headline,
    )
