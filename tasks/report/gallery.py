"""A page about one object's grasps: stills, where candidates died, what the set covers."""

import base64
import json
import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.ticker import MultipleLocator

from configs.files import write
from configs.schema.grasps import GraspsStep
from configs.schema.shapes import Mesh
from envs.grasp_set import GraspSet
from envs.shapes.objects import ObjectModel, load_objects
from tasks.grasps.problem import Problem
from tasks.report.figures import Bar, bar_chart, canvas, framed, looking, plain, svg_of
from tasks.report.parts import Picture, Table, lay_out
from tasks.report.stills import choose, write_stills

STILLS = 12
DOTS, DOT = 4000, "#2b8fd0"  # of a plot at most; a colour that shows on light and on dark
VIEWS = (("y", "z"), ("x", "z"), ("y", "x"))  # across and up
WORDS = {
    "finger_first": "hand first, object near its tips",
    "surface_first": "contacts first, then fingers",
    "expansion": "steps from known grasps (RRT)",
}
STAGE_WORDS = {
    "proposed": "proposed",
    "near": "pads near their contacts",
    "clear": "links outside the object",
    "balanced": "contact forces cancel",
    "reachable": "reached by the pads (IK)",
    "collision_free": "free of collision",
    "held": "held in physics",
}


def gallery_of(folder: Path, config: GraspsStep, item: Path, made: Path) -> Path:
    """Write the gallery of the artifacts `objects/<name>` and `grasps/<name>` into a folder;
    return its page."""
    problem = Problem.of(config.embodiment, load_objects(item)[config.object])
    grasps = GraspSet.load(made / "grasps.safetensors", problem.layout)
    yields = json.loads((made / "yields.json").read_text())
    shown, reason = stills_of(config, problem, grasps)
    size = " x ".join(f"{100 * edge:.1f}" for edge in problem.model.extent)
    page = lay_out(
        "gallery.html.j2",
        title=f"{len(grasps):,} grasps of {grasps.object}",
        about=f"{problem.hand.name}; the object is {size} cm, its symmetry "
        f"{yields['coverage']['symmetry']}; {contact_of(problem.model)}",
        stills=shown,
        reason=reason,
        funnels=funnels(yields["funnel"]),
        places=[places(grasps.object_pose[:, :3], *view) for view in VIEWS],
        coverage=coverage(yields),
        fingers=Table(
            ["fingers", "grasps"],
            [[name, f"{count:,}"] for name, count in yields["coverage"]["fingers"].items()],
        ),
    )
    folder.mkdir(parents=True, exist_ok=True)
    return write(folder / "index.html", page)


def contact_of(model: ObjectModel) -> str:
    """Say what of the object touches: a mesh's hull closes whatever is hollow."""
    shape = model.spec.shape
    if not isinstance(shape, Mesh):
        return (
            f"{len(model.pieces)} convex pieces touch" if len(model.pieces) > 1 else "it is convex"
        )
    if shape.contact == "hull":
        return "its convex hull touches (contact: parts keeps what is hollow, if something is)"
    return f"{len(model.pieces)} convex parts of it touch"


def stills_of(
    config: GraspsStep, problem: Problem, grasps: GraspSet
) -> tuple[dict[str, str], str | None]:
    """Return pictures of some grasps as data: addresses by their captions, or why there is none."""
    rows, shown = choose(grasps, STILLS), {}
    names = [finger.name for finger in problem.hand.fingers]
    with tempfile.TemporaryDirectory() as name:
        reason = write_stills(Path(name), problem, config.physics, grasps, rows)
        for row in () if reason else rows:
            fingers = [names[finger] for finger in grasps.contacts.finger[row] if finger >= 0]
            force = grasps.contacts.force[row].sum()
            content = base64.b64encode(Path(name, f"{row}.png").read_bytes()).decode()
            words = f"#{row}: {', '.join(fingers)}; {force:.1f} N in all"
            shown[words] = f"data:image/png;base64,{content}"
    return shown, reason


def funnels(funnel: Mapping[str, Mapping[str, int]]) -> list[Picture]:
    """Return logarithmic bars of each kind of proposals: where candidates die."""
    made = []
    for kind, counts in funnel.items():
        most = max(counts.values(), default=0)
        if not most:
            continue
        bars = [
            Bar(STAGE_WORDS[stage], math.log1p(count), f"{count:,}")
            for stage, count in counts.items()
        ]
        title = f"{WORDS[kind]}: {100 * counts['held'] / most:.2g}% of proposals"
        made.append(Picture(title, bar_chart(bars, math.log1p(most))))
    return made


def coverage(yields: Mapping[str, Any]) -> Table:
    found = yields["coverage"]
    largest = 100 * found["largest_component"] / max(yields["grasps"], 1)
    rows = {
        "grasps": f"{yields['grasps']:,}",
        "position cells of 1 cm": f"{found['position_cells']:,}",
        "rotation bins": f"{found['rotation_bins']:,} of {found['rotation_bins_of']:,}",
        "connected components": f"{found['components']:,}",
        "grasps in the largest": f"{found['largest_component']:,} ({largest:.0f} %)",
        "goals a grasp": f"{yields['mean_neighbours']:.1f}",
        "dropped: without a goal": f"{yields['dropped_isolated']:,}",
        "dropped: in small components": f"{yields['dropped_fragments']:,}",
    }
    return Table(["what", "number"], list(rows.items()))


@looking
def places(positions: np.ndarray, across: str, up: str) -> Picture:
    """Return a plot of positions [G, 3] [m] in two of their coordinates, equal scales, in cm."""
    chosen = positions[:: max(1, len(positions) // DOTS)]
    points = 100.0 * chosen[:, ["xyz".index(across), "xyz".index(up)]]
    middle = 0.5 * (points.min(axis=0) + points.max(axis=0))
    half = max(1.0, math.ceil(0.5 * float(np.ptp(points, axis=0).max()) + 0.2))
    figure = canvas(320, 320)
    axes = framed(figure, 46, 8, 312, 274)
    axes.scatter(*points.T, s=9, color=DOT, alpha=0.45, linewidths=0, rasterized=True)
    (left, right), (low, high) = ((at - half, at + half) for at in middle)
    axes.set(xlim=(left, right), ylim=(low, high), xlabel=f"{across} [cm]", ylabel=f"{up} [cm]")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MultipleLocator(max(1.0, half // 2)))
        plain(axis)
    title = f"{up} over {across}"
    return Picture(title, svg_of(figure, f"{title}: {len(chosen):,} grasps"))
