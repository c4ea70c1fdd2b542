"""What a candidate is held under: draws from Table III's ranges, gravity's way, pushes."""

from dataclasses import dataclass, replace

import numpy as np
import torch

from configs.schema.physics import Randomization
from envs.randomize import RandomForce
from models.rotations import random_quaternions, to_matrix

AXES = 3


@dataclass(frozen=True)
class Draws:
    """What each candidate is held under, from the ranges of Table III."""

    mass: np.ndarray  # [N] kg
    friction: np.ndarray  # [N] mean of object's and hand's
    kp_factor: np.ndarray  # [N]
    kd_factor: np.ndarray  # [N]
    frame: np.ndarray  # [N, 3, 3] random orthonormal rows that gravity turns through
    noise: np.ndarray  # [N, n] rad, on the joints when the hold begins
    push: np.ndarray  # [N, T, 3] N, in each control step of the hold; T is 0 without pushes


def draw(
    randomization: Randomization,
    severity: float,
    count: int,
    joints: int,
    rng: np.random.Generator,
    push_steps: int = 0,
    control_dt: float = 1.0,
) -> Draws:
    """Draw physical parameters and directions of gravity for `count` candidates.

    `severity` is the share of the way that each draw then goes to the worst corner of the ranges:
    the heaviest and most slippery object in the most slippery and weakest hand. Joint noise has no
    worst corner.
    """

    def uniform(limits: tuple[float, float], worst: float) -> np.ndarray:
        drawn = rng.uniform(*limits, count)
        return drawn + severity * (worst - drawn)

    friction = uniform(randomization.object_friction, randomization.object_friction[0])
    mass = uniform(randomization.object_mass, randomization.object_mass[1])
    drawn = Draws(
        mass=mass,
        friction=0.5
        * (friction + uniform(randomization.hand_friction, randomization.hand_friction[0])),
        kp_factor=uniform(randomization.kp_factor, randomization.kp_factor[0]),
        kd_factor=rng.uniform(*randomization.kd_factor, count),
        frame=to_matrix(random_quaternions(rng, count)),
        noise=rng.uniform(*randomization.initial_joint_noise, (count, joints)),
        push=np.zeros((count, 0, AXES), dtype=np.float32),
    )
    if not push_steps:
        return drawn
    return replace(drawn, push=pushes(randomization, mass, push_steps, control_dt, rng))


def pushes(
    randomization: Randomization,
    mass: np.ndarray,
    steps: int,
    control_dt: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw Table III's random force on objects of `mass` [N] [kg], [N, steps, 3] [N]."""
    process = RandomForce(randomization.random_force, control_dt, len(mass))
    found = np.empty((len(mass), steps, AXES), dtype=np.float32)
    for step in range(steps):
        chance, normal = rng.random(len(mass)), rng.normal(size=(len(mass), AXES))
        found[:, step] = process.step(*map(as_tensor, (mass, chance, normal))).numpy()
    return found


def gravity_direction(frame: np.ndarray, share: np.ndarray, directions: int) -> np.ndarray:
    """Return the unit direction of gravity [N, 3] after `share` [N] (0 to 1) of the hold.

    It goes along great circles through the rows of `frame` [N, 3, 3], then their opposites:
    each of the `directions` is a quarter turn from the one before.
    """
    progress = np.clip(share, 0.0, 1.0) * (directions - 1)
    leg = np.minimum(np.floor(progress).astype(int), directions - 2)
    turn = (0.5 * np.pi * (progress - leg))[:, None]
    return np.cos(turn) * _direction(frame, leg) + np.sin(turn) * _direction(frame, leg + 1)


def _direction(frame: np.ndarray, number: np.ndarray) -> np.ndarray:
    sign = np.where((number // AXES) % 2 == 0, 1.0, -1.0)
    return sign[:, None] * frame[np.arange(len(frame)), number % AXES]


def as_tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))
