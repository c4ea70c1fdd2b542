"""Measure how objects creep in a still hand, against the settings of the solver.

    python benchmarks/physics.py --json figures.json

Grasps are made first, by the grasp search, under the settings as configured. Then hands do nothing
for 40 s (benchmarks/creep.py) under each of a list of settings:
`creep_mm`      median drift of a still capsule from 2 to 40 s, quiet, as configured; not below
                MOST_CREEP_MM and the exit code is 1;
`still_hold_s`  time to a drop of the still capsule under Table III, a censored exponential's;
`table`         a row for each setting, object and world: all settings for the quiet capsule, a few
                for it under Table III and for other objects, one on Warp's CPU device; `cost` is
                CPU time against the row as configured. Drift is null where half were dropped.
"""

import argparse
import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from configs.load import load, validate
from configs.schema.objects import Object
from configs.schema.pipeline import Config
from envs.grasp_set import GraspSet
from envs.shapes.objects import ObjectModel

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds its siblings
from benchmarks.arguments import new_file, positive, run
from benchmarks.creep import LATE_S, SOON_S, Creep, Setting, creep, still_hold
from benchmarks.simulation import find_grasps

MOST_CREEP_MM = 1.0
CONFIGURED = Setting("as configured")
BEFORE = Setting("impratio 10, line search 20", {"impratio": 10, "ls_iterations": 20})
LOWER = Setting("impratio 100", {"impratio": 100})
NOSLIP = Setting("noslip 3", option={"noslip_iterations": 3})
FEW = (CONFIGURED, BEFORE, LOWER, NOSLIP)  # of other objects and under Table III
SETTINGS = (  # of the capsule, quiet
    CONFIGURED,
    BEFORE,
    Setting("impratio 1", {"impratio": 1}),
    Setting("impratio 10", {"impratio": 10}),
    LOWER,
    Setting("impratio 300", {"impratio": 300}),
    Setting("impratio 3000", {"impratio": 3000}),
    Setting("line search 20", {"ls_iterations": 20}),
    Setting("line search 100", {"ls_iterations": 100}),
    Setting("iterations 10", {"iterations": 10}),
    Setting("iterations 100", {"iterations": 100}),
    Setting("tolerance 1e-12", {"iterations": 100, "ls_iterations": 100}, {"tolerance": 1e-12}),
    Setting("step 5 ms", {"timestep": 0.005}),
    Setting("step 5 ms, solref 10 ms", {"timestep": 0.005}, geom={"solref": (0.01,)}),
    Setting("solimp 0.99 0.999", geom={"solimp": (0.99, 0.999)}),
    Setting("pyramidal cone", {"cone": "pyramidal"}),
    NOSLIP,
    Setting("noslip 3, impratio 10", {"impratio": 10}, {"noslip_iterations": 3}),
)
OBJECTS: dict[str, dict[str, Any]] = {  # [m]; those of the quickstart and a mesh
    "capsule": {"kind": "capsule", "radius": 0.026, "half_height": 0.014},
    "box": {"kind": "box", "half": [0.0275, 0.0275, 0.0275]},
    "sphere": {"kind": "sphere", "radius": 0.032},
    "mesh": {"kind": "mesh", "file": "", "unit": 1.0, "contact": "hull"},  # written by write_mesh
}
HALF_AXES = (0.036, 0.028, 0.025)  # [m] of the mesh, an ellipsoid of 320 triangles
QUIET, MOVED = "quiet", "Table III"
WIDTH = 2 + max(len(setting.name) for setting in SETTINGS)  # of the table's first column
WARP_COUNT = 4  # environments: Warp's CPU device is slow


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=new_file, help="file for the figures")
    parser.add_argument("--environments", type=positive, default=16, help="objects a row")
    parser.add_argument("--held", type=positive, default=96, help="objects of still_hold_s")
    parser.add_argument("--hold-s", type=positive, default=60, help="how long each is held")
    parser.add_argument("--grasps", type=positive, default=60, help="grasps made of each object")
    parser.add_argument("--threads", type=positive, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="the capsule and two settings, small")
    parser.add_argument("overrides", nargs="*", help="Hydra overrides")
    options = parser.parse_args()
    if options.quick:
        options.environments, options.grasps, options.held, options.hold_s = 8, 8, 8, 10
    torch.set_num_threads(1)
    figures = measure(load(Config, options.overrides), options)
    print(table(figures))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2, allow_nan=False) + "\n")
    return verdict(figures)


def measure(config: Config, options: argparse.Namespace) -> dict[str, Any]:
    """Make grasps and watch them under every setting."""
    rows: list[dict[str, Any]] = []
    found: dict[str, tuple[ObjectModel, GraspSet]] = {}
    for name, thing in things(("capsule",) if options.quick else tuple(OBJECTS)):
        started = time.perf_counter()
        grasps = find_grasps(config, thing, options.grasps, options.threads)
        say(f"{name}: {len(grasps)} grasps in {time.perf_counter() - started:.0f} s")
        found[name] = thing, grasps
        for moved in (False, True) if name == "capsule" else (False,):
            rows += sweep(config, name, thing, grasps, moved, options)
    if find_spec("mujoco_warp") and not options.quick:
        for name, (thing, grasps) in found.items():
            rows += warp(config, name, thing, grasps, options)
    thing, grasps = found["capsule"]
    chosen = next(row for row in rows if row["world"] == QUIET and row["object"] == "capsule")
    arguments = {"count": options.held, "seconds": options.hold_s, "threads": options.threads}
    held, drops = still_hold(config.world, thing, grasps, seed=options.seed, **arguments)
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


