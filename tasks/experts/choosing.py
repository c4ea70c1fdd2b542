"""The next motion of a hand: of those that it can make, the one that leaves least to do.

    where a hand is -> motions that it can make -> for each: how long it takes, and how far the goal
    is then -> the least of their sums

How far the goal is, is read off the grasp graph where a hand is like one of its grasps; a finger
astray counts. Elsewhere it is what is left to turn, and how far the fingers have to stretch. So a
hand follows the graph where that leads on, and finds its own way where it does not.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from configs.schema.planned import Planned
from envs.grasp_graph import REST
from models.rotations import angle, random_quaternions
from tasks.grasps.candidates import Candidates
from tasks.regrasps.balance import unsteadiness
from tasks.regrasps.gait import Planner, towards
from tasks.regrasps.motion import NO_FINGER
from tasks.regrasps.plans import Plans
from tasks.regrasps.routing import Place, Route, Router

UNSTEADY = 0.3  # of a squeeze that is out of balance, more does not count


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
        self.ways: dict[str, Callable[[Asking, Place], Plans]] = {
            "onward": self.onward,
            "mended": self.mended,
            "towards": self.towards,
            "anywhere": self.anywhere,
            "regrasps": self.regrasps,
            "freed": self.freed,
        }

    def next(self, asking: Asking) -> Plans:
        """Return the next motion of each hand that has one; `parent` is the hand's row."""
        rows = np.flatnonzero(self.left(asking.state, asking) > 0.0)
        asking = asking.take(rows)
        place = self.router.match(asking.state, asking.routes, asking.visits, self.config)
        options = Plans.join([way(asking, place) for way in self.ways.values()])
        parent = options.after.parent
        cost, node = self.cost(options, asking.take(parent))
        order = np.lexsort((cost, parent))
        _, first = np.unique(parent[order], return_index=True)
        best = order[first]
        for row, there in zip(parent[best].tolist(), node[best].tolist(), strict=True):
            asking.visits[row][there] += 1
        return options.take(best).of(rows)

    def left(self, state: Candidates, asking: Asking) -> np.ndarray:
        """Return what is left to turn [N] [rad], zero or less at the goal."""
        return angle(state.object_pose[:, 3:], asking.goal[:, 3:]) - self.config.met

    def cost(self, options: Plans, asking: Asking) -> tuple[np.ndarray, np.ndarray]:
        """Return how many control steps it is to the goals of hands [M] by one option each, and the
        nodes that they are in then."""
        config, state = self.config, options.after
        place = self.router.match(state, asking.routes, asking.visits, config)
        residuals = unsteadiness(state, self.planner.config.balance)
        everyone, others = (np.minimum(residual, UNSTEADY) for residual in residuals)
        away = np.linalg.norm(state.object_pose[:, :3] - asking.goal[:, :3], axis=1)
        cost = options.forth.length + REST
        cost = cost + np.minimum(place.cost, self.alone(state, asking, others))
        cost += config.unsteady_steps * (everyone + others.min(axis=1))
        cost += config.away_steps * np.maximum(away - config.away_m, 0.0)
        cost += config.stuck_steps * asking.stuck * (options.finger == NO_FINGER)
        return cost, place.node

    def alone(self, state: Candidates, asking: Asking, others: np.ndarray) -> np.ndarray:
        """Return how far it is to the goal without the graph [N]; `others` [N, F] is how far the
        rest are from balance without each finger."""
        config, left = self.config, self.left(state, asking)
        strain = self.strain(state, asking.goal) * (1.0 + config.fixed * others / UNSTEADY)
        steps = config.turn_steps * left + config.strain_steps * strain.sum(axis=1)
        return np.where(left > 0.0, steps, 0.0)

    def strain(self, state: Candidates, goal: np.ndarray) -> np.ndarray:
        """Return how far each finger has to stretch where the object goes next [N, F] [m]."""
        ahead = towards(state.object_pose, goal, np.inf, self.planner.config.gait.ahead)
        return self.planner.strain(state, ahead)

    def onward(self, asking: Asking, place: Place) -> Plans:
        """Plan what leads on over the graph, from where hands are like its grasps."""
        router, state, node = self.router, asking.state, place.node
        routes = zip(asking.routes, node.tolist(), strict=True)
        rows = np.flatnonzero([n >= 0 and route.following[n] >= 0 for route, n in routes])
        gait = self.planner.config.gait
        ways = [
            router.onward(node[r], place.turn[r], state.object_pose[r], asking.routes[r], gait)
            for r in rows
        ]
        finger, last = (np.array([way[k] for way in ways], dtype=int) for k in (0, 1))
        after = router.like(last, np.array([way[2] for way in ways]).reshape(-1, 4))
        steps, moves = np.flatnonzero(finger == NO_FINGER), np.flatnonzero(finger != NO_FINGER)
        ahead = after.object_pose[steps]
        step = self.planner.in_grasp(state.take(rows[steps]), ahead, sure=True, clear=False)
        move = self.planner.place(state.take(rows[moves]), finger[moves], after.take(moves))
        return Plans.join([step.of(steps), move.of(moves)]).of(rows)

    def mended(self, asking: Asking, place: Place) -> Plans:
        """Plan to put each finger that is away from its place in the graph back to it; a thumb that
        presses stays."""
        state = asking.state
        wrong = (place.slid > self.config.slid / 2.0) & ~(self.planner.thumb & state.active)
        row, finger = np.nonzero(wrong & (place.node >= 0)[:, None])
        there = self.router.like(place.node[row], place.turn[row])
        return self.planner.place(state.take(row), finger, there).of(row)

    def towards(self, asking: Asking, _: Place) -> Plans:
        """Plan steps in the grasp towards the goal; what holds now goes on to."""
        return self.planner.in_grasp(asking.state, asking.goal, sure=True)

    def anywhere(self, asking: Asking, _: Place) -> Plans:
        """Plan steps in the grasp in any direction: from there may be a way."""
        turn = random_quaternions(self.rng, len(asking.goal))
        goal = np.concatenate([asking.goal[:, :3], turn], axis=1)
        return self.planner.in_grasp(asking.state, goal, sure=True)

    def regrasps(self, asking: Asking, _: Place) -> Plans:
        """Plan a few regrasps of each hand, after which its fingers reach farther."""
        planner, each = self.planner, self.config.regrasps
        give = planner.config.gait.give
        return planner.regrasps(asking.state, asking.goal, each, self.rng, give=give)

    def freed(self, asking: Asking, _: Place) -> Plans:
        """Plan regrasps after which the thumb can go elsewhere, where it has to stretch and the
        others do not hold without it."""
        planner, config, state = self.planner, self.config, asking.state
        stretched = self.strain(state, asking.goal)[:, planner.thumb].max(axis=1) > config.stretched
        fixed = planner.without_thumb(state) > planner.config.balance.residual
        rows = np.flatnonzero(stretched & fixed)
        thumb, give = np.full(len(rows), True), planner.config.gait.give
        found = planner.regrasps(
            state.take(rows), asking.goal[rows], config.freed, self.rng, thumb, give
        )
        return found.of(rows)
