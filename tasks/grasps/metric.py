"""The stated metric on grasps, and nearest neighbours and goals under it.

    d^2 = |p - p'|^2 / position^2 + angle(R, R')^2 / rotation^2 + mean((q - q')^2) / joint^2

A k-d tree needs points: a rotation is put in as 2 quaternions / rotation, whose distance, a chord,
is at most the arc and 3% less at a quarter turn. So a tree proposes a few and the metric chooses.
Modulo a symmetry, angle(R, R') is the least of what looks alike.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy.spatial import KDTree

from configs.schema.grasps import GraspMetric
from configs.schema.task import GoalRules
from envs.shapes.symmetry import NONE, Symmetry
from tasks.grasps.candidates import Candidates

CLOSE = 8  # grasps that a tree proposes as the nearest
BESIDE = 0.6  # [rad] rotations nearer than half of it are found whatever the symmetry
SHORTLIST = 512  # grasps nearest in pose among which a grasp's goals are looked for
BLOCK = 256  # grasps whose shortlists are in memory at once


def distances(
    pose: np.ndarray,
    joints: np.ndarray,
    other_pose: np.ndarray,
    other_joints: np.ndarray,
    symmetry: Symmetry = NONE,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return object displacement [...] [m], rotation [...] [rad] and RMS joint difference [rad].

    Args:
        poses [..., 7] and joints [..., n], broadcast against each other.
        symmetry: modulo which the rotation is taken.
    """
    position = np.linalg.norm(pose[..., :3] - other_pose[..., :3], axis=-1)
    if symmetry is NONE:
        cosine = (pose[..., 3:] * other_pose[..., 3:]).sum(axis=-1)
        rotation = 2.0 * np.arccos(np.clip(np.abs(cosine), 0.0, 1.0))
    else:
        rotation = symmetry.distance(pose[..., 3:], other_pose[..., 3:])
    return position, rotation, np.sqrt(((joints - other_joints) ** 2).mean(axis=-1))


