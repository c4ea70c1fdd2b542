"""Hands that are asked to turn their object: once, or one turn after the other."""

import math

import numpy as np
import torch
from torch import Tensor

from configs.schema.turns import TurnGoals
from envs.simulation import GOAL, STEP, Simulation
from models.rotations import angle, from_rotation_vector, multiply


class Turning(Simulation):
    """The simulation with a pose to turn each object to; hands go on after a drop.

    Attributes: begun [N, 7], the objects' poses at the start, hand frame.
    """

    def begin(self) -> None:
        """Take the present poses for the start."""
        self.begun = self.physics.object_pose.numpy().astype(float).copy()

    def turned(self, axes: np.ndarray, angle: float) -> np.ndarray:
        """Return the poses [N, 7] after a turn by `angle` [rad] about axes [N, 3] of the hand."""
        turn = from_rotation_vector(angle * axes)
        return np.concatenate([self.begun[:, :3], multiply(turn, self.begun[:, 3:])], axis=1)

    def act(self, actions: Tensor) -> None:
        """Make one control step with actions [N, n] in [-1, 1]."""
        n = self.num_actions
        normal = self.streams.normal(STEP, self.clock, 2 * n + 3)
        action_noise, push_noise, white = normal.split([n, 3, n], dim=1)
        self._act(actions, action_noise, push_noise)
        self.physics = self.engine.state()
        self._read(self.everyone, white)
        self.clock += 1
        self.episode_length_buf += 1
        begun = self._begin_anew()
        if len(begun):
            self._reset(begun)
            self.physics = self.engine.state()
            self._read(begun, white)
        self._observe(begun)

    def _begin_anew(self) -> Tensor:
        """Return the hands that begin anew after this step [M]."""
        return torch.zeros(0, dtype=torch.int64)

    @property
    def gone(self) -> np.ndarray:
        """Say which objects are farther from their start than task.drop_distance [N]."""
        away = np.linalg.norm(self.physics.object_position.numpy() - self.begun[:, :3], axis=1)
        return (away > self.task.drop_distance) | self.physics.diverged.numpy()


class TurnAfterTurn(Turning):
    """Turns about random axes, one after the other; a hand that drops its object begins anew.

    Attributes, all of the last step: goal [N, 7]; ended [N] bool, the episode; dropped [N] bool;
    met [N] bool, a turn.
    """

    def ask(self, settings: TurnGoals) -> None:
        """Begin, and ask for the first turns."""
        self.begin()
        self.settings, count = settings, self.num_envs
        self.goal = self.begun.copy()
        self.age, self.stayed = np.zeros(count, dtype=int), np.zeros(count, dtype=int)
        self.ended, self.dropped, self.met = (np.zeros(count, dtype=bool) for _ in range(3))
        self._ask(np.arange(count), self.begun)

    def frame(self) -> dict[str, np.ndarray]:
        """Return the layout's fields [N, ...] before this step's action, as every episode's."""
        frame = super().frame()
        frame["style"][:] = len(self.task.styles)  # the planned expert's, after those of the task
        return frame | {"goal_pose": self.goal.astype(frame["goal_pose"].dtype)}

    def step(self, actions: Tensor) -> tuple[None, None, Tensor, dict[str, Tensor]]:
        """Make one control step, in rsl_rl's order: no observation, no reward, done [N], extras."""
        self.act(actions)
        said = {"dropped": torch.from_numpy(self.dropped), "reached": torch.from_numpy(self.met)}
        return None, None, torch.from_numpy(self.ended), said

    def _begin_anew(self) -> Tensor:
        settings, steps = self.settings, self.episode_length_buf.numpy()
        pose = self.physics.object_pose.numpy().astype(float)
        self.dropped = self.gone
        near = angle(pose[:, 3:], self.goal[:, 3:]) < settings.tolerance
        self.age += 1
        self.stayed = np.where(near & ~self.dropped, self.stayed + 1, 0)
        self.met = self.stayed >= round(settings.dwell_s / self.dt)
        self.ended = self.dropped | (steps >= round(settings.episode_s / self.dt))
        late = self.age >= round(settings.timeout_s / self.dt)
        self._ask(np.flatnonzero((self.met | late) & ~self.ended), pose)
        return torch.from_numpy(np.flatnonzero(self.ended))

    def _reset(self, ids: Tensor) -> None:
        super()._reset(ids)
        if hasattr(self, "goal"):
            rows = ids.numpy()
            pose = self.engine.state().object_pose.numpy().astype(float)
            self.begun[rows] = pose[rows]
            self._ask(rows, pose)

    def _ask(self, rows: np.ndarray, pose: np.ndarray) -> None:
        """Ask hands `rows` [M] for a turn of their objects at `pose` [N, 7]."""
        if not len(rows):
            return
        uniform = self.streams.uniform(GOAL, self.clock, 3, torch.from_numpy(rows)).numpy()
        up, around = 2.0 * uniform[:, 0] - 1.0, 2.0 * math.pi * uniform[:, 1]
        side = np.sqrt(np.maximum(1.0 - up**2, 0.0))
        axes = np.stack([side * np.cos(around), side * np.sin(around), up], axis=1)
        least, most = self.settings.angle
        turn = from_rotation_vector((least + (most - least) * uniform[:, 2:]) * axes)
        self.goal[rows, :3] = self.begun[rows, :3]
        self.goal[rows, 3:] = multiply(turn, pose[rows, 3:])
        self.age[rows] = self.stayed[rows] = 0
