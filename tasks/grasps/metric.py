"""The stated metric on grasps, and nearest neighbours and goals under it.

    d^2 = |p - p'|^2 / position^2 + angle(R, R')^2 / rotation^2 + mean((q - q')^2) / joint^2

Sums are written out coordinate by coordinate: a matrix product may add in another order on
another number of threads, and equal inputs must give equal grasps.
"""

import numpy as np

from configs.schema.grasps import Metric
from configs.schema.task import Goals
from tasks.grasps.candidates import Candidates

BLOCK_PAIRS = 4_000_000  # pairs in memory at once


def distances(
    pose: np.ndarray, joints: np.ndarray, other_pose: np.ndarray, other_joints: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return object displacement [m], rotation [rad] and RMS joint difference [rad].

    Args:
        pose [M, 7], joints [M, n] against other_pose [G, 7], other_joints [G, n].

    Returns:
        three arrays [M, G].
    """
    position = np.sqrt(_squares(pose[:, :3], other_pose[:, :3]))
    cosine = sum(np.outer(pose[:, 3 + i], other_pose[:, 3 + i]) for i in range(4))
    rotation = 2.0 * np.arccos(np.clip(np.abs(cosine), 0.0, 1.0))
    return position, rotation, np.sqrt(_squares(joints, other_joints) / joints.shape[1])


def _squares(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    total = np.zeros((len(a), len(b)))
    for column_a, column_b in zip(a.T, b.T, strict=True):
        total += np.subtract.outer(column_a, column_b) ** 2
    return total


def combine(metric: Metric, parts: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
    """Return d [M, G] from what `distances` returned."""
    position, rotation, joint = parts
    return np.sqrt(
        (position / metric.position) ** 2
        + (rotation / metric.rotation) ** 2
        + (joint / metric.joint) ** 2
    )


def nearest(
    metric: Metric, pose: np.ndarray, joints: np.ndarray, tree_pose, tree_joints
) -> np.ndarray:
    """Return the index [M] of each sample's nearest grasp in the tree."""
    found = [
        combine(metric, distances(pose[rows], joints[rows], tree_pose, tree_joints)).argmin(axis=1)
        for rows in _blocks(len(pose), len(tree_pose))
    ]
    return np.concatenate(found)


def goal_neighbours(metric: Metric, goals: Goals, found: Candidates) -> np.ndarray:
    """Return each grasp's k nearest goals [G, k] int32, nearest first, -1 pads.

    A goal is within max_distance and max_rotation and, by one of the two, at least min_distance
    tolerances away, so that it is never reached already. Its contacts are kept or slid by at most
    max_slide; fingers may only join or only leave: a finger that takes another's place lets go of
    the object on the way.
    """
    pose, joints = found.object_pose, found.joint_position
    rows = [
        _goals_of(
            metric,
            goals,
            distances(pose[block], joints[block], pose, joints),
            contacts_kept(found.take(np.arange(len(pose))[block]), found, goals.max_slide),
        )
        for block in _blocks(len(pose), len(pose))
    ]
    return np.concatenate(rows) if rows else np.zeros((0, goals.neighbours), np.int32)


def contacts_kept(some: Candidates, found: Candidates, max_slide: float) -> np.ndarray:
    """Say for which pairs [M, G] one grasp's fingers are among the other's, each within max_slide
    [m] of its place on the object."""
    fewer = np.ones((len(some), len(found)), dtype=bool)
    more, near = fewer.copy(), fewer.copy()
    for finger in range(found.active.shape[1]):
        here, there = some.active[:, finger, None], found.active[None, :, finger]
        fewer &= here | ~there
        more &= ~here | there
        slide = _squares(some.point[:, finger], found.point[:, finger])
        near &= ~(here & there) | (slide <= max_slide**2)
    return (fewer | more) & near


def _goals_of(metric: Metric, goals: Goals, parts, kept: np.ndarray) -> np.ndarray:
    position, rotation, _ = parts
    away = np.maximum(position / goals.position_tolerance, rotation / goals.rotation_tolerance)
    allowed = (position <= goals.max_distance) & (rotation <= goals.max_rotation) & kept
    cost = np.where(allowed & (away >= goals.min_distance), combine(metric, parts), np.inf)
    k = min(goals.neighbours, cost.shape[1])
    order = np.argsort(cost, axis=1, kind="stable")[:, :k].astype(np.int32)
    order[np.isinf(np.take_along_axis(cost, order, axis=1))] = -1
    return np.pad(order, ((0, 0), (0, goals.neighbours - k)), constant_values=-1)


def _blocks(rows: int, columns: int):
    size = max(1, BLOCK_PAIRS // max(columns, 1))
    return [slice(start, start + size) for start in range(0, rows, size)]


def components(neighbours: np.ndarray) -> np.ndarray:
    """Label the connected components of the goal graph, links taken both ways; [G] int."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    rows, places = np.nonzero(neighbours >= 0)
    size = len(neighbours)
    links = coo_matrix((np.ones(len(rows)), (rows, neighbours[rows, places])), shape=(size, size))
    return connected_components(links, directed=False)[1]
