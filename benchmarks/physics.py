"""Measure how objects creep in a still hand, against the settings of the solver.

    python benchmarks/physics.py --json figures.json

Grasps are made first, by the grasp search, under the settings as configured. Then hands do nothing
for 40 s (benchmarks/creep.py) under each of a list of settings:
`creep_mm`      median drift of a still capsule from 2 to 40 s, quiet, as configured; more than
                that of LIMITS, or null, and the exit code is 1;
`still_hold_s`  time to a drop of the still capsule under Table III, a censored exponential's;
`table`         a row for each setting, object and world: all settings for the quiet capsule, a few
                for it under Table III and for other objects, one on Warp's CPU device; `cost` is
                CPU time against the row as configured. Drift is null where half were dropped.
"""

import argparse
import math
import sys
import time
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from configs.load import load
from configs.schema.pipeline import Config
from envs.grasp_set import GraspSet
from envs.shapes.objects import ObjectModel

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds its siblings
from benchmarks.creep import LATE_S, SOON_S, Creep, Variation, creep, still_hold
from benchmarks.measuring import ANY, finish, parser, positive, run, say
from benchmarks.simulation import find_grasps
from benchmarks.things import thing
from flows.commands.terminal import table

LIMITS = {"creep_mm": (-ANY, 1.0)}
CONFIGURED = Variation("as configured")
BEFORE = Variation("impratio 10, line search 20", {"impratio": 10, "ls_iterations": 20})
LOWER = Variation("impratio 100", {"impratio": 100})
NOSLIP = Variation("noslip 3", option={"noslip_iterations": 3})
FEW = (CONFIGURED, BEFORE, LOWER, NOSLIP)  # of other objects and under Table III
SETTINGS = (  # of the capsule, quiet
    CONFIGURED,
    BEFORE,
    Variation("impratio 1", {"impratio": 1}),
    Variation("impratio 10", {"impratio": 10}),
    LOWER,
    Variation("impratio 300", {"impratio": 300}),
    Variation("impratio 3000", {"impratio": 3000}),
    Variation("line search 20", {"ls_iterations": 20}),
    Variation("line search 100", {"ls_iterations": 100}),
    Variation("iterations 10", {"iterations": 10}),
    Variation("iterations 100", {"iterations": 100}),
    Variation("tolerance 1e-12", {"iterations": 100, "ls_iterations": 100}, {"tolerance": 1e-12}),
    Variation("step 5 ms", {"timestep": 0.005}),
    Variation("step 5 ms, solref 10 ms", {"timestep": 0.005}, geom={"solref": (0.01,)}),
    Variation("solimp 0.99 0.999", geom={"solimp": (0.99, 0.999)}),
    Variation("pyramidal cone", {"cone": "pyramidal"}),
    NOSLIP,
    Variation("noslip 3, impratio 10", {"impratio": 10}, {"noslip_iterations": 3}),
)
OBJECTS: dict[str, dict[str, Any]] = {  # [m]; those of the quickstart and a mesh
    "capsule": {"kind": "capsule", "radius": 0.026, "half_height": 0.014},
    "box": {"kind": "box", "half": [0.0275, 0.0275, 0.0275]},
    "sphere": {"kind": "sphere", "radius": 0.032},
    "mesh": {"contact": "hull"},
}
HALF_AXES = (0.036, 0.028, 0.025)  # [m] of the mesh, an ellipsoid of 320 triangles
QUIET, MOVED = "quiet", "Table III"
HEAD = (
    *("setting", "object", "world", "engine"),
    *(f"2-{SOON_S:g} s [mm]", f"2-{LATE_S:g} s [mm]", "dropped", "cost"),
)
WARP_COUNT = 4  # environments: Warp's CPU device is slow


def main() -> int:
    command = parser(__doc__, threads=True, overrides=True)
    command.add_argument("--environments", type=positive, default=16, help="objects a row")
    command.add_argument("--held", type=positive, default=96, help="objects of still_hold_s")
    command.add_argument("--hold-s", type=positive, default=60, help="how long each is held")
    command.add_argument("--grasps", type=positive, default=60, help="grasps made of each object")
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--quick", action="store_true", help="capsule and two settings, small")
    options = command.parse_args()
    if options.quick:
        options.environments, options.grasps, options.held, options.hold_s = 8, 8, 8, 10
    torch.set_num_threads(1)
    figures = measure(load(Config, options.overrides), options)
    print(table([cells(row) for row in figures["table"]], HEAD, range(4, len(HEAD))))
    return max(finish(figures, options, LIMITS, "table"), figures["creep_mm"] is None)


