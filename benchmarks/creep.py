"""How far an object creeps in a hand that does nothing: the measure behind benchmarks/physics.py.

*Quiet* is Table III without noise, pushes and turning gravity: masses, frictions, gains, scales
and the direction of gravity are drawn, and nothing moves. A rigid contact below its friction limit
keeps its object where it is, so whatever moves there is the solver's doing.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from configs.schema.world import World
from envs.engines.mujoco_cpu import CpuPool
from envs.engines.mujoco_engine import MujocoEngine
from envs.grasp_set import GraspSet
from envs.manipulation import ManipulationEnv
from envs.randomize import quiet
from envs.shapes.objects import ObjectModel
from models.estimates import Estimate, hold

SETTLED_S = 2.0  # [s] the drift is measured from here on: until then the grasp gives way and rests
SOON_S, LATE_S = 12.0, 40.0  # [s] to here


@dataclass(frozen=True)
class Variation:
    """Changes of the physics' values, and of what MuJoCo has beside them; MuJoCo's engine only."""

    name: str
    physics: Mapping[str, Any] = field(default_factory=dict)
    option: Mapping[str, Any] = field(default_factory=dict)  # of the model's `opt`
    geom: Mapping[str, tuple[float, ...]] = field(default_factory=dict)  # leading columns


@dataclass(frozen=True)
class Creep:
    """What became of n objects that nobody moved; what was dropped has crept without bounds."""

    soon_mm: float  # median drift from SETTLED_S to SOON_S
    late_mm: float | None  # to LATE_S; None: not watched so long
    dropped: int
    count: int
    cpu_s: float  # of all threads


def make(
    world: World,
    setting: Variation,
    thing: ObjectModel,
    grasps: GraspSet,
    moved: bool,
    seconds: float,
    **arguments: Any,
) -> ManipulationEnv:
    """Make an environment under a setting, quiet unless it is `moved`, whose episodes last."""
    ranges = world.randomization
    world = replace(
        world,
        physics=replace(world.physics, **setting.physics),
        randomization=ranges if moved else quiet(ranges),
        task=replace(world.task, episode_s=seconds + 1.0),
    )
    style = next(iter(world.task.styles))
    env = ManipulationEnv(world, [thing], [grasps], style=style, **arguments)
    engine = env.engine
    assert isinstance(engine, MujocoEngine)
    for pool in engine.pools:
        if not isinstance(pool, CpuPool):
            continue
        for model in pool.models:
            for name, value in setting.option.items():
                setattr(model.opt, name, value)
            for name, values in setting.geom.items():
                getattr(model, f"geom_{name}")[:, : len(values)] = values
        pool.batch.set_models(pool.models)
    return env


def creep(
    world: World,
    setting: Variation,
    thing: ObjectModel,
    grasps: GraspSet,
    *,
    count: int,
    seconds: float = LATE_S,
    moved: bool = False,
    seed: int = 0,
    threads: int = 1,
) -> Creep:
    """Watch `count` objects in hands that do nothing."""
    arguments = {"num_envs": count, "seed": seed, "threads": threads}
    env = make(world, setting, thing, grasps, moved, seconds, **arguments)
    still, held = torch.zeros(count, env.num_actions), np.ones(count, dtype=bool)
    places: dict[float, np.ndarray] = {}
    started = time.process_time()
    for step in range(1, round(seconds / env.dt) + 1):
        dropped = env.step(still)[3]["dropped"].numpy()
        held &= ~dropped
        for moment in (SETTLED_S, SOON_S, LATE_S):
            if step == round(moment / env.dt):
                place = env.physics.object_position.numpy().astype(float)
                places[moment] = np.where(held[:, None], place, np.inf)
    spent = time.process_time() - started
    env.close()
    return Creep(
        soon_mm=drift_mm(places, SOON_S),
        late_mm=drift_mm(places, LATE_S) if LATE_S in places else None,
        dropped=int((~held).sum()),
        count=count,
        cpu_s=spent,
    )


def drift_mm(places: Mapping[float, np.ndarray], until: float) -> float:
    """Return the median drift from SETTLED_S on [mm]; infinite where half were dropped."""
    with np.errstate(invalid="ignore"):  # dropped before SETTLED_S: no difference to be had
        way = np.abs(places[until] - places[SETTLED_S])
    lost = ~np.isfinite(way).all(axis=1)
    way[lost] = 0.0
    return 1e3 * float(np.median(np.where(lost, np.inf, np.linalg.norm(way, axis=1))))


def still_hold(
    world: World,
    thing: ObjectModel,
    grasps: GraspSet,
    *,
    count: int,
    seconds: float,
    seed: int = 0,
    threads: int = 1,
) -> tuple[Estimate, int]:
    """Return how long a hand that does nothing holds under Table III [s], and the drops; an
    object that was dropped is put into the hand anew."""
    arguments = {"num_envs": count, "seed": seed, "threads": threads}
    env = make(world, Variation("as configured"), thing, grasps, True, seconds, **arguments)
    still, drops = torch.zeros(count, env.num_actions), 0
    for _ in range(round(seconds / env.dt)):
        drops += int(env.step(still)[3]["dropped"].sum())
    env.close()
    return hold(count * seconds, drops, 0.95), drops
