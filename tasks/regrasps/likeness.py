"""Which grasps of a graph a hand is nearly in, its object turned by its symmetry or not."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import KDTree

from configs.schema.grasps import GraspMetric
from models.rotations import conjugate, multiply, rotate
from tasks.grasps.candidates import Candidates
from tasks.grasps.metric import combine, distances
from tasks.grasps.problem import Problem

NEAREST = 64  # grasps in joints and position among which a hand's own is looked for


@dataclass(frozen=True)
class Alike:
    """For each of N hands M grasps that it may be in."""

    grasp: np.ndarray  # [N, M] rows
    turn: np.ndarray  # [N, M, 4] of the object's symmetry: the object is as that grasp's turned so
    off: np.ndarray  # [N, M] under the metric
    slid: np.ndarray  # [N, M, F] m, from each tip to its place on the object


class Likeness:
    """The grasps of a graph, to find those that hands are nearly in."""

    def __init__(self, problem: Problem, metric: GraspMetric, grasps: Candidates) -> None:
        self.problem, self.metric, self.grasps = problem, metric, grasps
        self.tips = tips_of(problem, grasps)
        self.tree = KDTree(self._points(grasps))

    def _points(self, grasps: Candidates) -> np.ndarray:
        unit = self.metric.joint * np.sqrt(self.problem.layout.num_joints)
        place = grasps.object_pose[:, :3] / self.metric.position
        return np.concatenate([place, grasps.joint_position / unit], axis=1)

    def of(self, hands: Candidates) -> Alike:
        """Compare hands [N] with the grasps nearest in joints and position.

        Contacts are not compared but tips: where a tip lies flat, its contact is anywhere along it.
        """
        count = min(NEAREST, len(self.grasps))
        near = self.tree.query(self._points(hands), count)[1].reshape(len(hands), count)
        return self.to(hands, near)

    def to(self, hands: Candidates, grasp: np.ndarray) -> Alike:
        """Compare hands [N] with grasps [N, M]."""
        there, grasps = hands.object_pose[:, None], self.grasps
        pose = grasps.object_pose[grasp]
        target = np.broadcast_to(there[..., 3:], pose[..., 3:].shape)
        alike = self.problem.symmetry.nearest(pose[..., 3:], target)
        turn = multiply(conjugate(pose[..., 3:]), alike)
        like = np.concatenate([pose[..., :3], alike], axis=-1)
        joints = hands.joint_position[:, None]
        off = combine(self.metric, distances(there, joints, like, grasps.joint_position[grasp]))
        tips = rotate(turn[:, :, None], tips_of(self.problem, hands)[:, None])
        slid = np.linalg.norm(tips - self.tips[grasp], axis=-1)
        return Alike(grasp, turn, off, slid)


def tips_of(problem: Problem, grasps: Candidates) -> np.ndarray:
    """Return the middles of the tips in the object's frame [N, F, 3] [m]."""
    middle = problem.tip_axes.mean(axis=1)
    local = np.broadcast_to(middle, (len(grasps), *middle.shape))
    tips = problem.kinematics.points(grasps.joint_position, problem.tip_links, local)
    pose = grasps.object_pose[:, None]
    return rotate(conjugate(pose[..., 3:]), tips - pose[..., :3])


def turned(grasps: Candidates, turn: np.ndarray) -> Candidates:
    """Return grasps [M] of an object that is turned by its symmetry [M, 4]: the same for the
    hand."""
    pose = grasps.object_pose
    back = conjugate(turn)[:, None]
    return replace(
        grasps,
        object_pose=np.concatenate([pose[:, :3], multiply(pose[:, 3:], turn)], axis=1),
        point=rotate(back, grasps.point),
        normal=rotate(back, grasps.normal),
    )
