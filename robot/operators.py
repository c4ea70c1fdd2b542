"""A scripted operator: wants to move from grasp to neighbouring grasp, and does it badly."""

import math
from collections.abc import Callable

import numpy as np

from configs.layout import Layout
from configs.schema.robot import ScriptedOperator
from envs.grasp_set import GraspSet
from models.interpolation import scripted_action
from models.rotations import angle
from robot.interfaces import Command


class NoisyScript:
    """Commands the straight way to the goal grasp's targets, plus noise.

    It sees the object, as a person does. The next goal is a random neighbour of the last grasp
    reached, so that a goal that is not reached in time does not lead ever farther away.
    """

    def __init__(
        self,
        layout: Layout,
        grasps: GraspSet,
        settings: ScriptedOperator,
        object_pose: Callable[[], np.ndarray],
    ) -> None:
        self._layout, self._grasps, self._settings = layout, grasps, settings
        self._object_pose = object_pose
        self.reset(0, np.random.default_rng(0))

    def reset(self, grasp: int, rng: np.random.Generator) -> None:
        """Start at a grasp of the set."""
        self._rng = rng
        self._noise = np.zeros(self._layout.num_joints)
        self.reached = 0  # goals reached since the reset
        self._origin = grasp  # the last grasp reached
        self._choose()

    def command(self, position: np.ndarray, target: np.ndarray) -> Command:
        settings = self._settings
        if self._is_reached():
            self.reached += 1
            self._origin = self._goal
            self._choose()
        elif self._ticks > settings.timeout_s * self._layout.control_hz:
            self._choose()
        self._ticks += 1
        clean = scripted_action(
            self._layout, target, self._grasps.joint_target[self._goal], settings.rate
        )
        action = np.clip(clean + self._draw(), -1.0, 1.0)
        return Command(action.astype(np.float32), absolute=False)

    @property
    def goal_pose(self) -> np.ndarray:
        """The object's pose [7] in the goal grasp."""
        return self._grasps.object_pose[self._goal].astype(np.float64)

    def _is_reached(self) -> bool:
        pose, goal, settings = self._object_pose(), self.goal_pose, self._settings
        near = np.linalg.norm(pose[:3] - goal[:3]) < settings.position_tolerance
        return bool(near and angle(pose[3:], goal[3:]) < settings.rotation_tolerance)

    def _choose(self) -> None:
        """Choose a neighbour of the last grasp reached as the goal; without one, that grasp."""
        neighbours = self._grasps.neighbours[self._origin]
        known = neighbours[neighbours >= 0]
        self._goal = int(self._rng.choice(known)) if len(known) else self._origin
        self._ticks = 0

    def _draw(self) -> np.ndarray:
        """Return the noise [n]: uniform and fresh, or Gaussian of equal variance, correlated."""
        settings, count = self._settings, self._layout.num_joints
        if settings.noise_time_s == 0:
            return self._rng.uniform(-settings.noise, settings.noise, count)
        # Ornstein-Uhlenbeck; a uniform distribution on [-a, a] has the deviation a / sqrt(3)
        keep = math.exp(-1.0 / (self._layout.control_hz * settings.noise_time_s))
        spread = settings.noise / math.sqrt(3) * math.sqrt(1 - keep**2)
        self._noise = keep * self._noise + spread * self._rng.standard_normal(count)
        return self._noise
