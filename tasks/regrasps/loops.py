"""Loops of a grasp graph: motions between grasps that are nearly the same.

A tree leads from its root outwards. Where it comes near a grasp that it made before, or one that
looks alike because the object was turned by its symmetry, a motion closes a loop. Over loops a
hand goes on and on in one direction.
"""

from dataclasses import dataclass

import numpy as np

from configs.schema.grasps import GraspMetric
from configs.schema.regrasps import Growth
from models.rotations import conjugate
from tasks.grasps.candidates import Candidates
from tasks.grasps.problem import Problem
from tasks.regrasps.likeness import Likeness

FINGER = 10.0  # worth of a finger astray, beside the metric
SMALL = 0.5  # [rad]


@dataclass(frozen=True)
class AlikePairs:
    """P pairs of grasps: `start` is nearly `end` with its object turned by `turn`."""

    start: np.ndarray  # [P] rows
    end: np.ndarray  # [P] rows
    turn: np.ndarray  # [P, 4] of the object's symmetry

    def both_ways(self) -> "AlikePairs":
        """Return the pairs [2 P], and the same from end to start."""
        return AlikePairs(
            np.concatenate([self.start, self.end]),
            np.concatenate([self.end, self.start]),
            np.concatenate([self.turn, conjugate(self.turn)]),
        )


def find_pairs(
    problem: Problem, metric: GraspMetric, config: Growth, tree: Candidates, first: int
) -> AlikePairs:
    """Pair the grasps of a tree from row `first` on with those before them that are most like them:
    of the same fingers, and not the one that they were made from. Some are turned by the symmetry,
    and lead all the way round; the others make ways shorter."""
    new = np.arange(first, len(tree))
    if first == 0 or not len(new):
        return AlikePairs(new[:0], new[:0], np.zeros((0, 4)))
    hands, known = tree.take(new), tree.take(np.arange(first))
    likeness = Likeness(problem, metric, known)
    alike = likeness.of(hands)
    same = (known.active[alike.grasp] == hands.active[:, None]).all(axis=2)
    other = alike.grasp != hands.parent[:, None]
    slid = np.where(hands.active[:, None], alike.slid, 0.0).max(axis=2)
    near = same & other & (alike.off < config.alike) & (slid < config.slid)
    way = is_turned(likeness, alike.turn)
    pairs = [chosen(np.where(near & part, alike.off, np.inf), config.loops) for part in (way, ~way)]
    row, place = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    return AlikePairs(new[row], alike.grasp[row, place], alike.turn[row, place])


def chosen(cost: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the places, row and column, of each row's lowest costs [N, M], `most` at most."""
    column = np.argsort(cost, axis=1, kind="stable")[:, :most]
    row = np.repeat(np.arange(len(cost)), column.shape[1])
    found = np.isfinite(cost[row, column.ravel()])
    return row[found], column.ravel()[found]


@dataclass(frozen=True)
class Nearest:
    """For each of N grasps the one that it could become by putting fingers elsewhere, if any."""

    grasp: np.ndarray  # [N] row
    turn: np.ndarray  # [N, 4] of the object's symmetry, that it is turned by
    finger: np.ndarray  # [N] that is farthest from its place there
    worth: np.ndarray  # [N] fingers astray, and the metric; inf: there is no such grasp


def nearly_alike(likeness: Likeness, hands: Candidates, config: Growth) -> Nearest:
    """Find for each grasp the one that looks alike but is turned by the symmetry, of the same
    fingers, of which fewest are elsewhere."""
    alike = likeness.of(hands)
    same = (likeness.grasps.active[alike.grasp] == hands.active[:, None]).all(axis=2)
    slid = np.where(hands.active[:, None], alike.slid, 0.0)
    astray = (slid > config.slid).sum(axis=2)
    fit = same & (astray > 0) & (alike.off < config.become) & is_turned(likeness, alike.turn)
    worth = np.where(fit, FINGER * astray + alike.off, np.inf)
    rows, best = np.arange(len(hands)), worth.argmin(axis=1)
    finger = slid[rows, best].argmax(axis=1)
    return Nearest(alike.grasp[rows, best], alike.turn[rows, best], finger, worth[rows, best])


def is_turned(likeness: Likeness, turn: np.ndarray) -> np.ndarray:
    """Say which turns [...] of the symmetry are not small, nor about an axis that is free."""
    along = turn[..., 0] ** 2
    axis = likeness.problem.symmetry.axis
    if axis is not None:
        along = along + (turn[..., 1:] @ axis) ** 2
    return 2.0 * np.arccos(np.clip(np.sqrt(along), 0.0, 1.0)) > SMALL
