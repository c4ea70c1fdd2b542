"""A tiny engine, and ways to put its environments into a known state."""

from dataclasses import replace

import numpy as np
import torch

from configs.schema.pipeline import Config
from envs.engines.engine import PhysicsParameters
from envs.engines.mujoco_engine import MujocoEngine
from envs.shapes.objects import ObjectModel

AWAY = [0.3, 0.0, 0.3, 1.0, 0.0, 0.0, 0.0]  # nothing touches the object there
GRIPPED = [0.045, 0.0, 0.01, 1.0, 0.0, 0.0, 0.0]  # before the palm, under the fingers
DOWN = (-9.81, 0.0, 0.0)  # onto the palm: what is let go stays


def make(
    config: Config,
    count: int,
    *,
    shapes: tuple[str, ...] = ("box",),
    scales: np.ndarray | None = None,
    threads: int = 1,
    **physics: object,
) -> MujocoEngine:
    """Make an engine; `physics` are changes of the configuration's."""
    return MujocoEngine(
        config.hand,
        replace(config.physics, **physics),
        config.control.hz,
        [ObjectModel(config.objects.items[shape]) for shape in shapes],
        np.arange(count) % len(shapes),
        np.ones(count) if scales is None else scales,
        threads=threads,
    )


def start(engine: MujocoEngine, config: Config, pose: list[float] = AWAY) -> torch.Tensor:
    """Reset every environment to the rest pose; return the targets that hold it."""
    rest = torch.tensor(config.hand.rest).repeat(engine.num_envs, 1)
    poses = torch.tensor(pose).repeat(engine.num_envs, 1)
    engine.reset(torch.arange(engine.num_envs), rest, rest, poses)
    return rest


def parameters(count: int, **changed: torch.Tensor) -> PhysicsParameters:
    plain = {
        "object_mass": torch.full((count,), 0.08),
        "friction": torch.full((count,), 0.85),
        "kp_factor": torch.ones(count),
        "kd_factor": torch.ones(count),
    }
    return PhysicsParameters(**(plain | changed))


def vector(count: int, *values: float) -> torch.Tensor:
    return torch.tensor(values or (0.0, 0.0, 0.0)).repeat(count, 1)


def grip(config: Config, engine: MujocoEngine, steps: int, seed: int = 0) -> None:
    """Close the fingers on an object near the palm, each environment a little differently."""
    start(engine, config, GRIPPED)
    squirm(config, engine, steps, seed)


def squirm(config: Config, engine: MujocoEngine, steps: int, seed: int) -> None:
    """Move every joint about for some control steps; equal seeds give equal motions."""
    count = engine.num_envs
    for target in wild_targets(config, count, steps, seed):
        engine.step(target, vector(count, *DOWN), vector(count))


def wild_targets(config: Config, count: int, steps: int, seed: int) -> torch.Tensor:
    """Draw joint targets [steps, count, n] from the middle of the joints' ranges."""
    layout, rng = config.embodiment.make_layout(), np.random.default_rng(seed)
    low, high = np.array(layout.joint_lower), np.array(layout.joint_upper)
    share = rng.uniform(0.2, 0.8, (steps, count, layout.num_joints))
    return torch.from_numpy(low + share * (high - low)).float()
