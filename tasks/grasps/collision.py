"""Collision check of candidates (NoCollision in Algorithms 3 and 5) on the engine's geometry.

The one place of grasp generation that visits candidates one by one: MuJoCo's collision detection
takes one configuration at a time.
"""

import mujoco
import numpy as np

from configs.schema.physics import Physics
from tasks.grasps.candidates import Candidates
from tasks.grasps.posing import Posing
from tasks.grasps.problem import Problem


class CollisionChecker:
    """Hand and object as MuJoCo sees them; wanted contacts may touch, nothing else may."""

    def __init__(self, problem: Problem, physics: Physics, penetration: float) -> None:
        self.posing = Posing(problem, physics)
        self.penetration = penetration
        model, names = self.posing.model, problem.layout.joint_names
        self._is_object = self.posing.is_object
        self._finger = np.full(model.ngeom, -1)  # of a geom on a finger's last link
        for finger, link in enumerate(problem.tip_links):
            tip = model.jnt_bodyid[model.joint(names[link]).id]
            self._finger[model.geom_bodyid == tip] = finger

    def free(self, candidates: Candidates, give: float = 0.0) -> np.ndarray:
        """Return which candidates collide nowhere but in wanted contacts, [N] bool.

        Any link may be `give` [m] deep in the object or in another link: it is pushed away.
        """
        positions, poses, active = (
            candidates.joint_position,
            candidates.object_pose,
            candidates.active,
        )
        rows = zip(positions, poses, active, strict=True)
        return np.array([self._free_of_collision(*row, give) for row in rows], dtype=bool)

    def _free_of_collision(
        self, position: np.ndarray, pose: np.ndarray, active: np.ndarray, give: float
    ) -> bool:
        data = self.posing.put(position, pose)
        mujoco.mj_collision(self.posing.model, data)
        if data.ncon == 0:
            return True
        geoms = data.contact.geom  # [contacts, 2]
        finger = self._finger[geoms].max(axis=1)
        with_object = self._is_object[geoms].any(axis=1)
        wanted = with_object & (finger >= 0) & active[finger]
        allowed = np.where(wanted, max(self.penetration, give), give)
        return bool((data.contact.dist >= -allowed).all())
