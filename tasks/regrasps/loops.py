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


@dataclass(frozen=True)
class Pairs:
    """P pairs of grasps: `start` is nearly `end` with its object turned by `turn`."""

    start: np.ndarray  # [P] rows
    end: np.ndarray  # [P] rows
    turn: np.ndarray  # [P, 4] of the object's symmetry

    def both_ways(self) -> "Pairs":
        """Return the pairs [2 P], and the same from end to start."""
        return Pairs(
            np.concatenate([self.start, self.end]),
            np.concatenate([self.end, self.start]),
            np.concatenate([self.turn, conjugate(self.turn)]),
        )


def find_pairs(
    problem: Problem, metric: GraspMetric, config: Growth, tree: Candidates, first: int
) -> Pairs:
    """Pair the grasps of a tree from row `first` on with those before them that are most like them:
    of the same fingers, and not the one that they were made from."""
    new = np.arange(first, len(tree))
    if first == 0 or not len(new):
        return Pairs(new[:0], new[:0], np.zeros((0, 4)))
    hands, known = tree.take(new), tree.take(np.arange(first))
    alike = Likeness(problem, metric, known).of(hands)
    same = (known.active[alike.grasp] == hands.active[:, None]).all(axis=2)
    other = alike.grasp != hands.parent[:, None]
    slid = np.where(hands.active[:, None], alike.slid, 0.0).max(axis=2)
    near = same & other & (alike.off < config.alike) & (slid < config.slid)
    cost = np.where(near, alike.off, np.inf)
    rank = np.argsort(cost, axis=1, kind="stable")[:, : config.loops]
    row = np.repeat(np.arange(len(new)), rank.shape[1])
    place = rank.ravel()
    found = np.isfinite(cost[row, place])
    row, place = row[found], place[found]
    return Pairs(new[row], alike.grasp[row, place], alike.turn[row, place])
