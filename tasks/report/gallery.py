"""A page about one object's grasps: stills, where candidates died, what the set covers."""

import base64
import json
import math
import tempfile
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from configs.files import write
from configs.schema.grasps import GraspsStep
from configs.schema.shapes import Mesh
from envs.grasp_set import GraspSet
from envs.shapes.objects import ObjectModel, load_objects
from tasks.grasps.problem import Problem
from tasks.report import svg
from tasks.report.sections import note, section, table
from tasks.report.stills import choose, write_stills
from tasks.report.style import STYLE

STILLS = 12
DOTS = 4000  # of a plot at most
SIDE, EDGE = 260.0, 34.0  # of a plot and of the room beside it for its axis
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
LOOK = """
.stills { display: grid; gap: 0.7rem;
  grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); }
.stills figure { margin: 0; background: var(--panel); border-radius: 6px; overflow: hidden; }
.stills img { display: block; width: 100%; } .stills figcaption { font-size: 0.8rem;
  padding: 0.3rem 0.6rem; color: var(--soft); }
.places { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1rem; }
.places figure { margin: 0; background: var(--panel); border-radius: 6px; padding: 0.6rem; }
.places svg { display: block; width: 100%; font-size: 11px; fill: var(--soft); }
.places .frame, .places .grid { fill: none; stroke: var(--line); }
.places circle { fill: var(--tone2); opacity: 0.35; }
.funnel .row { grid-template-columns: 13rem 1fr 5rem; }
@media (max-width: 34rem) { .funnel .row { grid-template-columns: 8rem 1fr 4rem; } }
"""


def gallery_of(folder: Path, config: GraspsStep, item: Path, made: Path) -> Path:
    """Write the gallery of the artifacts `objects/<name>` and `grasps/<name>` into a folder."""
    problem = Problem.of(config.embodiment, load_objects(item)[config.object])
    grasps = GraspSet.load(made / "grasps.safetensors", problem.layout)
    yields = json.loads((made / "yields.json").read_text())
    return write_gallery(folder, config, problem, grasps, yields)


def write_gallery(
    folder: Path, config: GraspsStep, problem: Problem, grasps: GraspSet, yields: Mapping[str, Any]
) -> Path:
    """Write index.html into a folder, whole or not at all; return it."""
    rows = choose(grasps, STILLS)
    with tempfile.TemporaryDirectory() as name:
        reason = write_stills(Path(name), problem, config.physics, grasps, rows)
        pictures = {} if reason else {row: Path(name, f"{row}.png").read_bytes() for row in rows}
    parts = [
        stills(problem, grasps, pictures, reason),
        funnels(yields["funnel"]),
        coverage(grasps, yields),
    ]
    title = f"{len(grasps):,} grasps of {grasps.object}"
    symmetry = yields["coverage"]["symmetry"]
    size = " x ".join(f"{100 * edge:.1f}" for edge in problem.model.extent)
    contact = contact_of(problem.model)
    about = f"{problem.hand.name}; the object is {size} cm, its symmetry {symmetry}; {contact}"
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}{LOOK}</style></head><body><header>"
        f'<h1>{escape(title)}</h1><p class="run">{escape(about)}</p></header>'
        f"{''.join(parts)}</body></html>\n"
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


def stills(
    problem: Problem, grasps: GraspSet, pictures: Mapping[int, bytes], reason: str | None
) -> str:
    names = [finger.name for finger in problem.hand.fingers]
    figures = []
    for row, content in pictures.items():
        fingers = [names[finger] for finger in grasps.contacts.finger[row] if finger >= 0]
        force = grasps.contacts.force[row].sum()
        words = f"#{row}: {', '.join(fingers)}; {force:.1f} N in all"
        data = base64.b64encode(content).decode()
        figures.append(
            f'<figure><img alt="{escape(words)}" src="data:image/png;base64,{data}">'
            f"<figcaption>{escape(words)}</figcaption></figure>"
        )
    if reason is not None:
        return section("Grasps", note(f"No pictures: {reason}"))
    text = "Chosen to differ most from each other, in joints and in contacts on the object."
    return section("Grasps", note(text), f'<div class="stills">{"".join(figures)}</div>')


