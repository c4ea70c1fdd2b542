"""Domain randomisation (paper, Table III): what is drawn at a reset and what goes on in between.

The classes take their random numbers as arguments; where they come from is the caller's matter
(envs/streams.py). N environments, n joints.
"""

import dataclasses
import math

import torch
from torch import Tensor

from configs.schema.physics import Physics, RandomForceConfig, Randomization
from envs.engines.engine import PhysicsParameters

PARAMETER_DRAWS = 5  # uniform numbers that draw_parameters takes
WRIST_DRAWS = 5  # uniform numbers that WristMotion.reset takes


def quiet(randomization: Randomization) -> Randomization:
    """Return a randomisation without noise, pushes and turning gravity."""
    return dataclasses.replace(
        randomization,
        initial_joint_noise=(0.0, 0.0),
        random_force=dataclasses.replace(randomization.random_force, scale=0.0),
        observation_noise=0.0,
        observation_bias=0.0,
        action_noise=0.0,
        wrist_speed=(0.0, 0.0),
    )


def nominal(randomization: Randomization, physics: Physics) -> Randomization:
    """Return a randomisation that leaves everything at its nominal value."""
    mass, friction = physics.object_mass, physics.friction
    return dataclasses.replace(
        quiet(randomization),
        object_mass=(mass, mass),
        object_friction=(friction, friction),
        object_scale=(1.0, 1.0),
        hand_friction=(friction, friction),
        kp_factor=(1.0, 1.0),
        kd_factor=(1.0, 1.0),
    )


def draw_parameters(randomization: Randomization, uniform: Tensor) -> PhysicsParameters:
    """Turn uniform numbers [M, PARAMETER_DRAWS] into the physical parameters of M episodes.

    A contact's friction is the mean of the object's and the hand's draw, as PhysX, the paper's
    simulator, combines them; MuJoCo takes the larger of two geoms, so both are given the mean.
    """
    r = randomization
    friction = 0.5 * (
        between(r.object_friction, uniform[:, 1]) + between(r.hand_friction, uniform[:, 2])
    )
    return PhysicsParameters(
        object_mass=between(r.object_mass, uniform[:, 0]),
        friction=friction,
        kp_factor=between(r.kp_factor, uniform[:, 3]),
        kd_factor=between(r.kd_factor, uniform[:, 4]),
    )


def between(limits: tuple[float, float], uniform: Tensor) -> Tensor:
    """Map (0, 1) onto a range."""
    low, high = limits
    return low + (high - low) * uniform


class RandomForce:
    """A push on the object that comes at random and decays (HORA's process).

    Every `interval` it becomes, with `probability`, scale * mass * N(0, I) [N], else it is
    multiplied by `decay`. At another control rate both are converted, so that the mean time
    between pushes and the decay in time stay the same; at 10 Hz they are the paper's numbers.
    """

    def __init__(self, config: RandomForceConfig, control_dt: float, num_envs: int) -> None:
        intervals = control_dt / config.interval
        self.scale = config.scale
        self.chance = 1.0 - (1.0 - config.probability) ** intervals
        self.decay = config.decay**intervals
        self.force = torch.zeros(num_envs, 3)  # [N] newton, hand frame

    def reset(self, ids: Tensor) -> None:
        self.force[ids] = 0.0

    def step(self, mass: Tensor, uniform: Tensor, normal: Tensor) -> Tensor:
        """Return the next control step's force [N, 3]; mass, uniform [N], normal [N, 3]."""
        pushed = (uniform < self.chance)[:, None]
        fresh = self.scale * mass[:, None] * normal
        self.force = torch.where(pushed, fresh, self.decay * self.force)
        return self.force


class ObservationNoise:
    """Joint readings: truth + one normal draw an episode + white normal noise."""

    def __init__(self, randomization: Randomization, num_envs: int, num_joints: int) -> None:
        self.white, self.episode = randomization.observation_noise, randomization.observation_bias
        self.bias = torch.zeros(num_envs, num_joints)  # [rad]

    def reset(self, ids: Tensor, normal: Tensor) -> None:
        self.bias[ids] = self.episode * normal

    def observe(self, ids: Tensor, position: Tensor, normal: Tensor) -> Tensor:
        """Return what the encoders of the environments `ids` [M] say [M, n] [rad]."""
        return position + self.bias[ids] + self.white * normal


class WristMotion:
    """A turning wrist, as gravity in the hand frame: g(t) = R(axis, speed t) g(0).

    Each episode draws the first direction and the axis uniformly on the sphere and a speed. The
    palm itself stays at the origin; inertial forces of a slow wrist are left out.
    """

    def __init__(self, randomization: Randomization, gravity: float, dt: float, num_envs: int):
        self.magnitude, self.dt, self.speeds = gravity, dt, randomization.wrist_speed
        self.along = torch.zeros(num_envs, 3)  # part of g(0) along the axis, which stays
        self.across = torch.zeros(num_envs, 3)  # the rest, which turns
        self.normal = torch.zeros(num_envs, 3)  # axis x across
        self.speed = torch.zeros(num_envs)  # [rad/s]
        self.time = torch.zeros(num_envs)  # [s] since the episode's start

    def reset(self, ids: Tensor, uniform: Tensor) -> None:
        """Start episodes; uniform [M, WRIST_DRAWS]."""
        first = self.magnitude * on_sphere(uniform[:, 0], uniform[:, 1])
        axis = on_sphere(uniform[:, 2], uniform[:, 3])
        along = axis * (axis * first).sum(dim=-1, keepdim=True)
        self.along[ids], self.across[ids] = along, first - along
        self.normal[ids] = torch.linalg.cross(axis, first)
        self.speed[ids] = between(self.speeds, uniform[:, 4])
        self.time[ids] = 0.0

    def gravity(self) -> Tensor:
        """Return the present gravity [N, 3] [m/s^2] in the hand frame."""
        angle = (self.speed * self.time)[:, None]
        return self.along + torch.cos(angle) * self.across + torch.sin(angle) * self.normal

    def step(self) -> None:
        """Go on by one control step."""
        self.time += self.dt


def on_sphere(a: Tensor, b: Tensor) -> Tensor:
    """Map two uniform numbers [M] onto a uniform direction [M, 3] (Archimedes)."""
    z = 2.0 * a - 1.0
    ring = torch.sqrt(torch.clamp(1.0 - z * z, min=0.0))
    turn = 2.0 * math.pi * b
    return torch.stack((ring * torch.cos(turn), ring * torch.sin(turn), z), dim=-1)
