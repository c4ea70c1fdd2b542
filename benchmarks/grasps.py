"""Measure grasp generation: rate by kind of object, against the floor that its physics sets.

    python benchmarks/grasps.py --json grasps.json

A grasp counts if it held for 2 s while gravity turned through four directions, at draws of the
paper's Table III, its random force included. All is measured in one process, after a short warm-up
of each object:
`grasps_per_s`   validated grasps a second of wall time, of expansion, mean over the objects;
`floor_per_s`    as many if nothing were done but to hold every one of them for its time, measured
                 with the same grasps right after;
`held_again`     share of these grasps that hold when they are held for that, at other draws;
`share`          of the time that each stage takes, proposals running beside the holding;
`yield`          what each stage let through, by kind of proposals;
`resident_mib`   of a million grasps in the table that environments draw goals from;
`next_goal_ms`   for 8192 environments to draw a next goal among 100,000 grasps;
`collisions`     disagreements of the collision check with MuJoCo's contacts after a full step's
                 collision pass, of 10,000 random configurations and of 10,000 hands closing round
                 the object, where contacts are wanted, and the deepest of them.
It ends with exit code 1 where a figure is not what is asked of it.
Peers, effective grasps a second on one A100 as Lightning Grasp's paper reports all three (arXiv
2511.07418): DexGraspNet fewer than 3, BODex 30 to 50, Lightning Grasp 300 to 1000.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import torch

from configs.load import load
from configs.schema.pipeline import Config
from envs.engines.mujoco_engine import MujocoEngine
from envs.shapes.objects import OBJECT, ObjectModel
from flows.plan import grasps_step
from models.rotations import random_quaternions
from tasks.grasps import finger_first
from tasks.grasps.assignment import reach
from tasks.grasps.candidates import Candidates
from tasks.grasps.collision import CollisionChecker
from tasks.grasps.grasps import EXPANSION, Generation
from tasks.grasps.problem import Problem
from tasks.grasps.search import STAGES, Funnel
from tasks.running.context import Context, Progress
from tasks.store import open_store

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds its siblings
from benchmarks.goal_table import next_goal_ms, resident_mib
from benchmarks.measuring import ANY, alone, finish, parser, positive, run
from benchmarks.things import thing
from flows.commands.terminal import table

OBJECTS = {
    "box": {"kind": "box", "half": [0.03, 0.03, 0.03]},  # the 6 cm box
    "sphere": {"kind": "sphere", "radius": 0.032},
    "cylinder": {"kind": "cylinder", "radius": 0.026, "half_height": 0.035},
    "capsule": {"kind": "capsule", "radius": 0.026, "half_height": 0.014},
    "ellipsoid": {"kind": "ellipsoid", "half": [0.024, 0.028, 0.036]},
    "prism": {"kind": "prism", "sides": 6, "radius": 0.03, "half_height": 0.03},
    "superquadric": {
        "kind": "superquadric",
        "half": [0.026, 0.03, 0.034],
        "exponents": [0.6, 0.6],
    },
}
KNOWN = [*OBJECTS, "syringe", "cup"]  # these two are of several parts; beside the mean
HOLD_S, SEVERITY = 2.0, 0.0  # [s]; Table III's draws
CONFIGURATIONS = 10_000
LIMITS = {
    "validated_grasps_per_s": (100, ANY),
    "resident_mib": (-ANY, 2048),
    "next_goal_ms": (-ANY, 5),
}
PEERS = {"DexGraspNet": [0, 3], "BODex": [30, 50], "Lightning Grasp": [300, 1000]}


def main() -> int:
    command = parser(__doc__, threads=True, overrides=True)
    command.add_argument("--count", type=positive, default=3000, help="grasps of each object")
    command.add_argument("--objects", nargs="*", default=KNOWN, choices=KNOWN)
    options = command.parse_args()
    torch.set_num_threads(1)
    config = load(Config, options.overrides)
    rows = {name: generate(config, name, options) for name in options.objects}
    figures: dict[str, Any] = {
        "validated_grasps_per_s": mean_of(rows, "grasps_per_s"),
        "floor_per_s": mean_of(rows, "floor_per_s"),
        "peers_per_s_on_an_a100": PEERS,
        "resident_mib": alone(resident_mib, config),
        "next_goal_ms": next_goal_ms(config),
        "collisions": collisions(config),
        "threads": options.threads,
        "objects": rows,
    }
    print(rates(rows))
    return finish(figures, options, LIMITS, "objects")


def generate(config: Config, name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Generate grasps of one object in a folder that is thrown away; return its figures."""
    step = grasps_step(config, name)
    validation = replace(step.grasps.validation, hold_s=HOLD_S, severity=SEVERITY, pushes=True)
    step = replace(step, grasps=replace(step.grasps, count=options.count, validation=validation))
    problem = Problem.of(config.embodiment, model_of(name))
    with tempfile.TemporaryDirectory() as folder:
        home, label = Path(folder), f"grasps/{name}"
        store, progress = open_store(home), Progress(label)
        context = Context(name, label, store, home, home, options.threads, progress, {})
        generation = Timed(step, problem, context)
        found, _ = generation.run()
    grown = len(found) - generation.sampled
    seconds = {stage: generation.funnels[EXPANSION].seconds[stage] for stage in STAGES}
    total = sum(seconds.values())
    return {
        "grasps": len(found),
        "grasps_per_s": grown / generation.expansion_s,
        "floor_per_s": generation.floor_per_s,
        "held_again": generation.held_again,
        "sampling_s": generation.sampling_s,
        "expansion_s": generation.expansion_s,
        "share": {stage: seconds[stage] / total for stage in STAGES},
        "yield": {kind: funnel.counts for kind, funnel in generation.funnels.items()},
    }


