"""What a batch of growth asks for: which grasps are to move, and where to.

A rotation is drawn, and the grasp nearest to it makes a step towards it. What was reached goes on
in the next batch. Fingers also go elsewhere so that the thumb is free, and to the places that they
have in a grasp that looks alike, so that loops close.
"""

import numpy as np

from configs.schema.grasps import GraspMetric
from configs.schema.regrasps import Regrasps
from models.rotations import angle, random_quaternions
from tasks.grasps.candidates import Candidates
from tasks.grasps.problem import Problem
from tasks.regrasps.batches import Batch
from tasks.regrasps.gait import Planner, Plans
from tasks.regrasps.likeness import Likeness, turned
from tasks.regrasps.loops import nearly_alike

FREED = 1.5  # times as often the thumb is to go where the others hold without it


class Asker:
    """Asks for motions of one object's grasps."""

    def __init__(
        self, problem: Problem, config: Regrasps, metric: GraspMetric, planner: Planner
    ) -> None:
        self.problem, self.config, self.metric = problem, config, metric
        self.planner = planner

    def pursue(
        self, tree: Candidates, tries: np.ndarray, last: Batch | None, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the grasps that motions are asked of [P], poses [P, 7] and ages [P]."""
        rows, goal, age = self.aim(tree, tries, rng)
        if last is None:
            return rows, goal, age
        growth, first = self.config.growth, len(tree) - len(last.nodes)
        on = angle(last.nodes.object_pose[:, 3:], last.goal[:, 3:]) > growth.arrived
        on = np.flatnonzero(on & (last.age < growth.pursuit))[: len(rows) // 2]
        rows[: len(on)], goal[: len(on)], age[: len(on)] = first + on, last.goal[on], last.age[on]
        return rows, goal, age

    def aim(
        self, tree: Candidates, tries: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draw poses to go to [P, 7], and the grasp [P] that each is tried from: the nearest in
        rotation, but for those that were tried often; and ages of zero [P]."""
        growth = self.config.growth
        turn = random_quaternions(rng, growth.proposals)
        centre = tree.object_pose[: growth.roots, :3].mean(axis=0)
        place = centre + growth.spread * rng.normal(size=(growth.proposals, 3))
        cosine = np.abs(turn @ tree.object_pose[:, 3:].T)  # [P, N] of half the angle
        far = 2.0 * np.arccos(np.clip(cosine, 0.0, 1.0)) + growth.weary * np.log1p(tries)
        new = np.zeros(growth.proposals, dtype=int)
        return far.argmin(axis=1), np.concatenate([place, turn], axis=1), new

    def plan(
        self,
        tree: Candidates,
        asked: np.ndarray,
        goal: np.ndarray,
        last: Batch | None,
        rng: np.random.Generator,
    ) -> tuple[Plans, np.ndarray]:
        """Plan a motion from each grasp asked: a step in it, or else a regrasp; return the plans
        and which ask each answers.

        Some grasps of the `last` batch are asked for one more thing, in the place of others: to
        put a finger where it is in a grasp that looks alike.
        """
        closing = self.closing(tree, last)
        asked[len(asked) - len(closing) :] = closing.after.parent
        before, growth = tree.take(asked), self.config.growth
        free = self.planner.without_thumb(before) < self.config.balance.residual
        thumb = rng.random(len(asked)) < np.where(free, FREED, 1.0) * growth.thumbs
        wanted = thumb | (rng.random(len(asked)) < growth.regrasps)
        step = self.planner.in_grasp(before, goal)
        step = step.take(~wanted[step.after.parent])
        free_asks = np.arange(len(asked) - len(closing))
        step = step.take(step.after.parent < len(free_asks))
        rest = np.setdiff1d(free_asks, step.after.parent)
        regrasp = self.planner.regrasps(before.take(rest), goal[rest], 1, rng, thumb[rest])
        numbers = len(free_asks) + np.arange(len(closing))
        found = Plans.join([step, regrasp.of(rest), closing.numbered(numbers)])
        return found.of(asked), found.after.parent

    def closing(self, tree: Candidates, last: Batch | None) -> Plans:
        """Plan to put fingers of grasps where they are in grasps that look alike: of grasps made
        last, those first that lack fewest fingers."""
        growth = self.config.growth
        if last is None:
            return self.planner.place(tree.take(np.zeros(0, int)), np.zeros(0, int), tree)
        rows = np.arange(len(tree) - len(last.nodes), len(tree))
        hands = tree.take(rows)
        likeness = Likeness(self.problem, self.metric, tree)
        nearest = nearly_alike(likeness, hands, growth)
        order = np.argsort(nearest.worth, kind="stable")
        order = order[np.isfinite(nearest.worth[order])][: int(growth.closing * growth.proposals)]
        there = turned(tree.take(nearest.grasp[order]), nearest.turn[order])
        plans = self.planner.place(hands.take(order), nearest.finger[order], there)
        return plans.of(rows[order])
