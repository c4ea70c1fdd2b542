"""Recordings side by side: the same start and disturbances, the command alone and assisted."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tasks.report.clip_script import SCRIPT
from tasks.report.naming import explained, tone
from tasks.report.sections import note, section


def clips(summary: Mapping[str, Any]) -> str:
    """Return a section with every clip's canvases, their data and the script that draws them.

    Data are the object's tiles (tiles.py), and of each run points [T, N, 3] [mm], poses [T, 7]
    [m, quaternion wxyz] and drops [T].
    """
    made, settings = summary["clips"], summary.get("settings", {})
    text = (
        "Recorded in the evaluation: equal starts, goals and disturbances until the first drop or "
        "goal tells the two apart. Dashed: where the object should go. After a drop the object is "
        "put back into the hand. Drawn from the recorded joints, not to the hand's real shape."
    )
    blocks = "".join(figure(clip, settings) for clip in made)
    data = f'<script type="application/json" id="clips">{embedded(made)}</script>'
    return section("Side by side", note(text), blocks, data, f"<script>{SCRIPT}</script>")


def figure(clip: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """Return a clip's frame; without a script its counts of drops remain."""
    runs = clip["runs"]
    ticks = max((len(run["dropped"]) for run in runs.values()), default=1)
    views = "".join(
        f'<div class="view tone{tone(name)}"><canvas width="520" height="520" data-run="'
        f'{escape(name)}" role="img" aria-label="{escape(f"{name}, drawn hand and object")}">'
        f"</canvas><p><b>{escape(name)}</b> {escape(explained(name, settings))}. "
        f"{escape(counted(run['dropped'], clip['hz']))}</p></div>"
        for name, run in runs.items()
    )
    return (
        f'<figure class="clip"><figcaption>{escape(clip["title"])}</figcaption>'
        f'<div class="views">{views}</div><div class="controls"><button type="button">Play</button>'
        f'<input type="range" min="0" max="{ticks - 1}" value="0" aria-label="time in the clip">'
        f'<output>0.0 s</output></div><noscript><p class="note">The clip is drawn by a script, '
        f"which is switched off here.</p></noscript></figure>"
    )


def counted(dropped: Sequence[int], hz: float) -> str:
    """Say how often the object fell in a run, from its ticks."""
    drops, seconds = sum(1 for tick in dropped if tick), len(dropped) / hz
    words = {0: "No drop", 1: "One drop"}.get(drops, f"{drops} drops")
    return f"{words} in {seconds:g} s."


def embedded(made: Sequence[Mapping[str, Any]]) -> str:
    """Return JSON that cannot end the script element it stands in."""
    return json.dumps(made, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
