"""A scripted operator: wants to move from grasp to neighbouring grasp, and does it badly."""

import math
from collections.abc import Callable

import numpy as np

from configs.layout import Layout
from configs.schema.robot import ScriptedOperator
from envs.grasp_set import GraspSet
from models.interpolation import scripted_action
from robot.goals import GoalTracker
from robot.interfaces import OperatorCommand


class NoisyScript:
    """Commands the straight way to the goal grasp's targets, plus noise.

    It sees the object, as a person does.
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
        self.goals = GoalTracker(grasps, settings, layout.control_hz)
        self.reset(0, np.random.default_rng(0))

    def reset(self, grasp: int, rng: np.random.Generator) -> None:
        """Start at a grasp of the set."""
        self._rng = rng
        self._noise = np.zeros(self._layout.num_joints)
        self.goals.start(grasp, rng)

    def command(self, position: np.ndarray, target: np.ndarray) -> OperatorCommand:
        settings = self._settings
        self.goals.tick(self._object_pose())
        clean = scripted_action(
            self._layout, target, self._grasps.joint_target[self.goals.row], settings.rate
        )
        action = np.clip(clean + self._draw(), -1.0, 1.0)
        return OperatorCommand(action.astype(np.float32), absolute=False)

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
