"""Hand and object of a problem as MuJoCo has them at nominal values, to be put into a grasp."""

import mujoco
import numpy as np

from configs.schema.physics import Physics
from envs.scene import build_scene
from envs.shapes.objects import OBJECT
from tasks.grasps.problem import Problem


class Posing:
    """A compiled model and where in its state the joints and the object's pose stand."""

    def __init__(self, problem: Problem, physics: Physics) -> None:
        scene = build_scene(
            problem.hand,
            problem.model,
            physics,
            mass=physics.object_mass,
            scale=1.0,
            friction=physics.friction,
        )
        self.model = scene.compile()
        self.data = mujoco.MjData(self.model)
        names = problem.layout.joint_names
        self.joints = np.array([self.model.joint(name).qposadr[0] for name in names])
        self.object = self.model.joint(OBJECT).qposadr[0] + np.arange(7)

    @property
    def is_object(self) -> np.ndarray:
        """Which geoms are the object's [geoms], those that slide included."""
        body = self.model.body(OBJECT).id
        return self.model.body_rootid[self.model.geom_bodyid] == body

    def put(self, position: np.ndarray, pose: np.ndarray) -> mujoco.MjData:
        """Move to joint angles [n] and an object pose [7]; return the data, places up to date."""
        self.data.qpos[self.joints], self.data.qpos[self.object] = position, pose
        mujoco.mj_kinematics(self.model, self.data)
        return self.data

    def states(self, positions: np.ndarray, poses: np.ndarray) -> np.ndarray:
        """Return whole states [G, nq] of joint angles [G, n] and object poses [G, 7]."""
        found = np.tile(self.model.qpos0, (len(positions), 1))
        found[:, self.joints], found[:, self.object] = positions, poses
        return found