def model_of(name: str) -> ObjectModel:
    """Return a class's object, or the configured syringe, or a cup without a bottom
    cut into convex parts."""
    if name == "syringe":
        return ObjectModel(load(Config, ["objects=tools"]).objects.items[name])
    if name in OBJECTS:
        return thing(name, OBJECTS[name])
    import trimesh

    cup = trimesh.creation.annulus(r_min=0.028, r_max=0.034, height=0.08)
    return thing(name, {"contact": "parts"}, cup)


class Timed(Generation):
    """A generation that knows how long its phases and its physics took."""

    sampling_s = expansion_s = floor_per_s = held_again = 0.0
    sampled = 0

    def _sample(self) -> Candidates:
        started = time.perf_counter()
        found = super()._sample()
        self.sampling_s, self.sampled = time.perf_counter() - started, len(found)
        return found

    def _expand(self, found: Candidates) -> Candidates:
        started = time.perf_counter()
        grown = super()._expand(found)
        self.expansion_s = time.perf_counter() - started
        self.floor_per_s, self.held_again = self.floor(grown)
        return grown

    def floor(self, grasps: Candidates) -> tuple[float, float]:
        """Return grasps a second of holding alone, the steps that one takes x the time a step, with
        nothing beside it and no slot empty; and the share that holds."""
        assert self.search is not None
        validator = self.search.validator
        engine = validator.engine
        assert isinstance(engine, MujocoEngine)
        seconds, done = engine.engine_seconds, validator.slot_steps
        held = validator.hold(grasps, np.random.default_rng(0)).held
        seconds, done = engine.engine_seconds - seconds, validator.slot_steps - done
        return done / seconds / (validator.settle_steps + validator.hold_steps), float(held.mean())


