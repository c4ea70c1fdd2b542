"""Measure regrasps: the graph of grasps that grows from them, and turns that are planned over it.

    python benchmarks/dexterity.py --json figures.json

For each object, grasps are made and a graph is grown from them; then hands under Table III, with
its observation noise, turn the object by 90 and 180 degrees about random axes. Means over objects:
`edges_per_s`              motions validated in three draws a second, all threads; `hours_to_100k`;
`largest_strong_component` share of the grasps in it; a turned object is another pose. It is 1: what
                           leads nowhere and back is not kept;
`axes_reached`             share of grasps that lead to a turn by 90 degrees, the least axis of an
                           object; `reach` has each;
`turn_90_success`          within 0.45 rad for half a second, in 60 s; `turn_90_success_low` is its
                           exact 95 % bound over all hands; `turn_180_success`;
`turn_90_drops_per_min`    before it was met;
`still_hold_s`             time to a drop of hands that do nothing, from grasps of the graph;
                           `rest_hold_s` the same of the planned expert with no turn to do.
"""

import json
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from scipy.stats import binomtest

from configs.errors import UserError
from configs.load import load
from configs.schema.pipeline import Config
from envs.grasp_graph import GraspGraph
from envs.shapes.objects import ObjectModel
from envs.streams import derive_seed
from envs.turning import Turning
from flows.plan import regrasps_step
from models.estimates import hold
from tasks.experts.planned import PlannedExpert
from tasks.experts.turns import FirstTries, turn
from tasks.grasps.problem import Problem
from tasks.regrasps.gait import Planner
from tasks.regrasps.growth import grow
from tasks.regrasps.joining import from_set, make_graph
from tasks.regrasps.measure import MET, describe
from tasks.regrasps.regrasps import Growing
from tasks.regrasps.routing import Router

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds its siblings
from benchmarks.measuring import ANY, finish, parser, positive, run, say
from benchmarks.simulation import find_grasps
from benchmarks.things import thing
from flows.commands.terminal import table

LIMITS = {
    "edges_per_s": (20.0, ANY),
    "largest_strong_component": (0.8, ANY),
    "axes_reached": (0.8, ANY),
    "turn_90_success": (0.6, ANY),
    "turn_90_drops_per_min": (-ANY, 0.2),
    "still_hold_s": (300.0, ANY),
}
MESH = "mesh"
TURN_S, HOLD_S = 60.0, 40.0  # [s] given to a turn; watched at rest
TOLD_S = 30.0  # [s] between two words on how far it is
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Effort:
    """What is measured, and how much of it."""

    config: Config
    grasps: int
    hands: int
    threads: int
    graphs: Path | None  # where graphs are kept, and taken from


def main() -> int:
    command = parser(__doc__, threads=True, overrides=True)
    command.add_argument("--objects", nargs="+", default=["box", "cylinder", "capsule", "mesh"])
    command.add_argument("--edges", type=positive, default=6000, help="of each graph")
    command.add_argument(
        "--grasps", type=positive, default=200, help="among which a graph's first one is chosen"
    )
    command.add_argument("--hands", type=positive, default=48, help="that turn each object")
    command.add_argument("--seeds", type=positive, default=1)
    command.add_argument("--graphs", type=Path, help="keep graphs there; those there are not grown")
    options = command.parse_args()
    torch.set_num_threads(1)
    config = load(Config, options.overrides)
    growth = replace(config.regrasps.growth, edges=options.edges)
    config = replace(config, regrasps=replace(config.regrasps, growth=growth))
    setting = Effort(config, options.grasps, options.hands, options.threads, options.graphs)
    rows = [
        {"object": name, "seed": seed} | measure(setting, model_of(config, name), seed)
        for seed in range(options.seeds)
        for name in options.objects
    ]
    print(table_of(rows))
    return finish(summary(rows) | {"rows": rows}, options, LIMITS, "rows")