def combine(metric: GraspMetric, parts: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
    """Return d [...] from what `distances` returned."""
    position, rotation, joint = parts
    return np.sqrt(
        (position / metric.position) ** 2
        + (rotation / metric.rotation) ** 2
        + (joint / metric.joint) ** 2
    )


class Neighbourhood:
    """Grasps in a k-d tree, to find the nearest of; rotations modulo a symmetry."""

    def __init__(
        self, metric: GraspMetric, pose: np.ndarray, joints: np.ndarray, symmetry: Symmetry = NONE
    ) -> None:
        self.metric, self.pose, self.joints, self.symmetry = metric, pose, joints, symmetry
        self.rows, turned = symmetry.points(pose[:, 3:], BESIDE)
        self.tree = KDTree(self._embed(pose[self.rows], turned, joints[self.rows]))

    def nearest(self, pose: np.ndarray, joints: np.ndarray) -> np.ndarray:
        """Return the index [M] of the nearest grasp to each sample, under the metric."""
        count = min(CLOSE, len(self.rows))
        ways = [self._embed(pose, way, joints) for way in self.symmetry.ways(pose[:, 3:])]
        found = [self.tree.query(p, k=count)[1].reshape(-1, count) for p in ways]
        near = self.rows[np.concatenate(found, axis=1)]
        here, there = (pose[:, None], joints[:, None]), (self.pose[near], self.joints[near])
        parts = distances(*here, *there, self.symmetry)
        best = combine(self.metric, parts).argmin(axis=1)
        return near[np.arange(len(near)), best]

    def _embed(self, pose: np.ndarray, turned: np.ndarray, joints: np.ndarray) -> np.ndarray:
        """Return points of poses, their rotations written as `turned`, and joints."""
        place, turned = pose[:, :3] / self.metric.position, turned / self.metric.rotation
        scaled = joints / (self.metric.joint * np.sqrt(joints.shape[1]))
        return np.concatenate([place, turned, scaled], axis=1)


def embed_pose(metric: GraspMetric, pose: np.ndarray) -> np.ndarray:
    """Return points [G, 7] whose distances are those of poses [G, 7], but for the chord."""
    return np.concatenate(
        [pose[:, :3] / metric.position, 2.0 * pose[:, 3:] / metric.rotation], axis=1
    )


def goal_neighbours(
    metric: GraspMetric,
    goals: GoalRules,
    found: Candidates,
    threads: int = 1,
    say: Callable[[float, float, str], None] = lambda *_: None,
) -> np.ndarray:
    """Return each grasp's k nearest goals [G, k] int32, nearest first, -1 pads.

    A goal is within max_distance and max_rotation and, by one of the two, at least min_distance
    tolerances away, so that it asks for a motion. Its contacts are kept or slid by at most
    max_slide; fingers may only join or only leave: a finger that takes another's place lets go of
    the object on the way. Of the goals among the SHORTLIST nearest in pose, the k nearest under
    the metric are taken. `say` is told how many grasps are linked: 100,000 take a minute.
    """
    count, k = len(found), goals.neighbours
    if not count:
        return np.zeros((0, k), np.int32)
    points = embed_pose(metric, found.object_pose)
    opposite = points.copy()
    opposite[:, 3:] *= -1.0
    tree = KDTree(np.concatenate([points, opposite]))
    reach = np.hypot(goals.max_distance / metric.position, goals.max_rotation / metric.rotation)

    def of_block(block: slice) -> np.ndarray:
        away, near = tree.query(
            points[block], min(SHORTLIST, 2 * count), distance_upper_bound=reach
        )
        beyond = np.isinf(away)  # there are fewer within reach
        near = np.where(beyond, 0, near) % count
        return _goals_of(metric, goals, found, np.arange(count)[block], near, ~beyond)

    parts, linked = [], 0
    with ThreadPoolExecutor(threads) as pool:  # the tree and numpy let other threads run
        for part in pool.map(of_block, blocks(count)):
            parts.append(part)
            linked += len(part)
            say(linked, count, "grasps linked")
    return np.concatenate(parts)


def contacts_kept(
    found: Candidates, rows: np.ndarray, near: np.ndarray, slide: float
) -> np.ndarray:
    """Say for which pairs [M, K] of `rows` [M] and `near` [M, K] one grasp's fingers are among the
    other's, each within `slide` [m] of its place on the object."""
    here, there = found.active[rows][:, None], found.active[near]
    fewer, more = (here | ~there).all(axis=2), (~here | there).all(axis=2)
    slid = ((found.point[rows][:, None] - found.point[near]) ** 2).sum(axis=3)
    return (fewer | more) & (~(here & there) | (slid <= slide**2)).all(axis=2)


def _goals_of(
    metric: GraspMetric,
    goals: GoalRules,
    found: Candidates,
    rows: np.ndarray,
    near: np.ndarray,
    within: np.ndarray,
) -> np.ndarray:
    parts = distances(
        found.object_pose[rows][:, None],
        found.joint_position[rows][:, None],
        found.object_pose[near],
        found.joint_position[near],
    )
    position, rotation, _ = parts
    away = np.maximum(position / goals.position_tolerance, rotation / goals.rotation_tolerance)
    allowed = within & (position <= goals.max_distance) & (rotation <= goals.max_rotation)
    allowed &= (away >= goals.min_distance) & contacts_kept(found, rows, near, goals.max_slide)
    cost = np.where(allowed, combine(metric, parts), np.inf)
    k = min(goals.neighbours, cost.shape[1])
    order = np.lexsort((near, cost), axis=1)[:, :k]  # equal costs: the lower number first
    chosen = np.take_along_axis(near, order, axis=1).astype(np.int32)
    chosen[np.isinf(np.take_along_axis(cost, order, axis=1))] = -1
    return np.pad(chosen, ((0, 0), (0, goals.neighbours - k)), constant_values=-1)


def blocks(rows: int) -> Iterator[slice]:
    return (slice(start, start + BLOCK) for start in range(0, rows, BLOCK))


def components(neighbours: np.ndarray) -> np.ndarray:
    """Label the connected components of the goal graph, links taken both ways; [G] int."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    rows, places = np.nonzero(neighbours >= 0)
    size = len(neighbours)
    links = coo_matrix((np.ones(len(rows)), (rows, neighbours[rows, places])), shape=(size, size))
    return connected_components(links, directed=False)[1]
