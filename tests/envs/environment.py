"""An environment over the small world, and the physics inside it."""

import numpy as np
import pytest
import torch

from configs.schema.script import Script
from configs.schema.world import World
from envs.manipulation import ManipulationEnv
from tests.small_world import SmallWorld

COUNT = 6
STRAIGHT = Script(rate=1.0, gain=0.0, damping=0.01)  # joints alone, as fast as they can


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


def parameters_are_used(env: ManipulationEnv) -> None:
    """Every model has the values that were drawn for its environment."""
    actuation = env.cfg.embodiment.hand.actuation
    for i in range(COUNT):
        _, _, model, index = body(env, i)
        row = {name: float(value[i]) for name, value in vars(env.parameters).items()}
        assert model.body_mass[index] == pytest.approx(row["object_mass"])
        assert model.geom_friction[:, 0] == pytest.approx(row["friction"])
        assert model.actuator_gainprm[:, 0] == pytest.approx(actuation.kp * row["kp_factor"])
        assert model.actuator_biasprm[:, 2] == pytest.approx(-actuation.kd * row["kd_factor"])
    assert len(set(env.parameters.object_mass.tolist())) == COUNT
