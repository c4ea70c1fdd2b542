"""Objects do not creep out of a hand that does nothing (docs/physics.md)."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from configs.load import load
from configs.schema.pipeline import Config
from envs.engines.mujoco_engine import MujocoEngine
from models.rotations import random_quaternions, rotate
from tests.tiny_engine import make, parameters, vector

MOST_MM = 1.0  # median drift of a still capsule between 2 and 40 s
DRAWS = 2  # of Table III, for each grasp


@pytest.fixture(scope="module")
def config() -> Config:
    return load(Config)


def still_drift_mm(config: Config, seconds: float, **physics: float) -> float:
    """Return how far a still capsule drifts from 2 s on, median over grasps and draws."""
    grasps = yaml.safe_load((Path(__file__).parent / "capsule_grasps.yaml").read_text())
    position, target, pose = (
        torch.tensor(grasps[name]).repeat(DRAWS, 1)
        for name in ("joint_position", "joint_target", "object_pose")
    )
    count, rng = len(pose), np.random.default_rng(0)
    changed = replace(config, physics=replace(config.physics, **physics))
    engine = make(changed, count, shapes=("capsule",))
    everyone = torch.arange(count)
    engine.randomize(everyone, drawn(config, count, rng))
    engine.reset(everyone, position, target, pose)
    down = torch.tensor([0.0, 0.0, -config.physics.gravity]).repeat(count, 1)
    gravity = rotate(torch.from_numpy(random_quaternions(rng, count)).float(), down)
    step(engine, target, gravity, 2.0)
    before = engine.state().object_position
    step(engine, target, gravity, seconds - 2.0)
    drift = torch.linalg.vector_norm(engine.state().object_position - before, dim=1)
    engine.close()
    return 1e3 * float(drift.median())  # what falls is far away


def drawn(config: Config, count: int, rng: np.random.Generator):
    ranges = config.randomization
    changes = {
        "object_mass": ranges.object_mass,
        "friction": ranges.object_friction,
        "kp_factor": ranges.kp_factor,
        "kd_factor": ranges.kd_factor,
    }
    draws = {name: rng.uniform(*limits, count) for name, limits in changes.items()}
    return parameters(count, **{name: torch.tensor(draw).float() for name, draw in draws.items()})


def step(engine: MujocoEngine, target: torch.Tensor, gravity: torch.Tensor, seconds: float) -> None:
    for _ in range(round(seconds / engine.control_dt)):
        engine.step(target, gravity, vector(engine.num_envs))


def test_a_still_capsule_does_not_creep(config: Config) -> None:
    assert still_drift_mm(config, 40.0) < MOST_MM


def test_the_settings_that_let_it_creep_are_told_apart(config: Config) -> None:
    assert still_drift_mm(config, 12.0, impratio=10, ls_iterations=20) > MOST_MM
