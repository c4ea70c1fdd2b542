"""A scripted operator: wants to move from grasp to neighbouring grasp, and does it badly."""

import math
from collections.abc import Callable

import numpy as np

from configs.layout import Layout
from configs.schema.robot import ScriptedOperator
from envs.grasp_set import GraspSet
from models.kinematics import Kinematics
from models.rotations import conjugate, multiply, to_rotation_vector
from models.script import Seen, scripted_action
from robot.goals import GoalTracker
from robot.interfaces import OperatorCommand


class NoisyScript:
    """Commands what the script would (models/script.py), plus noise.

    It sees the object, as a person does. What touches it does not see: every tip carries.
    """

    def __init__(
        self,
        layout: Layout,
        kinematics: Kinematics,
        grasps: GraspSet,
        settings: ScriptedOperator,
        object_pose: Callable[[], np.ndarray],
    ) -> None:
        self._layout, self._kinematics, self._grasps = layout, kinematics, grasps
        self._settings, self._object_pose = settings, object_pose
        self._every_tip = np.ones(layout.num_tips, dtype=bool)
        self.goals = GoalTracker(grasps, settings, layout.control_hz)
        self.reset(0, np.random.default_rng(0))

    def reset(self, grasp: int, rng: np.random.Generator) -> None:
        """Start at a grasp of the set."""
        self._rng = rng
        self._noise = np.zeros(self._layout.num_joints)
        self.goals.start(grasp, rng)

    def command(self, position: np.ndarray, target: np.ndarray) -> OperatorCommand:
        pose = self._object_pose()
        self.goals.tick(pose)
        action = np.clip(self._clean(position, target, pose) + self._draw(), -1.0, 1.0)
        return OperatorCommand(action.astype(np.float32), absolute=False)

    def _clean(self, position: np.ndarray, target: np.ndarray, pose: np.ndarray) -> np.ndarray:
        """Return the script's action [n]."""
        goal, wanted = self._grasps.joint_target[self.goals.row], self.goals.pose
        turn = to_rotation_vector(multiply(wanted[3:], conjugate(pose[3:])))
        parts = position, target, goal, self._every_tip, pose, wanted[:3] - pose[:3], turn
        seen = Seen(*(part[None] for part in parts))
        return scripted_action(self._kinematics, self._layout, self._settings.script, seen)[0]

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