def funnels(funnel: Mapping[str, Mapping[str, int]]) -> str:
    """Return a bar for each stage and kind of proposals: where candidates die."""
    blocks = []
    for kind, counts in funnel.items():
        most = max(counts.values(), default=0)
        if not most:
            continue
        lines = "".join(
            f'<div class="row tone2"><span>{escape(STAGE_WORDS[stage])}</span><div class="track">'
            f'<b class="bar" style="width:{share(count, most):.1f}%"></b></div>'
            f"<span>{count:,}</span></div>"
            for stage, count in counts.items()
        )
        held = counts["held"] / most
        blocks.append(f"<h3>{escape(WORDS[kind])}: {100 * held:.2g}% of proposals</h3>{lines}")
    text = "Candidates left after each stage; bars are logarithmic."
    return section("Yield", note(text), f'<div class="funnel">{"".join(blocks)}</div>')


def share(count: int, most: int) -> float:
    """Return the length of a logarithmic bar [%]."""
    return 100.0 * math.log1p(count) / math.log1p(most)


def coverage(grasps: GraspSet, yields: Mapping[str, Any]) -> str:
    found = yields["coverage"]
    plots = "".join(places(grasps.object_pose[:, :3], *view) for view in VIEWS)
    rows = [
        ("grasps", f"{yields['grasps']:,}"),
        ("position cells of 1 cm", f"{found['position_cells']:,}"),
        ("rotation bins", f"{found['rotation_bins']:,} of {found['rotation_bins_of']:,}"),
        ("connected components", f"{found['components']:,}"),
        (
            "grasps in the largest",
            f"{found['largest_component']:,} "
            f"({100 * found['largest_component'] / max(yields['grasps'], 1):.0f} %)",
        ),
        ("goals a grasp", f"{yields['mean_neighbours']:.1f}"),
        ("dropped: without a goal", f"{yields['dropped_isolated']:,}"),
        ("dropped: in small components", f"{yields['dropped_fragments']:,}"),
    ]
    sets = [(name, f"{count:,}") for name, count in found["fingers"].items()]
    return section(
        "Coverage",
        note("Where the object's middle is in the hand: x out of the palm, z along the fingers."),
        f'<div class="places">{plots}</div>',
        table(["what", "number"], rows),
        table(["fingers", "grasps"], sets),
    )


def places(positions: np.ndarray, across: str, up: str) -> str:
    """Return a plot of positions [G, 3] [m] in two of their coordinates, equal scales, in cm."""
    chosen = positions[:: max(1, len(positions) // DOTS)]
    points = 100.0 * chosen[:, ["xyz".index(across), "xyz".index(up)]]
    middle = 0.5 * (points.min(axis=0) + points.max(axis=0))
    half = max(1.0, math.ceil(0.5 * float(np.ptp(points, axis=0).max()) + 0.2))
    low = np.floor(middle - half)
    scale = SIDE / (2.0 * half + 1.0)

    def at(point: np.ndarray) -> tuple[float, float]:
        x, y = scale * (point - low)
        return EDGE + float(x), SIDE - float(y)

    marks = []
    for step in range(0, int(2 * half) + 2, max(1, int(half // 2))):
        x, y = at(low + step)
        marks += [
            svg.line(x, 0.0, x, SIDE, class_="grid"),
            svg.line(EDGE, y, EDGE + SIDE, y, class_="grid"),
            svg.text(x, SIDE + 14.0, f"{low[0] + step:g}", text_anchor="middle"),
            svg.text(EDGE - 5.0, y + 4.0, f"{low[1] + step:g}", text_anchor="end"),
        ]
    dots = [svg.tag("circle", "", cx=x, cy=y, r=1.6) for x, y in map(at, points)]
    label = svg.text(EDGE + 0.5 * SIDE, SIDE + 29.0, f"{across} [cm]", text_anchor="middle")
    side = svg.text(2.0, -8.0, f"{up} [cm]")
    box = f"0 -18 {EDGE + SIDE + 8.0:g} {SIDE + 52.0:g}"
    drawing = svg.tag("svg", "".join([*marks, *dots, label, side]), viewBox=box, role="img")
    return f"<figure>{drawing}</figure>"
