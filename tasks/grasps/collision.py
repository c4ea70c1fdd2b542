"""Collision check of candidates (NoCollision in Algorithms 3 and 5) on the engine's geometry.

The one place of grasp generation that visits candidates one by one: MuJoCo's collision detection
takes one configuration at a time.
"""

import mujoco
import numpy as np

from configs.schema.physics import Physics
from envs.objects import OBJECT
from envs.scene import build_scene
from tasks.grasps.candidates import Candidates
from tasks.grasps.problem import Problem


class CollisionChecker:
    """Hand and object as MuJoCo sees them; wanted contacts may touch, nothing else may."""

    def __init__(self, problem: Problem, physics: Physics, penetration: float) -> None:
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
        self.penetration = penetration
        names = problem.layout.joint_names
        self.joints = np.array([self.model.joint(name).qposadr[0] for name in names])
        body = self.model.body(OBJECT)
        self.object = self.model.jnt_qposadr[body.jntadr[0]] + np.arange(7)
        self._is_object = self.model.body_rootid[self.model.geom_bodyid] == body.id
        self._finger = np.full(self.model.ngeom, -1)  # of a geom on a finger's last link
        for finger, link in enumerate(problem.tip_links):
            tip = self.model.jnt_bodyid[self.model.joint(names[link]).id]
            self._finger[self.model.geom_bodyid == tip] = finger

    def free(self, candidates: Candidates) -> np.ndarray:
        """Return which candidates collide nowhere but in wanted contacts, [N] bool."""
        positions, poses, active = (
            candidates.joint_position,
            candidates.object_pose,
            candidates.active,
        )
        rows = zip(positions, poses, active, strict=True)
        return np.array([self._free_of_collision(*row) for row in rows], dtype=bool)

    def _free_of_collision(
        self, position: np.ndarray, pose: np.ndarray, active: np.ndarray
    ) -> bool:
        data = self.data
        data.qpos[self.joints] = position
        data.qpos[self.object] = pose
        mujoco.mj_kinematics(self.model, data)
        mujoco.mj_collision(self.model, data)
        if data.ncon == 0:
            return True
        geoms = data.contact.geom  # [contacts, 2]
        finger = self._finger[geoms].max(axis=1)
        with_object = self._is_object[geoms].any(axis=1)
        wanted = with_object & (finger >= 0) & active[finger]
        allowed = np.where(wanted, self.penetration, 0.0)
        return bool((data.contact.dist >= -allowed).all())
