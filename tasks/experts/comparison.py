"""What an expert adds to the script: both in one batch, under equal disturbances."""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from configs.schema.experts import Comparison
from configs.schema.world import World
from envs.grasp_set import GraspSet
from envs.manipulation import ManipulationEnv
from envs.shapes.objects import ObjectModel
from models.estimates import hold
from models.moving import goals_per_minute

Actor = Callable[[ManipulationEnv], Tensor]


def compare(
    actors: Mapping[str, Actor],
    world: World,
    objects: list[ObjectModel],
    grasps: list[GraspSet],
    config: Comparison,
    *,
    style: str,
    seed: int,
    threads: int | None,
    progress: Callable[[float, float, str], None],
) -> dict[str, dict[str, float | int | None]]:
    """Return hold_s, goals_per_min, goals_per_drop and counts for each actor.

    Each actor has `config.environments` environments; the i-th of every actor has the same
    object and the same random stream. Time starts again at each drop.
    """
    group = torch.arange(config.environments)
    env = ManipulationEnv(
        world,
        objects,
        grasps,
        num_envs=len(actors) * config.environments,
        seed=seed,
        style=style,
        threads=threads,
        object_index=(group % len(objects)).repeat(len(actors)),
        streams=group.repeat(len(actors)),
    )
    rows = {
        name: slice(i * config.environments, (i + 1) * config.environments)
        for i, name in enumerate(actors)
    }
    drops, goals = torch.zeros(env.num_envs), torch.zeros(env.num_envs)
    steps = round(config.duration_s / env.dt)
    for step in range(steps):
        actions = [actor(env)[rows[name]] for name, actor in actors.items()]
        _, _, _, extras = env.step(torch.cat(actions))
        drops += extras["dropped"]
        goals += extras["reached"]
        progress(step + 1, steps, "steps")
    env.close()
    time_s = steps * env.dt * config.environments
    return {
        name: figures(time_s, int(drops[rows[name]].sum()), goals[rows[name]].numpy(), config)
        for name in actors
    }


def admitted(results: Mapping[str, Mapping[str, float | int | None]]) -> bool:
    """Say whether the expert is better than the script: in goals a drop, by more than the
    interval of its hold."""

    def per_drop(name: str, hold: str) -> float:
        row = results[name]
        return float(row["goals_per_min"] or 0.0) * float(row[hold] or 0.0) / 60.0

    return per_drop("expert", "hold_s_low") > per_drop("script", "hold_s")


def figures(
    time_s: float, drops: int, goals: np.ndarray, config: Comparison
) -> dict[str, float | int | None]:
    """Return one actor's figures from its drops and from each environment's goals [M]."""
    held = hold(time_s, drops, config.confidence)
    each = np.full(len(goals), config.duration_s)
    per_min = goals_per_minute(goals, each, config.confidence).value
    return {
        "hold_s": held.value,
        "hold_s_low": held.low,
        "hold_s_high": held.high,
        "goals_per_min": per_min,
        "goals_per_drop": per_min * time_s / 60 / max(drops, 1),
        "time_s": time_s,
        "drops": drops,
        "goals": int(goals.sum()),
    }
