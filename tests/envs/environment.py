"""An environment over the small world, and the physics inside it."""

import numpy as np
import torch

from configs.schema.world import World
from envs.manipulation import ManipulationEnv
from tests.small_world import SmallWorld

COUNT = 6


def make(small: SmallWorld, world: World | None = None, **changes) -> ManipulationEnv:
    arguments = {"num_envs": COUNT, "seed": 1, "style": "fast", "threads": 1} | changes
    return ManipulationEnv(world or small.config.world, small.objects, small.grasps, **arguments)


def still(env: ManipulationEnv) -> torch.Tensor:
    return torch.zeros(env.num_envs, env.num_actions)


def body(env: ManipulationEnv, index: int):
    """Return (pool, place in it, model, object body) of one environment."""
    pool = next(pool for pool in env.engine.pools if index in pool.index)
    place = int(np.flatnonzero(pool.index == index)[0])
    return pool, place, pool.models[place], pool.bodies.start