def things(names: tuple[str, ...]) -> Iterator[tuple[str, ObjectModel]]:
    """Yield objects; the mesh is read while its file is there."""
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            shape = dict(OBJECTS[name])
            if shape["kind"] == "mesh":
                shape["file"] = str(write_mesh(Path(folder)))
            spec = validate(Object, {"name": name, "shape": shape, "held_out": True}, name)
            yield name, ObjectModel(spec)


def write_mesh(folder: Path) -> Path:
    import trimesh

    mesh = trimesh.creation.icosphere(subdivisions=2)
    mesh.apply_scale(HALF_AXES)
    path = folder / "ellipsoid.stl"
    mesh.export(path)
    return path


def sweep(
    config: Config,
    name: str,
    thing: ObjectModel,
    grasps: GraspSet,
    moved: bool,
    options: argparse.Namespace,
) -> list[dict[str, Any]]:
    """Return a row for each setting."""
    rows, base = [], math.nan
    every = SETTINGS if name == "capsule" and not moved else FEW
    for setting in (CONFIGURED, BEFORE) if options.quick else every:
        arguments = {"count": options.environments, "seed": options.seed, "moved": moved}
        result = creep(config.world, setting, thing, grasps, threads=options.threads, **arguments)
        base = result.cpu_s if setting is CONFIGURED else base
        rows.append(row_of(setting.name, "mujoco", name, moved, result, result.cpu_s / base))
        say(line_of(rows[-1]))
    return rows


def warp(
    config: Config, name: str, thing: ObjectModel, grasps: GraspSet, options: argparse.Namespace
) -> list[dict[str, Any]]:
    """Return a short row of MuJoCo and one of Warp's CPU device, as configured."""
    rows, base = [], math.nan
    for engine in ("mujoco", "mujoco_warp"):
        physics = replace(config.world.physics, engine=engine, device="cpu")
        world = replace(config.world, physics=physics)
        arguments = {"count": WARP_COUNT, "seconds": SOON_S, "seed": options.seed}
        result = creep(world, CONFIGURED, thing, grasps, threads=options.threads, **arguments)
        base = result.cpu_s if engine == "mujoco" else base
        rows.append(
            row_of("as configured, short", engine, name, False, result, result.cpu_s / base)
        )
        say(line_of(rows[-1]))
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


def verdict(figures: dict[str, Any]) -> int:
    """Say how the creep stands and return the exit code."""
    value = figures["creep_mm"]
    enough = value is not None and value < MOST_CREEP_MM
    said = "half and more were dropped" if value is None else f"{value:.2f} mm"
    asked = f"{'below' if enough else 'NOT below'} {MOST_CREEP_MM:g} mm"
    say(f"creep_mm: {said}, {asked}")
    return 0 if enough else 1


def table(figures: dict[str, Any]) -> str:
    """Return the rows as a table, and the figures that have a name."""
    head = f"{'setting':<{WIDTH}}{'object':<9}{'world':<11}{'engine':<13}"
    soon, late = f"2-{SOON_S:g} s [mm]", f"2-{LATE_S:g} s [mm]"
    lines = [f"{head}{soon:>12}{late:>12}{'dropped':>12}{'cost':>7}"]
    lines += [line_of(row) for row in figures["table"]]
    low, high = figures["still_hold_low_s"], figures["still_hold_high_s"]
    creep_mm = "-" if figures["creep_mm"] is None else f"{figures['creep_mm']:.2f}"
    lines.append(f"creep_mm      {creep_mm}  asked: below {MOST_CREEP_MM:g}")
    bounds = f"{low:.0f} to {'any' if high is None else f'{high:.0f}'}"
    counted = f"{figures['still_drops']} drops in {figures['still_observed_s']} s"
    lines.append(f"still_hold_s  {figures['still_hold_s']:.0f} ({bounds}), {counted}")
    return "\n".join(lines)


def line_of(row: dict[str, Any]) -> str:
    soon = "lost" if row["soon_mm"] is None else f"{row['soon_mm']:.2f}"
    late = "lost" if row["late_mm"] is None else f"{row['late_mm']:.2f}"
    late = late if row["late_watched"] else "-"
    names = f"{row['setting']:<{WIDTH}}{row['object']:<9}{row['world']:<11}{row['engine']:<13}"
    dropped = f"{row['dropped']} of {row['count']}"
    return f"{names}{soon:>12}{late:>12}{dropped:>12}{row['cost']:>7.2f}"


def say(words: str) -> None:
    print(f"  {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    run(main)