def measure(config: Config, options: argparse.Namespace) -> dict[str, Any]:
    """Make grasps and watch them under every setting."""
    rows: list[dict[str, Any]] = []
    found: dict[str, tuple[ObjectModel, GraspSet]] = {}
    for name in ("capsule",) if options.quick else OBJECTS:
        started, made = time.perf_counter(), make(name)
        grasps = find_grasps(config, made, options.grasps, options.threads)
        say(f"{name}: {len(grasps)} grasps in {time.perf_counter() - started:.0f} s")
        found[name] = made, grasps
        for moved in (False, True) if name == "capsule" else (False,):
            rows += sweep(config, name, *found[name], moved, options)
    if find_spec("mujoco_warp") and not options.quick:
        for name, (made, grasps) in found.items():
            rows += warp(config, name, made, grasps, options)
    made, grasps = found["capsule"]
    chosen = next(row for row in rows if row["world"] == QUIET and row["object"] == "capsule")
    arguments = {"count": options.held, "seconds": options.hold_s, "threads": options.threads}
    held, drops = still_hold(config.world, made, grasps, seed=options.seed, **arguments)
    return {
        "creep_mm": chosen["late_mm"],
        "still_hold_s": held.value,
        "still_hold_low_s": held.low,
        "still_hold_high_s": held.high,
        "still_drops": drops,
        "still_observed_s": options.held * options.hold_s,
        "threads": options.threads,
        "seed": options.seed,
        "table": rows,
    }


def make(name: str) -> ObjectModel:
    if name != "mesh":
        return thing(name, OBJECTS[name])
    import trimesh

    ellipsoid = trimesh.creation.icosphere(subdivisions=2).apply_scale(HALF_AXES)
    return thing(name, OBJECTS[name], ellipsoid)


def sweep(
    config: Config,
    name: str,
    made: ObjectModel,
    grasps: GraspSet,
    moved: bool,
    options: argparse.Namespace,
) -> list[dict[str, Any]]:
    """Return a row for each setting."""
    rows, base = [], math.nan
    every = SETTINGS if name == "capsule" and not moved else FEW
    for setting in (CONFIGURED, BEFORE) if options.quick else every:
        arguments = {"count": options.environments, "seed": options.seed, "moved": moved}
        result = creep(config.world, setting, made, grasps, threads=options.threads, **arguments)
        base = result.cpu_s if setting is CONFIGURED else base
        rows.append(row_of(setting.name, "mujoco", name, moved, result, result.cpu_s / base))
        say(", ".join(cells(rows[-1])))
    return rows


def warp(
    config: Config, name: str, made: ObjectModel, grasps: GraspSet, options: argparse.Namespace
) -> list[dict[str, Any]]:
    """Return a short row of MuJoCo and one of Warp's CPU device, as configured."""
    rows, base = [], math.nan
    for engine in ("mujoco", "mujoco_warp"):
        physics = replace(config.world.physics, engine=engine, device="cpu")
        world = replace(config.world, physics=physics)
        arguments = {"count": WARP_COUNT, "seconds": SOON_S, "seed": options.seed}
        result = creep(world, CONFIGURED, made, grasps, threads=options.threads, **arguments)
        base = result.cpu_s if engine == "mujoco" else base
        rows.append(
            row_of("as configured, short", engine, name, False, result, result.cpu_s / base)
        )
        say(", ".join(cells(rows[-1])))
    return rows


def row_of(
    setting: str, engine: str, name: str, moved: bool, result: Creep, cost: float
) -> dict[str, Any]:
    late = result.late_mm
    return {
        "setting": setting,
        "engine": engine,
        "object": name,
        "world": MOVED if moved else QUIET,
        "soon_mm": finite(result.soon_mm),
        "late_mm": None if late is None else finite(late),
        "late_watched": late is not None,
        "dropped": result.dropped,
        "count": result.count,
        "cost": round(cost, 2),
    }


def finite(value: float) -> float | None:
    return round(value, 3) if math.isfinite(value) else None


def cells(row: dict[str, Any]) -> list[str]:
    """Return a row's cells as HEAD names them; what half were dropped of is lost."""
    soon = "lost" if row["soon_mm"] is None else f"{row['soon_mm']:.2f}"
    late = "lost" if row["late_mm"] is None else f"{row['late_mm']:.2f}"
    names = [row[name] for name in HEAD[:4]]
    dropped = f"{row['dropped']} of {row['count']}"
    return [*names, soon, late if row["late_watched"] else "-", dropped, f"{row['cost']:.2f}"]


if __name__ == "__main__":
    run(main)
