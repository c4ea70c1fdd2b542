"""Hands that are asked to turn their object: no goals of the task, no episodes, no reward."""

import numpy as np
import torch
from torch import Tensor

from envs.simulation import STEP, Simulation
from models.rotations import from_rotation_vector, multiply


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
        self._observe(torch.zeros(0, dtype=torch.int64))

    @property
    def gone(self) -> np.ndarray:
        """Say which objects are farther from their start than task.drop_distance [N]."""
        away = np.linalg.norm(self.physics.object_position.numpy() - self.begun[:, :3], axis=1)
        return (away > self.task.drop_distance) | self.physics.diverged.numpy()
