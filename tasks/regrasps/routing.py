"""Ways over a grasp graph: from where a hand is to a pose of the object, motion by motion."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, vstack
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

NOTHING = 1e-3  # [control steps] at the goal: a link without cost would be none
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
    cost: np.ndarray  # [N] control steps to the goal


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

    def route(self, turn: np.ndarray, tolerance: float, beyond: float = np.inf) -> Route:
        """Return the ways to all nodes whose rotation is within `tolerance` [rad] of `turn` [4];
        where there is none, to the one nearest to it.

        What is left to turn at other nodes costs `beyond` [control steps] a radian: where that is
        finite, ways end wherever it is cheapest to go on without the graph.
        """
        off = 2.0 * np.arccos(np.clip(np.abs(self.unrolled.rotation @ turn), 0.0, 1.0))
        least, count = max(tolerance, float(off.min())), self.unrolled.count
        left = np.maximum(off - least, 0.0)
        ends = np.flatnonzero(left == 0.0) if np.isinf(beyond) else np.arange(count)
        rest = NOTHING + np.where(left[ends] > 0.0, beyond, 0.0) * left[ends]
        there = csr_matrix((rest, (np.zeros(len(ends), int), ends)), shape=(1, count))
        links = vstack([self.back, there], format="csr")
        links.resize((count + 1, count + 1))
        cost, before = dijkstra(links, indices=count, return_predecessors=True)
        following = np.where((before < 0) | (before == count), -1, before)
        return Route(cost[:count], following[:count], float(off.min()))

    def match(
        self,
        state: Candidates,
        routes: list[Route],
        visits: list[Counter[int]],
        config: Planned,
    ) -> Place:
        """Return where each hand is on the graph: in the node from which least is left to do, what
        it takes to mend the hand counted, and how often it was there to no end (`visits`)."""
        alike = self.likeness.of(state)
        node = alike.grasp * self.unrolled.copies + self.unrolled.nearest(alike.turn)
        onward = [route.cost[n] for route, n in zip(routes, node, strict=True)]
        slid = self._slid(state, alike)
        lacking = np.where(self.thumb, THUMB, 1.0)
        astray = (np.minimum(slid / config.slid, 1.0) ** 2 * lacking).sum(axis=2)
        again = [[seen[n] for n in row] for seen, row in zip(visits, node.tolist(), strict=True)]
        onward, again = (np.array(part).reshape(node.shape) for part in (onward, again))
        cost = onward + config.mend_steps * (astray + again) + WORTH * alike.off
        rows, best = np.arange(len(state)), cost.argmin(axis=1)
        least = cost[rows, best]
        found = np.where(np.isfinite(least), node[rows, best], -1)
        return Place(found, alike.turn[rows, best], slid[rows, best], least)

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
