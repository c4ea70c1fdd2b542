"""The next motion of a hand: of those that it can make, the one that leaves least to do.

    where a hand is -> motions that it can make -> for each: how long it takes, and how far the goal
    is then -> the shortest

How far the goal is, is read off the grasp graph where a hand is like one of its grasps, a finger
astray counted; elsewhere it is what is left to turn, and how far the fingers have to stretch.
"""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from configs.schema.planned import Planned
from envs.grasp_graph import THUMBS
from models.rotations import angle, random_quaternions
from tasks.grasps.candidates import Candidates
from tasks.regrasps.gait import Planner, Plans, towards
from tasks.regrasps.motion import NO_FINGER
from tasks.regrasps.routing import Place, Route, Router

UNSTEADY = 0.3  # of the squeeze, more does not count


@dataclass(frozen=True)
class Asking:
    """N hands that ask for a motion; all hold the same object."""

    state: Candidates  # [N]
    goal: np.ndarray  # [N, 7] where their objects are to go
    routes: list[Route]  # [N] over the graph
    visits: list[Counter[int]]  # [N] how often each was at which node; added to
    stuck: np.ndarray  # [N] steps in the grasp, one after the other, that gained little

    def take(self, rows: np.ndarray) -> "Asking":
        """Return the hands of indices."""
        routes, visits = ([kept[row] for row in rows] for kept in (self.routes, self.visits))
        return Asking(self.state.take(rows), self.goal[rows], routes, visits, self.stuck[rows])


class Chooser:
    """Chooses motions of one object's hands."""

    def __init__(self, planner: Planner, router: Router, config: Planned, seed: int) -> None:
        self.planner, self.router, self.config = planner, router, config
        self.rng = np.random.default_rng(seed)

    def next(self, asking: Asking) -> Plans:
        """Return the next motion of each hand that has one; `parent` is the hand's row."""
        far = angle(asking.state.object_pose[:, 3:], asking.goal[:, 3:]) > self.config.met
        rows = np.flatnonzero(far)
        asking = asking.take(rows)
        options = self.options(asking)
        parent = options.after.parent
        place = self.place(options.after, asking.take(parent))
        cost = options.forth.length + self.config.rest_steps + place.cost
        cost += self.config.stuck_steps * asking.stuck[parent] * (options.finger == NO_FINGER)
        order = np.lexsort((cost, parent))
        _, first = np.unique(parent[order], return_index=True)
        best = order[first]
        for row, node in zip(parent[best].tolist(), place.node[best].tolist(), strict=True):
            asking.visits[row][node] += 1
        self.chosen = Counter(self.source[best].tolist()) # DEBUG
        self.debug = (options, place, cost, best, rows)
        return options.take(best).of(rows)

    def place(self, state: Candidates, asking: Asking) -> Place:
        """Return where hands [N] that ask would be in other states [N], and what is left to do."""
        place = self.router.match(state, asking.routes, asking.visits, self.config)
        left = angle(state.object_pose[:, 3:], asking.goal[:, 3:]) - self.config.met
        ahead = towards(state.object_pose, asking.goal, np.inf, self.planner.config.gait.ahead)
        strain = self.planner.strain(state, ahead)
        config = self.config
        everyone, others = (np.minimum(u, UNSTEADY) for u in self.planner.unsteadiness(state))
        stretched = (strain * (1.0 + config.fixed * others / UNSTEADY)).sum(axis=1)
        free = config.turn_steps * np.maximum(left, 0.0) + config.strain_steps * stretched
        away = np.linalg.norm(state.object_pose[:, :3] - asking.goal[:, :3], axis=1)
        place = place.at_most(np.where(left > 0.0, free, 0.0))
        unsteady = config.unsteady_steps * (everyone + others.min(axis=1))
        out = config.away_steps * np.maximum(away - 0.01, 0.0)
        return replace(place, cost=place.cost + unsteady + out)

    def options(self, asking: Asking) -> Plans:
        """Return what hands can do: on over the graph, fingers back to their places in it, on in
        the grasp, towards the goal and anywhere, and regrasps."""
        state, goal, planner = asking.state, asking.goal, self.planner
        place = self.router.match(state, asking.routes, asking.visits, self.config)
        turn = random_quaternions(self.rng, len(goal))
        anywhere = np.concatenate([goal[:, :3], turn], axis=1)
        give = planner.config.gait.give
        parts = [
            self.onward(asking, place),
            self.mended(state, place),
            planner.in_grasp(state, goal, held=True),
            planner.in_grasp(state, anywhere, held=True),
            planner.regrasps(state, goal, self.config.regrasps, self.rng, give=give),
            self.freeing(asking),
        ]
        self.source = np.repeat(np.arange(len(parts)), [len(p) for p in parts])
        return Plans.join(parts)

    def freeing(self, asking: Asking) -> Plans:
        """Plan regrasps after which the thumb can go elsewhere, where it has to stretch and the
        other fingers do not hold without it."""
        planner, state = self.planner, asking.state
        ahead = towards(state.object_pose, asking.goal, np.inf, planner.config.gait.ahead)
        thumb = planner.thumb
        fixed = planner.unsteadiness(state)[1][:, thumb].max(axis=1) > planner.config.balance.residual
        rows = np.flatnonzero(fixed & (planner.strain(state, ahead)[:, thumb].max(axis=1) > self.config.stretched))
        give, all_ = planner.config.gait.give, np.full(len(rows), True)
        return planner.regrasps(state.take(rows), asking.goal[rows], self.config.freeing, self.rng, all_, give).of(rows)

    def onward(self, asking: Asking, place: Place) -> Plans:
        """Plan what leads on over the graph, from where hands are like its grasps."""
        router, state = self.router, asking.state
        following = np.array(
            [r.following[n] if n >= 0 else -1 for r, n in zip(asking.routes, place.node, strict=True)], int
        )
        rows = np.flatnonzero(following >= 0)
        gait, node, turn = self.planner.config.gait, place.node, place.turn
        ways = [
            router.onward(node[r], turn[r], state.object_pose[r], asking.routes[r], gait)
            for r in rows
        ]
        finger, last = (np.array([way[k] for way in ways], dtype=int) for k in (0, 1))
        after = router.like(last, np.array([way[2] for way in ways]).reshape(-1, 4))
        steps, moves = np.flatnonzero(finger == NO_FINGER), np.flatnonzero(finger != NO_FINGER)
        step = self.planner.in_grasp(
            state.take(rows[steps]), after.object_pose[steps], known=True
        ).of(steps)
        move = self.planner.place(state.take(rows[moves]), finger[moves], after.take(moves))
        return Plans.join([step, move.of(moves)]).of(rows)

    def mended(self, state: Candidates, place: Place) -> Plans:
        """Plan to put each finger that is away from its place back to it; a thumb that presses
        stays."""
        thumb = np.array([finger.name == THUMBS for finger in self.planner.problem.hand.fingers])
        wrong = (place.slid > self.config.slid / 2.0) & ~(thumb & state.active)
        row, finger = np.nonzero(wrong & (place.node >= 0)[:, None])
        there = self.router.like(place.node[row], place.turn[row])
        return self.planner.place(state.take(row), finger, there).of(row)