def model_of(config: Config, name: str) -> ObjectModel:
    """Return one of the configuration's objects, or `mesh`, an ellipsoid with a flat side."""
    if name != MESH:
        if name not in config.objects.members:
            known = ", ".join((*config.objects.members, MESH))
            raise UserError(f"--objects {name}: unknown; one of {known}")
        return ObjectModel(config.objects.members[name])
    import trimesh

    body = trimesh.creation.icosphere(subdivisions=3)
    body.apply_scale([0.034, 0.028, 0.026])
    body = trimesh.intersections.slice_mesh_plane(body, [0, 0, -1], [0, 0, 0.012], cap=True)
    return thing(name, {"contact": "hull"}, body)


def measure(setting: Effort, model: ObjectModel, seed: int) -> dict[str, Any]:
    """Grow one object's graph and turn the object over it."""
    config = replace(setting.config, seed=seed)
    problem = Problem.of(config.embodiment, model)
    if setting.graphs is None:
        graph, seconds = grown(setting, config, problem)
    else:
        graph, seconds = kept(setting, config, problem, setting.graphs / f"{model.name}_{seed}")
    said = describe(graph, problem.symmetry, seed)
    say(f"{model.name}: {len(graph.edges)} motions in {seconds:.0f} s")
    quarter, half = (turns(setting, config, problem, graph, degrees) for degrees in (90, 180))
    return {
        "edges_per_s": len(graph.edges) / seconds,
        "largest_strong_component": said["largest_strong_component"],
        "reach": said["reach"],
        "turn_90": figures(quarter),
        "turn_180": figures(half),
        "still_hold": rest(setting, config, problem, graph, moves=False),
        "rest_hold": rest(setting, config, problem, graph, moves=True),
    }


def kept(
    setting: Effort, config: Config, problem: Problem, folder: Path
) -> tuple[GraspGraph, float]:
    """Return the graph of a folder and the seconds that it took; grow it where there is none."""
    layout, clock = problem.layout, folder / "seconds.json"
    if clock.is_file():
        graph = GraspGraph.load(folder, layout, config.grasps.metric)
        return graph, json.loads(clock.read_text())
    graph, seconds = grown(setting, config, problem)
    folder.mkdir(parents=True, exist_ok=True)
    graph.save(folder, layout)
    clock.write_text(json.dumps(seconds))
    return graph, seconds


def grown(setting: Effort, config: Config, problem: Problem) -> tuple[GraspGraph, float]:
    """Make grasps and grow a graph from them, as the step does; return the seconds it grew, too."""
    step, name = regrasps_step(config, problem.model.name), problem.model.name
    grasps = find_grasps(config, problem.model, setting.grasps, setting.threads)
    seeds, started = from_set(problem, grasps), time.perf_counter()

    def progress(done: float, total: float, unit: str) -> None:
        speed = done / (time.perf_counter() - started)
        say(f"{name}: {done:.0f} / {total:.0f} {unit}, {speed:.1f}/s")

    with TemporaryDirectory() as folder:
        growing = Growing(step, problem, seeds, Path(folder), setting.threads)
        tree, batches = grow(step.regrasps.growth, growing.batch, progress)
        growing.close()
    seconds = time.perf_counter() - started
    draws = step.regrasps.playing.draws
    return make_graph(problem, tree, batches, draws, config.grasps.metric), seconds


def hands(setting: Effort, config: Config, problem: Problem, graph: GraspGraph, name: str):
    """Return hands that hold the object in grasps of the graph, and an expert that plans."""
    env = Turning(
        config.world,
        [problem.model],
        [graph.grasps],
        num_envs=setting.hands,
        seed=derive_seed(config.seed, "dexterity", name),
        style=next(iter(config.task.styles)),
        threads=setting.threads,
    )
    env.begin()
    planner = Planner(problem, config.physics, config.regrasps, config.grasps, config.seed)
    router = Router(problem, graph)
    servo = config.regrasps.servo
    return env, PlannedExpert([planner], [router], config.planned, servo, env, config.seed)