def collisions(config: Config) -> dict[str, dict[str, float]]:
    """Compare the check with the contacts of `mj_forward`: on random hands and poses, where no
    contact is wanted, and on hands that close round the object by more or less, where pads may."""
    problem, rng = Problem.of(config.embodiment, model_of("box")), np.random.default_rng(0)
    step = grasps_step(config, "box")
    checker = CollisionChecker(problem, config.physics, step.grasps.penetration)
    count, fingers = CONFIGURATIONS, problem.layout.num_tips
    none = Candidates.none(problem.layout)
    place = rng.uniform([0.0, -0.08, -0.08], [0.14, 0.08, 0.16], (count, 3))
    anywhere = replace(
        none,
        joint_position=rng.uniform(problem.lower, problem.upper, (count, len(problem.lower))),
        object_pose=np.concatenate([place, random_quaternions(rng, count)], axis=1),
        active=np.zeros((count, fingers), dtype=bool),
    )
    kind = replace(step.grasps.sampling.finger_first, proposals=10 * count)
    near = finger_first.propose(problem, replace(step.grasps.sampling, finger_first=kind), rng)
    near = near.take(np.arange(count))
    closed, _ = reach(problem, near, step.grasps.assignment)
    closing = replace(near, joint_position=closed)
    joints = [problem.layout.joint_names[link] for link in problem.tip_links]
    tips = [checker.posing.model.joint(joint).bodyid[0] for joint in joints]
    return {
        "anywhere": compare(checker, anywhere, tips),
        "closing": compare(checker, closing, tips),
    }


def compare(checker: CollisionChecker, candidates: Candidates, tips: list[int]) -> dict[str, float]:
    """Return how often check and engine disagree, and how deep the contacts are that differ."""
    started = time.perf_counter()
    free = checker.free(candidates)
    seconds = time.perf_counter() - started
    posing, count = checker.posing, len(candidates)
    model, excess, touching = posing.model, np.empty(count), 0
    thing = model.body(OBJECT).id
    for row in range(count):
        data = posing.put(candidates.joint_position[row], candidates.object_pose[row])
        mujoco.mj_forward(model, data)
        deepest, wanted_here = 0.0, False
        for contact in data.contact:
            other = [b for b in model.geom_bodyid[contact.geom] if model.body_rootid[b] != thing]
            wanted = len(other) == 1 and other[0] in tips
            wanted = wanted and bool(candidates.active[row, tips.index(other[0])])
            wanted_here |= wanted
            deepest = max(deepest, -contact.dist - (checker.penetration if wanted else 0.0))
        excess[row], touching = deepest, touching + wanted_here
    differ = free != (excess <= 0.0)
    return {
        "configurations": count,
        "collide": float((~free).mean()),
        "with_wanted_contacts": touching / count,
        "disagreements": int(differ.sum()),
        "deepest_m": float(excess[differ].max(initial=0.0)),
        "check_us": 1e6 * seconds / count,
    }


def mean_of(rows: dict[str, dict[str, Any]], figure: str) -> float | None:
    """Return the mean of a figure over the seven classes; None where none of them was measured."""
    values = [row[figure] for name, row in rows.items() if name in OBJECTS]
    return float(np.mean(values)) if values else None


def rates(objects: dict[str, dict[str, Any]]) -> str:
    """Return a table of the objects' rates, and what each stage let through of all of them."""
    rows = [
        [
            name,
            *(f"{row[figure]:.1f}" for figure in ("grasps_per_s", "floor_per_s")),
            f"{row['held_again']:.3f}",
            ", ".join(f"{s} {100 * v:.0f}%" for s, v in row["share"].items() if v >= 0.005),
        ]
        for name, row in objects.items()
    ]
    total: dict[str, Funnel] = {}
    for row in objects.values():
        for kind, counts in row["yield"].items():
            total.setdefault(kind, Funnel()).add(Funnel(counts, dict.fromkeys(STAGES, 0.0)))
    lines = [
        table(rows, ["object", "grasps/s", "floor/s", "again", "share of the time"], [1, 2, 3])
    ]
    for kind, funnel in total.items():
        lines.append(f"{kind}: " + ", ".join(f"{s} {funnel.counts[s]:,}" for s in STAGES))
    return "\n".join(lines)


if __name__ == "__main__":
    run(main)
