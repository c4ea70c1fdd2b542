"""Motions played in physics under draws of Table III: where each of them ends."""

from dataclasses import dataclass

import numpy as np
import torch

from configs.schema.physics import Physics, Randomization
from configs.schema.regrasps import Playing
from envs.engines.engine import PhysicsParameters
from envs.engines.mujoco_engine import MujocoEngine
from models.rotations import angle, normalize
from tasks.grasps.candidates import Candidates
from tasks.grasps.draws import as_tensor, draw, gravity_direction
from tasks.grasps.problem import Problem
from tasks.regrasps.motion import Motions


@dataclass(frozen=True)
class Played:
    """How M motions ended in D draws each."""

    sound: np.ndarray  # [M, D] bool, physics did not diverge
    joint_position: np.ndarray  # [M, D, n] rad
    object_pose: np.ndarray  # [M, D, 7]
    touching: np.ndarray  # [M, D, F] bool, tips with a contact

    def take(self, rows: np.ndarray) -> "Played":
        """Return those of a mask [M] or of indices."""
        return Played(*(array[rows] for array in vars(self).values()))

    def near(
        self, pose: np.ndarray, active: np.ndarray, config: Playing, times: float = 1.0
    ) -> np.ndarray:
        """Say which draws [M, D] ended with the object within `times` the tolerances of `pose`
        [M, 7] and all fingers of `active` [M, F] on it."""
        away = np.linalg.norm(self.object_pose[..., :3] - pose[:, None, :3], axis=-1)
        turned = angle(
            self.object_pose[..., 3:],
            np.broadcast_to(pose[:, None, 3:], self.object_pose[..., 3:].shape),
        )
        held = (self.touching | ~active[:, None]).all(axis=2)
        return (
            self.sound
            & held
            & (away < times * config.position)
            & (turned < times * config.rotation)
        )

    def mean(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean joints [M, n] and pose [M, 7] over the chosen draws [M, D]."""
        weight = np.where(chosen.any(axis=1, keepdims=True), chosen, True)[..., None]
        count = weight.sum(axis=1)
        joints = (self.joint_position * weight).sum(axis=1) / count
        place = (self.object_pose[..., :3] * weight).sum(axis=1) / count
        turns = self.object_pose[..., 3:]
        first = np.take_along_axis(turns, weight.argmax(axis=1)[:, None], axis=1)
        turns = turns * np.sign((turns * first).sum(axis=-1, keepdims=True) + 1e-12)
        turn = normalize((turns * weight).sum(axis=1))
        return joints, np.concatenate([place, turn], axis=1)


class Player:
    """A fixed number of hands that play motions side by side."""

    def __init__(
        self,
        problem: Problem,
        physics: Physics,
        randomization: Randomization,
        config: Playing,
        threads: int | None,
    ) -> None:
        self.problem, self.randomization, self.config = problem, randomization, config
        self.gravity = physics.gravity
        scales = np.linspace(*randomization.object_scale, config.scales)
        self.engine = MujocoEngine(
            problem.hand,
            physics,
            problem.layout.control_hz,
            [problem.model],
            np.zeros(config.slots, dtype=int),
            scales[np.arange(config.slots) % config.scales],
            threads=threads,
        )

    def play(self, before: Candidates, motions: Motions, rng: np.random.Generator) -> Played:
        """Play each motion from the targets of its grasp, in so many draws.

        Joints begin with Table III's noise, gravity turns, the object is pushed.
        """
        config, count, fingers = self.config, len(motions), before.active.shape[1]
        rows = np.repeat(np.arange(count), config.draws)
        total, n = len(rows), self.problem.layout.num_joints
        played = Played(
            np.zeros(total, bool),
            np.zeros((total, n)),
            np.zeros((total, 7)),
            np.zeros((total, fingers), bool),
        )
        order = np.argsort(motions.length[rows], kind="stable")  # of like length side by side
        for first in range(0, total, config.slots):
            at = order[first : first + config.slots]
            self._run(before.take(rows[at]), motions.take(rows[at]), rng)
            state, busy = self.engine.state(), len(at)
            played.sound[at] = ~state.diverged.numpy()[:busy]
            played.joint_position[at] = state.joint_position.numpy()[:busy]
            played.object_pose[at] = state.object_pose.numpy()[:busy]
            played.touching[at] = state.contact_force.numpy()[:busy] > config.touch
        return Played(
            *(a.reshape(count, config.draws, *a.shape[1:]) for a in vars(played).values())
        )

    def _run(self, before: Candidates, motions: Motions, rng: np.random.Generator) -> None:
        """Play motions in the first slots; the others repeat them, unseen."""
        config, problem = self.config, self.problem
        fill = np.resize(np.arange(len(motions)), config.slots)
        before, motions = before.take(fill), motions.take(fill)
        steps = config.wait_steps + int(motions.length.max()) + config.hold_steps
        n, dt = problem.layout.num_joints, 1.0 / problem.layout.control_hz
        drawn = draw(self.randomization, 0.0, config.slots, n, rng, steps, dt)
        ids = torch.arange(config.slots)
        parameters = (drawn.mass, drawn.friction, drawn.kp_factor, drawn.kd_factor)
        self.engine.randomize(ids, PhysicsParameters(*map(as_tensor, parameters)))
        joints = np.clip(before.joint_position + drawn.noise, problem.lower, problem.upper)
        start = before.joint_target
        self.engine.reset(ids, *map(as_tensor, (joints, start, before.object_pose)))
        for step in range(steps):
            target = motions.at(start, step + 1 - config.wait_steps)
            share = np.full(config.slots, (step + 1) / steps)
            gravity = self.gravity * gravity_direction(drawn.frame, share, config.directions)
            self.engine.step(*map(as_tensor, (target, gravity, drawn.push[:, step])))

    def close(self) -> None:
        self.engine.close()