def turns(
    setting: Effort, config: Config, problem: Problem, graph: GraspGraph, degrees: float
) -> FirstTries:
    """Turn by an angle about random axes."""
    env, expert = hands(setting, config, problem, graph, f"turn {degrees}")
    axes = np.random.default_rng([config.seed, int(degrees)]).normal(size=(env.num_envs, 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    goal = env.turned(axes, np.radians(degrees))
    told = time.perf_counter()

    def progress(done: int, total: int) -> None:
        nonlocal told
        if time.perf_counter() - told > TOLD_S:
            told = time.perf_counter()
            say(f"{problem.model.name}: {degrees} degrees, {done} / {total} control steps")

    found = turn(env, expert, goal, seconds=TURN_S, tolerance=MET, progress=progress)
    env.close()
    say(f"{problem.model.name}: {degrees} degrees met by {found.success.mean():.2f}")
    return found


def rest(
    setting: Effort, config: Config, problem: Problem, graph: GraspGraph, *, moves: bool
) -> dict[str, float]:
    """Hold without a turn to do, with the expert or with targets that stay as they are."""
    env, expert = hands(setting, config, problem, graph, "rest")
    still = torch.zeros(env.num_envs, env.num_actions)

    def held(goal: np.ndarray) -> torch.Tensor:
        return expert(goal) if moves else still

    found = turn(env, held, env.begun.copy(), seconds=HOLD_S, tolerance=0.0)
    env.close()
    estimate = hold(60.0 * found.minutes, found.drops, CONFIDENCE)
    return {"value": estimate.value, "low": estimate.low, "drops": found.drops}


def figures(found: FirstTries) -> dict[str, float | int | None]:
    """Return success with its exact lower bound, and drops a minute."""
    count, met = len(found.success), int(found.success.sum())
    return {
        "success": met / count,
        "low": lower(met, count),
        "met": met,
        "hands": count,
        "drops": found.drops,
        "minutes": found.minutes,
        "drops_per_min": found.drops / max(found.minutes, 1e-9),
        "median_s": float(np.median(found.met_s[found.success])) if met else None,
    }


def lower(met: int, count: int) -> float:
    """Return the exact (Clopper-Pearson) lower 95 % bound of a share."""
    return float(binomtest(met, count).proportion_ci(CONFIDENCE).low)


def summary(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Return means over objects and seeds."""

    def mean(pick: Any) -> float:
        return float(np.mean([pick(row) for row in rows]))

    speed = mean(lambda r: r["edges_per_s"])
    return {
        "edges_per_s": speed,
        "hours_to_100k": 1e5 / speed / 3600.0,
        "largest_strong_component": mean(lambda r: r["largest_strong_component"]),
        "axes_reached": mean(lambda r: min(axis["turn_90"] for axis in r["reach"].values())),
        "turn_90_success": mean(lambda r: r["turn_90"]["success"]),
        "turn_90_success_low": lower(
            sum(row["turn_90"]["met"] for row in rows), sum(row["turn_90"]["hands"] for row in rows)
        ),
        "turn_90_drops_per_min": mean(lambda r: r["turn_90"]["drops_per_min"]),
        "turn_180_success": mean(lambda r: r["turn_180"]["success"]),
        "still_hold_s": mean(lambda r: r["still_hold"]["value"]),
        "rest_hold_s": mean(lambda r: r["rest_hold"]["value"]),
    }


def table_of(rows: list[dict[str, Any]]) -> str:
    """Return a line for each object and seed."""
    head = ["object", "seed", "edges/s", "x", "y", "z", "90", "drops/min", "180", "still", "rest"]
    lines = [
        [
            row["object"],
            str(row["seed"]),
            f"{row['edges_per_s']:.1f}",
            *(f"{row['reach'][axis]['turn_90']:.2f}" for axis in "xyz"),
            f"{row['turn_90']['success']:.2f}",
            f"{row['turn_90']['drops_per_min']:.2f}",
            f"{row['turn_180']['success']:.2f}",
            f"{row['still_hold']['value']:.0f}",
            f"{row['rest_hold']['value']:.0f}",
        ]
        for row in rows
    ]
    return table([head, *lines], right=range(1, len(head)))


if __name__ == "__main__":
    run(main)
