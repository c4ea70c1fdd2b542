"""Measure the simulation: engine share of an environment step, against bare mujoco.rollout.

    python benchmarks/simulation.py --json figures.json

All is measured in one process, on one world, with a few grasps that it makes first. Fewer
environments share the fixed costs of a step among fewer, so their number stands with the figures:
`engine_share`  engine time / environment step time (scripted expert, randomised world); less
                than that of LIMITS and the exit code is 1;
`steps_per_s`   control steps of all environments a second, actions left out;
`engine_us`     wall time of the engine for one physics step of one environment [us];
`rollout_us`    the same of bare mujoco.rollout, on the same models from the same states under
                the same constant inputs, the two taking turns [us].
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import torch
from mujoco.rollout import Rollout

from configs.load import load
from configs.schema.pipeline import Config
from configs.schema.script import Script
from envs.engines.mujoco_cpu import CpuPool
from envs.engines.mujoco_engine import MujocoEngine
from envs.grasp_set import GraspSet
from envs.manipulation import ManipulationEnv
from envs.shapes.objects import ObjectModel
from flows.plan import grasps_step
from tasks.grasps.candidates import Candidates, concatenate
from tasks.grasps.linking import Links, make_set
from tasks.grasps.problem import Problem
from tasks.grasps.search import FINGER_FIRST, Search

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds its siblings
from benchmarks.measuring import ANY, finish, parser, positive, run, say

LIMITS = {"engine_share": (0.7, ANY)}  # of an environment step that must be physics


def main() -> int:
    command = parser(__doc__, threads=True, overrides=True)
    command.add_argument("--environments", type=positive, default=128)
    command.add_argument("--steps", type=positive, default=200, help="control steps that are timed")
    command.add_argument("--grasps", type=positive, default=40, help="grasps made of each object")
    options = command.parse_args()
    torch.set_num_threads(1)
    return finish(measure(load(Config, options.overrides), options), options, LIMITS)


def measure(config: Config, options: argparse.Namespace) -> dict[str, float]:
    """Step a world under its scripted expert and time its parts."""
    started = time.perf_counter()
    objects = [ObjectModel(item) for item in config.objects.members.values() if not item.held_out]
    grasps = [find_grasps(config, model, options.grasps, options.threads) for model in objects]
    say(f"grasps in {time.perf_counter() - started:.1f} s")
    env = ManipulationEnv(
        config.world,
        objects,
        grasps,
        num_envs=options.environments,
        seed=config.seed,
        style=next(iter(config.task.styles)),
        threads=options.threads,
    )
    script = config.experts.policy.script
    step_s, engine_s = time_environment(env, options.steps, script)
    engine = env.engine
    assert isinstance(engine, MujocoEngine)
    physics_steps = options.steps * engine.substeps * env.num_envs
    ours, bare = time_against_rollout(env, engine, options.steps, options.threads)
    rows = {
        "engine_share": engine_s / step_s,
        "steps_per_s": options.steps * env.num_envs / step_s,
        "engine_us": 1e6 * ours / physics_steps,
        "rollout_us": 1e6 * bare / physics_steps,
    }
    counts = {"environments": env.num_envs, "threads": options.threads, "steps": options.steps}
    env.close()
    return {name: round(value, 4) for name, value in rows.items()} | counts


def time_environment(env: ManipulationEnv, steps: int, script: Script) -> tuple[float, float]:
    """Return the wall time of environment steps and of the engine within them [s]."""
    for _ in range(max(1, steps // 10)):
        env.step(env.scripted_action(script))
    total, engine_before = 0.0, env.engine.engine_seconds
    for _ in range(steps):
        action = env.scripted_action(script)
        started = time.perf_counter()
        env.step(action)
        total += time.perf_counter() - started
    return total, env.engine.engine_seconds - engine_before


def time_against_rollout(
    env: ManipulationEnv, engine: MujocoEngine, steps: int, threads: int
) -> tuple[float, float]:
    """Return the wall times of the engine and of mujoco.rollout for the same steps [s]."""
    spec = int(mujoco.mjtState.mjSTATE_CTRL | mujoco.mjtState.mjSTATE_XFRC_APPLIED)
    targets, gravity = env.joint_target, env.gravity
    engine.step(targets, gravity, torch.zeros_like(gravity))  # leaves the inputs in the rows
    states, controls, data = [], [], []
    pools = [pool for pool in engine.pools if isinstance(pool, CpuPool)]
    for pool in pools:
        rows = [pool.batch.get_data(i) for i in range(len(pool.models))]
        states.append(read(pool.models, rows, mujoco.mjtState.mjSTATE_FULLPHYSICS))
        control = read(pool.models, rows, spec)
        controls.append(np.repeat(control[:, None], engine.substeps, axis=1))
        data.append([mujoco.MjData(pool.models[0]) for _ in range(threads)])
    total, engine_before = 0.0, engine.engine_seconds
    with Rollout(nthread=threads if threads > 1 else 0) as rollout:
        for _ in range(steps):
            engine.step(targets, gravity, torch.zeros_like(gravity))
            started = time.perf_counter()
            for i, pool in enumerate(pools):
                found, _ = rollout.rollout(
                    pool.models, data[i], states[i], controls[i], control_spec=spec
                )
                states[i] = found[:, -1].copy()
            total += time.perf_counter() - started
    return engine.engine_seconds - engine_before, total


def read(models: list[Any], rows: list[Any], spec: int) -> np.ndarray:
    """Return components of each simulation's state, [M, size]."""
    out = np.empty((len(models), mujoco.mj_stateSize(models[0], int(spec))))
    for model, data, row in zip(models, rows, out, strict=True):
        mujoco.mj_getState(model, data, row, int(spec))
    return out


def find_grasps(config: Config, model: ObjectModel, count: int, threads: int) -> GraspSet:
    """Make a few grasps of an object, as the step `grasps` does."""
    step = grasps_step(config, model.name)
    problem = Problem.of(config.embodiment, model)
    search = Search(problem, step, threads=threads)
    rng = np.random.default_rng(config.seed)
    found = Candidates.none(config.embodiment.make_layout())
    while len(found) < count:
        batch = search.expand(found, rng) if len(found) else search.sample(FINGER_FIRST, rng)
        found = concatenate([found, search.held(batch)])
    search.close()
    links = Links.of(found, step.goals, step.grasps.metric, min_component=1)
    return make_set(problem, found, links)


if __name__ == "__main__":
    run(main)
