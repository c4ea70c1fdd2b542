"""The scripted operator's goals: training's rules (envs/goals/anygrasp.py) in numpy, one hand."""

import numpy as np

from configs.schema.robot import ScriptedOperator
from envs.grasp_set import GraspSet
from models.rotations import angle


class GoalTracker:
    """The present goal among a set's grasps, and how many were reached since the start.

    A goal is reached when the object has stayed within its tolerances for `dwell_s`. The next one
    is a random neighbour of the last grasp reached, so that a goal that is not reached in time
    does not lead ever farther away.
    """

    def __init__(self, grasps: GraspSet, settings: ScriptedOperator, hz: float) -> None:
        self._grasps, self._settings = grasps, settings
        self._timeout = max(round(settings.timeout_s * hz), 1)  # [ticks]
        self._dwell = max(round(settings.dwell_s * hz), 1)  # [ticks]

    def start(self, grasp: int, rng: np.random.Generator) -> None:
        """Begin at a grasp of the set, where the object is."""
        self._rng = rng
        self.reached = 0  # goals reached since the start
        self.row = self._origin = self._back = grasp
        self._choose(self._grasps.object_pose[grasp])

    @property
    def pose(self) -> np.ndarray:
        """The object's pose [7] in the goal grasp."""
        return self._grasps.object_pose[self.row].astype(np.float64)

    def tick(self, pose: np.ndarray) -> None:
        """Judge where the object is [7], and choose the next goal where it is time to."""
        self._age += 1
        self._stay = self._stay + 1 if self._tolerances(pose, self.pose) < 1.0 else 0
        if self._stay >= self._dwell:
            self.reached += self._counts
            self._back, self._origin = self._origin, self.row
            self._choose(pose)
        elif self._age >= self._timeout:
            self._choose(pose)

    def _tolerances(self, pose: np.ndarray, goal: np.ndarray) -> float:
        """Return how far apart two poses [7] are, in tolerances: the larger of the two parts."""
        distance = np.linalg.norm(pose[:3] - goal[:3]) / self._settings.position_tolerance
        turn = angle(pose[3:], goal[3:]) / self._settings.rotation_tolerance
        return float(max(distance, turn))

    def _choose(self, pose: np.ndarray) -> None:
        """Choose a neighbour of the last grasp reached that lies far enough from the pose [7].

        Neither the goal just given up nor the way back if there is another; without a neighbour
        the goal is the last grasp reached itself.
        """
        links = self._grasps.neighbours[self._origin]
        known = links[links >= 0]
        least, poses = self._settings.min_distance, self._grasps.object_pose
        away = np.array([self._tolerances(pose, poses[row]) >= least for row in known], bool)
        fresh = away & (known != self.row)
        onward = fresh & (known != self._back)
        allowed = next((known[some] for some in (onward, fresh, away) if some.any()), known)
        self.row = int(self._rng.choice(allowed)) if len(allowed) else self._origin
        self._counts = self._tolerances(pose, self.pose) >= least  # else it only leads on
        self._age = self._stay = 0
