"""Ways over a grasp graph: from where a hand is to a pose of the object, motion by motion."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from configs.schema.planned import Planned
from configs.schema.regrasps import Gait
from envs.grasp_graph import THUMBS, GraspGraph
from models.rotations import angle, multiply
from tasks.grasps.candidates import Candidates
from tasks.grasps.problem import Problem
from tasks.regrasps.joining import from_set
from tasks.regrasps.likeness import Alike, Likeness, turned
from tasks.regrasps.motion import NO_FINGER
from tasks.regrasps.unrolled import Unrolled

THUMB = 4.0  # fingers that a thumb counts for which has gone astray: it can seldom be put back
WORTH = 200.0  # [control steps] that a unit of the metric between hand and grasp counts for


@dataclass(frozen=True)
class Route:
    """The best ways from every node of the unrolled graph to one goal."""

    cost: np.ndarray  # [G K] control steps, divided by success rates; inf: there is no way
    following: np.ndarray  # [G K] the node to go to next, -1: none
    off: float  # [rad] from the nearest node's rotation to the one that was asked for


@dataclass(frozen=True)
class Place:
    """Where N hands are on a graph."""

    node: np.ndarray  # [N], -1: nowhere
    turn: np.ndarray  # [N, 4] of the symmetry: the object is as the grasp's turned so
    slid: np.ndarray  # [N, F] m, from each tip of the grasp to its place; inf: it does not touch


class Router:
    """Finds ways over one object's graph; its nodes are those of tasks/regrasps/unrolled.py."""

    def __init__(self, problem: Problem, graph: GraspGraph) -> None:
        self.graph = graph
        self.grasps = from_set(problem, graph.grasps)
        self.unrolled = Unrolled(graph, problem.symmetry)
        self.back: csr_matrix = self.unrolled.links.T.tocsr()
        self.thumb = np.array([finger.name == THUMBS for finger in problem.hand.fingers])
        self.labels = self.unrolled.components()
        self.likeness = Likeness(problem, graph.metric, self.grasps)

    def route(self, turn: np.ndarray, tolerance: float, component: int | None = None) -> Route:
        """Return the ways to all nodes whose rotation is within `tolerance` [rad] of `turn` [4];
        where there is none, to the one nearest to it; of one `component`, or of all."""
        off = 2.0 * np.arccos(np.clip(np.abs(self.unrolled.rotation @ turn), 0.0, 1.0))
        if component is not None:
            off = np.where(self.labels == component, off, np.inf)
        goals = np.flatnonzero(off <= max(tolerance, float(off.min())))
        cost, before, _ = dijkstra(
            self.back, indices=goals, return_predecessors=True, min_only=True
        )
        return Route(cost, np.where(before < 0, -1, before), float(off.min()))

    def component(self, state: Candidates) -> np.ndarray:
        """Return the component of the nodes that hands are most like [N]."""
        alike, rows = self.likeness.of(state), np.arange(len(state))
        best = alike.off.argmin(axis=1)
        turn = self.unrolled.nearest(alike.turn[rows, best])
        return self.labels[alike.grasp[rows, best] * self.unrolled.copies + turn]

    def match(
        self,
        state: Candidates,
        routes: list[Route],
        expected: np.ndarray,
        visits: list[Counter[int]],
        config: Planned,
    ) -> Place:
        """Return where each hand is on the graph: in the node where it is `expected` [N], if it is
        like that grasp; else in the one with the cheapest way on, what it takes to mend the hand
        counted, and how often it was there to no end (`visits`)."""
        alike = self.likeness.of(state)
        node = alike.grasp * self.unrolled.copies + self.unrolled.nearest(alike.turn)
        onward = np.stack([route.cost[n] for route, n in zip(routes, node, strict=True)])
        slid = self._slid(state, alike)
        lacking = np.where(self.thumb, THUMB, 1.0)
        astray = ((slid > config.slid) * lacking).sum(axis=2)
        again = [[seen[n] for n in row] for seen, row in zip(visits, node.tolist(), strict=True)]
        cost = onward + config.mend_steps * (astray + np.array(again)) + WORTH * alike.off
        cost = np.where(alike.off < config.near, cost, np.inf)
        rows, best = np.arange(len(state)), cost.argmin(axis=1)
        found = np.where(np.isfinite(cost[rows, best]), node[rows, best], -1)
        turn, slid = alike.turn[rows, best], slid[rows, best]
        there = self.likeness.to(state, expected[:, None] // self.unrolled.copies)
        still = (expected >= 0) & (there.off[:, 0] < config.follow)
        still &= np.array([v[e] < config.tries for v, e in zip(visits, expected, strict=True)])
        return Place(
            np.where(still, expected, found),
            np.where(still[:, None], there.turn[:, 0], turn),
            np.where(still[:, None], self._slid(state, there)[:, 0], slid),
        )

    def _slid(self, state: Candidates, alike: Alike) -> np.ndarray:
        """Return how far the grasps' tips are from their places [N, M, F] [m]."""
        slid = np.where(state.active[:, None], alike.slid, np.inf)
        return np.where(self.grasps.active[alike.grasp], slid, 0.0)

    def at(self, node: np.ndarray) -> Candidates:
        """Return the grasps of nodes [M], the object turned as it is there."""
        return self.like(node, self.unrolled.turns[node % self.unrolled.copies])

    def like(self, node: np.ndarray, turn: np.ndarray) -> Candidates:
        """Return the grasps of nodes [M] with the object turned by its symmetry [M, 4]."""
        return turned(self.grasps.take(node // self.unrolled.copies), turn)

    def onward(
        self, node: int, turn: np.ndarray, pose: np.ndarray, route: Route, gait: Gait
    ) -> tuple[int, int, np.ndarray]:
        """Return what leads on from a node whose object is turned by `turn` [4] and is at `pose`
        [7]: the finger that goes elsewhere, or none; the node that this leads to; the turn there.

        Steps in the grasp that an object reaches in one are taken as one.
        """
        edges, first, found = self.graph.edges, node, None
        while (last := int(route.following[first])) >= 0:
            edge = int(self.unrolled.motion(np.array([first]), np.array([last]))[0])
            turn, finger = multiply(edges.turn[edge].astype(float), turn), int(edges.finger[edge])
            there = self.like(np.array([last]), turn[None]).object_pose[0]
            far = np.linalg.norm(there[:3] - pose[:3]) > gait.step_position
            far |= bool(angle(there[3:], pose[3:]) > gait.step_rotation)
            if found is not None and (finger != NO_FINGER or far):
                break
            found, first = (finger, last, turn), last
            if finger != NO_FINGER:
                break
        assert found is not None
        return found
