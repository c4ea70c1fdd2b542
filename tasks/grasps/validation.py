"""A grasp counts only if it holds its object in physics while gravity turns.

Candidates share a fixed number of environments ("slots"). One that lets go is given up at once
and its slot goes to the next candidate, so that bad grasps cost little.
"""

from dataclasses import dataclass

import numpy as np
import torch

from configs.schema.grasps import Validation
from configs.schema.physics import Physics, Randomization
from envs.engine import Engine, PhysicsParameters
from envs.mujoco_cpu import MujocoEngine
from models.rotations import angle, random_quaternions, to_matrix
from tasks.grasps.candidates import Candidates
from tasks.grasps.problem import Problem

AXES = 3


@dataclass(frozen=True)
class Draws:
    """What each candidate is held under, from the ranges of Table III."""

    mass: np.ndarray  # [N] kg
    friction: np.ndarray  # [N] mean of object's and hand's
    kp_factor: np.ndarray  # [N]
    kd_factor: np.ndarray  # [N]
    frame: np.ndarray  # [N, 3, 3] random orthonormal rows that gravity turns through


def draw(
    randomization: Randomization, severity: float, count: int, rng: np.random.Generator
) -> Draws:
    """Draw physical parameters and directions of gravity for `count` candidates.

    `severity` is the share of the way that each draw then goes to the worst corner of the ranges:
    the heaviest and most slippery object in the most slippery and weakest hand.
    """

    def uniform(limits: tuple[float, float], worst: float) -> np.ndarray:
        drawn = rng.uniform(*limits, count)
        return drawn + severity * (worst - drawn)

    friction = uniform(randomization.object_friction, randomization.object_friction[0])
    return Draws(
        mass=uniform(randomization.object_mass, randomization.object_mass[1]),
        friction=0.5
        * (friction + uniform(randomization.hand_friction, randomization.hand_friction[0])),
        kp_factor=uniform(randomization.kp_factor, randomization.kp_factor[0]),
        kd_factor=rng.uniform(*randomization.kd_factor, count),
        frame=to_matrix(random_quaternions(rng, count)),
    )


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


@dataclass(frozen=True)
class Outcome:
    """What holding did to N candidates; a row means something only where `held`."""

    held: np.ndarray  # [N] bool
    joint_position: np.ndarray  # [N, n] rad, settled under the squeeze alone
    object_pose: np.ndarray  # [N, 7], settled likewise
    scale: np.ndarray  # [N] factor on the object's lengths at which it was held


@dataclass(frozen=True)
class Slots:
    """The candidate in each slot, -1: none, and how long it has been held; changed in place."""

    row: np.ndarray  # [S]
    age: np.ndarray  # [S] control steps; negative while it settles


class Validator:
    """Holds candidates in physics, `slots` at a time.

    A candidate first settles without gravity; what it settles to is the grasp, and must then
    stay while gravity turns.
    """

    def __init__(
        self,
        problem: Problem,
        physics: Physics,
        randomization: Randomization,
        config: Validation,
        threads: int | None,
    ) -> None:
        self.scales = np.linspace(*randomization.object_scale, config.slots)  # one shape a slot
        self.engine: Engine = MujocoEngine(
            problem.hand,
            physics,
            problem.layout.control_hz,
            [problem.model],
            np.zeros(config.slots, dtype=int),
            self.scales,
            threads=threads,
        )
        self.gravity = physics.gravity
        self.randomization = randomization
        self.config = config
        self.settle_steps = round(config.settle_s * problem.layout.control_hz)
        self.hold_steps = round(config.hold_s * problem.layout.control_hz)

    def hold(self, candidates: Candidates, rng: np.random.Generator) -> Outcome:
        """Hold every candidate under parameters and directions of gravity of its own.

        The object must stay within the tolerances of the pose it settled to, and settle within
        the settling tolerances of its start; this is looked at after every control step.
        """
        draws = draw(self.randomization, self.config.severity, len(candidates), rng)
        outcome = Outcome(
            held=np.zeros(len(candidates), dtype=bool),
            joint_position=candidates.joint_position.copy(),
            object_pose=candidates.object_pose.copy(),
            scale=np.ones(len(candidates)),
        )
        slots = Slots(np.full(self.config.slots, -1), np.zeros(self.config.slots, dtype=int))
        waiting = 0
        while True:
            free = np.flatnonzero(slots.row < 0)[: len(candidates) - waiting]
            slots.row[free] = waiting + np.arange(len(free))
            slots.age[free] = -self.settle_steps
            outcome.scale[slots.row[free]] = self.scales[free]
            waiting += len(free)
            self._start(free, slots.row[free], candidates, draws)
            if (slots.row < 0).all():
                return outcome
            self._step(slots, candidates, draws)
            self._judge(slots, outcome)

    def _start(
        self, slots: np.ndarray, rows: np.ndarray, candidates: Candidates, draws: Draws
    ) -> None:
        if not len(slots):
            return
        ids = torch.from_numpy(slots)
        parameters = PhysicsParameters(
            object_mass=_tensor(draws.mass[rows]),
            friction=_tensor(draws.friction[rows]),
            kp_factor=_tensor(draws.kp_factor[rows]),
            kd_factor=_tensor(draws.kd_factor[rows]),
        )
        self.engine.randomize(ids, parameters)
        self.engine.reset(
            ids,
            _tensor(candidates.joint_position[rows]),
            _tensor(candidates.joint_target[rows]),
            _tensor(candidates.object_pose[rows]),
        )

    def _step(self, slots: Slots, candidates: Candidates, draws: Draws) -> None:
        """Advance every slot; empty ones repeat the first candidate's command, unseen."""
        rows = np.maximum(slots.row, 0)
        share = (slots.age + 1) / self.hold_steps
        direction = gravity_direction(draws.frame[rows], share, self.config.directions)
        gravity = _tensor(self.gravity * direction * (slots.age >= 0)[:, None])
        target = _tensor(candidates.joint_target[rows])
        self.engine.step(target, gravity, torch.zeros_like(gravity))
        slots.age[:] += 1

    def _judge(self, slots: Slots, outcome: Outcome) -> None:
        """Empty the slots of those that let go and of those that have held long enough."""
        busy = np.flatnonzero(slots.row >= 0)
        rows, age = slots.row[busy], slots.age[busy]
        state = self.engine.state()
        pose = state.object_pose.numpy()[busy].astype(float)
        start = outcome.object_pose[rows]
        moved = np.linalg.norm(pose[:, :3] - start[:, :3], axis=1)
        turned = angle(pose[:, 3:], start[:, 3:])
        config, settling = self.config, age <= 0
        inside = moved <= np.where(settling, config.settle_position, config.position_tolerance)
        inside &= turned <= np.where(settling, config.settle_rotation, config.rotation_tolerance)
        inside &= ~state.diverged.numpy()[busy]  # NaN compares false above: lost
        settled = inside & (age == 0)
        joints = state.joint_position.numpy()[busy].astype(float)
        outcome.object_pose[rows[settled]] = pose[settled]
        outcome.joint_position[rows[settled]] = joints[settled]
        done = inside & (age >= self.hold_steps)
        outcome.held[rows[done]] = True
        slots.row[busy[~inside | done]] = -1

    def close(self) -> None:
        self.engine.close()


def _tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))
