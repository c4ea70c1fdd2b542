"""Where each finger's pads can be: a table, drawn once a hand, that warm-starts the kinematics."""

import numpy as np
from scipy.spatial import KDTree

from tasks.grasps.problem import Problem
from tasks.grasps.sampling import pads_of

SAMPLES = 4096  # joint angles drawn a finger; pads are then about 4 mm apart


class Workspace:
    """Joint angles and pads of every finger; F fingers, P pads a finger, S samples."""

    def __init__(self, problem: Problem, seed: int) -> None:
        rng = np.random.default_rng(seed)
        share = rng.random((SAMPLES, problem.layout.num_joints))
        self.joints = problem.lower + share * (problem.upper - problem.lower)  # [S, n]
        local = np.concatenate([pads_of(problem), np.zeros((problem.layout.num_tips, 1, 3))], 1)
        fingers, points = local.shape[:2]
        self.places = points - 1
        spread = np.broadcast_to(local.reshape(-1, 3), (SAMPLES, fingers * points, 3))
        found = problem.kinematics.points(self.joints, problem.tip_links.repeat(points), spread)
        found = found.reshape(SAMPLES, fingers, points, 3).swapaxes(0, 1)
        pads = found[:, :, :-1]
        self.pads = pads.reshape(fingers, -1, 3)  # [F, S P, 3]
        # from each pad to the ends of its capsule's axis and to its link's joint [F, S P, 3, 3]
        others = found[:, :, [0, -2, -1]]
        self.link = (others[:, :, None] - pads[:, :, :, None]).reshape(fingers, -1, 3, 3)
        self.trees = [KDTree(pads) for pads in self.pads]

    def sunk(self, finger: np.ndarray, entry: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Return how far the lowest point of the last link would be under the plane that the pad
        touches [...] [m]; fingers, entries [...] and outward normals [..., 3] broadcast."""
        heights = (self.link[finger, entry] * normals[..., None, :]).sum(axis=-1)
        return np.maximum(-heights.min(axis=-1), 0.0)

    def reach(
        self, goals: np.ndarray, normals: np.ndarray, tries: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find how near each finger's pads come to places, from outside a surface.

        Args:
            goals: [M, 3] [m] where a pad belongs. normals: [M, 3] outward, of the surface there.
            tries: how many of the nearest entries are looked at.

        Returns:
            cost [M, F] [m]: the pad's distance and how deep its link would be in the object; and
            the entry of the table [M, F].
        """
        each = [self._nearest(finger, goals, normals, tries) for finger in range(len(self.trees))]
        cost, entry = (np.stack(part, axis=1) for part in zip(*each, strict=True))
        return cost, entry

    def reach_of(
        self, finger: np.ndarray, goals: np.ndarray, normals: np.ndarray, tries: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Do it for one finger of each place [M]; return cost [M] [m] and entry [M]."""
        cost, entry = np.zeros(len(goals)), np.zeros(len(goals), dtype=int)
        for number in np.unique(finger).tolist():
            rows = finger == number
            cost[rows], entry[rows] = self._nearest(number, goals[rows], normals[rows], tries)
        return cost, entry

    def _nearest(
        self, finger: int, goals: np.ndarray, normals: np.ndarray, tries: int
    ) -> tuple[np.ndarray, np.ndarray]:
        near = np.asarray(self.trees[finger].query(goals, tries)[1]).reshape(-1, tries)
        away = np.linalg.norm(self.pads[finger][near] - goals[:, None], axis=2)
        cost = away + self.sunk(np.full_like(near, finger), near, normals[:, None])
        best = cost.argmin(axis=1)
        rows = np.arange(len(goals))
        return cost[rows, best], near[rows, best]
